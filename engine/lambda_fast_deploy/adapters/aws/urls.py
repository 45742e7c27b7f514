"""Function URLs and who may call them (API: Lambda)."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import Conflict, DeployError, NotFound, NotPermitted
from lambda_fast_deploy.models import Access, FunctionUrl

_AUTH: dict[Access, str] = {"public": "NONE", "iam": "AWS_IAM"}

# Lambda developer guide, "Control access to Lambda function URLs": since October 2025 a public
# URL needs both; InvokeFunctionUrl alone does not suffice.
_PUBLIC: dict[str, dict[str, Any]] = {
    "InvokeFunctionUrl": {"FunctionUrlAuthType": "NONE"},
    "InvokeFunction": {"InvokedViaFunctionUrl": True},
}


class Urls:
    """The function URLs of one region; each belongs to an alias."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def _call(self, operation: str, name: str, alias: str, **parameters: Any) -> Any:
        if alias:
            parameters["Qualifier"] = alias
        return self._aws.call(self._region, "lambda", operation, FunctionName=name, **parameters)

    def read(self, name: str, alias: str) -> FunctionUrl | None:
        """The URL of an alias, or of ``$LATEST`` where that is empty; ``None`` if there is none."""
        try:
            found = self._call("get_function_url_config", name, alias)
        except NotFound:
            return None
        return FunctionUrl(found["FunctionUrl"], "public" if found["AuthType"] == "NONE" else "iam")

    def is_open(self, name: str, alias: str) -> bool:
        """Whether everybody may call the URL of an alias whose access is public.

        Raises:
            NotPermitted: its policy may not be read.
        """
        try:
            policy = json.loads(self._call("get_policy", name, alias)["Policy"])
        except NotFound:
            return False
        allowed: set[str] = set()
        for statement in policy.get("Statement", []):
            principal, actions = statement.get("Principal"), statement.get("Action")
            if statement.get("Effect") == "Allow" and principal in ("*", {"AWS": "*"}):
                allowed.update([actions] if isinstance(actions, str) else actions)
        return {f"lambda:{action}" for action in _PUBLIC} <= allowed

    def create(self, name: str, alias: str, access: Access) -> FunctionUrl:
        """Give the alias a URL; a public one answers from its first moment.

        Raises:
            Conflict: it has one.
            NotPermitted: IAM does not allow it; nothing is left.
        """
        try:
            if access == "public":
                self._open(name, alias)
            found = self._call("create_function_url_config", name, alias, AuthType=_AUTH[access])
        except NotPermitted:
            with contextlib.suppress(DeployError):
                self._close(name, alias)
            raise
        return FunctionUrl(found["FunctionUrl"], access)

    def change(self, name: str, alias: str, access: Access) -> FunctionUrl:
        """Open the alias's URL to everybody, or close it to all but signed callers."""
        (self._open if access == "public" else self._close)(name, alias)
        found = self._call("update_function_url_config", name, alias, AuthType=_AUTH[access])
        return FunctionUrl(found["FunctionUrl"], access)

    def delete(self, name: str, alias: str) -> bool:
        """Remove the alias's URL, and the permissions that made it public; whether it was there."""
        try:
            self._call("delete_function_url_config", name, alias)
        except NotFound:  # the call that would have made it was refused
            return False
        finally:
            self._close(name, alias)
        return True

    def _open(self, name: str, alias: str) -> None:
        for action, condition in _PUBLIC.items():
            with contextlib.suppress(Conflict):  # it is there already
                self._call(
                    "add_permission",
                    name,
                    alias,
                    StatementId=f"public-url-{action}",
                    Action=f"lambda:{action}",
                    Principal="*",
                    **condition,
                )

    def _close(self, name: str, alias: str) -> None:
        for action in _PUBLIC:
            with contextlib.suppress(NotFound):  # it is gone already
                self._call("remove_permission", name, alias, StatementId=f"public-url-{action}")

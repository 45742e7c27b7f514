"""Function URLs and their permissions (API: Lambda)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import Conflict, DeployError, NotFound, NotPermitted
from lambda_fast_deploy.models import FunctionUrl, Url

# Lambda developer guide, "Control access to Lambda function URLs": since October 2025 a public
# URL needs both; InvokeFunctionUrl alone is not enough.
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
        """The URL of an alias, or of ``$LATEST`` for ``""``; ``None`` if there is none."""
        try:
            answer = self._call("get_function_url_config", name, alias)
        except NotFound:
            return None
        return _url(answer)

    def is_open(self, name: str, alias: str) -> bool:
        """Whether everybody may call the URL of an alias with public access.

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

    def create(self, name: str, alias: str, url: Url) -> FunctionUrl:
        """Create a URL of an alias; a public one is callable immediately.

        Raises:
            Conflict: the alias has a URL.
            NotPermitted: IAM does not allow it; nothing is left over.
        """
        try:
            if url.access == "public":
                self._open(name, alias)
            answer = self._call("create_function_url_config", name, alias, **url.parameters)
        except NotPermitted:
            with contextlib.suppress(DeployError):
                self._close(name, alias)
            raise
        return _url(answer)

    def change(self, name: str, alias: str, url: Url) -> FunctionUrl:
        """Make the alias's URL as desired: public or for signed callers only, and the rest."""
        (self._open if url.access == "public" else self._close)(name, alias)
        return _url(self._call("update_function_url_config", name, alias, **url.parameters))

    def delete(self, name: str, alias: str) -> bool:
        """Remove the alias's URL and its public permissions; returns whether it existed."""
        try:
            self._call("delete_function_url_config", name, alias)
        except NotFound:  # the call to create it was refused
            return False
        finally:
            self._close(name, alias)
        return True

    def _open(self, name: str, alias: str) -> None:
        for action, condition in _PUBLIC.items():
            with contextlib.suppress(Conflict):  # it exists already
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
            with contextlib.suppress(NotFound):  # it does not exist
                self._call("remove_permission", name, alias, StatementId=f"public-url-{action}")


def _url(answer: Mapping[str, Any]) -> FunctionUrl:
    return FunctionUrl(
        answer["FunctionUrl"],
        "public" if answer["AuthType"] == "NONE" else "iam",
        cors=dict(answer.get("Cors") or {}),
        stream=answer.get("InvokeMode") == "RESPONSE_STREAM",
    )

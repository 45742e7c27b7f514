"""Function URLs and who may call them (API: Lambda)."""

from __future__ import annotations

import contextlib
from typing import Any

from engine.adapters.aws.session import Aws
from engine.errors import Conflict, NotFound
from engine.model import Access, FunctionUrl

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

    def create(self, name: str, alias: str, access: Access) -> FunctionUrl:
        """Give the alias a URL; a public one answers once it was opened."""
        found = self._call("create_function_url_config", name, alias, AuthType=_AUTH[access])
        return FunctionUrl(found["FunctionUrl"], access)

    def open(self, name: str, alias: str, url: FunctionUrl) -> FunctionUrl:
        """Let everybody call a URL that is public; the URL."""
        if url.access == "public":
            self._open(name, alias)
        return url

    def change(self, name: str, alias: str, access: Access) -> FunctionUrl:
        """Open the alias's URL to everybody, or close it to all but signed callers."""
        found = self._call("update_function_url_config", name, alias, AuthType=_AUTH[access])
        if access == "public":
            self._open(name, alias)
        else:
            self._close(name, alias)
        return FunctionUrl(found["FunctionUrl"], access)

    def delete(self, name: str, alias: str) -> bool:
        """Remove the alias's URL, and the permissions that made it public; whether it was there."""
        self._close(name, alias)
        try:
            self._call("delete_function_url_config", name, alias)
        except NotFound:  # the call that would have made it was refused
            return False
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

"""Functions, versions, aliases and function URLs (API: Lambda)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from engine.adapters import retry
from engine.adapters.aws.session import Aws
from engine.errors import Conflict, DeployFailed, ImageRefused, NotFound, Refused
from engine.model import AliasState, FunctionState

UPDATE_DEADLINE = 600.0  # seconds; an image update of 10 GB takes minutes

# Lambda API, FunctionConfiguration: LastUpdateStatusReasonCode and StateReasonCode
_REMEDIES = {
    "ImageDeleted": "The image was deleted from ECR; run again to push it.",
    "ImageAccessDenied": "Allow lambda.amazonaws.com ecr:BatchGetImage and "
    "ecr:GetDownloadUrlForLayer in the repository's policy.",
    "InvalidImage": "Check the image's architecture, entry point and layer media types.",
    "InsufficientRolePermissions": "The execution role lacks a permission that Lambda needs.",
    "InvalidConfiguration": "A configuration value is not usable; the reason names it.",
    "SubnetOutOfIPAddresses": "The subnets have no free addresses.",
    "EniLimitExceeded": "Ask for a higher limit of network interfaces.",
}


def _state(found: Mapping[str, Any], code: Mapping[str, Any]) -> FunctionState:
    resolved = str(code.get("ResolvedImageUri", ""))
    return FunctionState(
        arn=found["FunctionArn"],
        version=found.get("Version", "$LATEST"),
        package=found.get("PackageType", "Zip"),
        code_sha256=found.get("CodeSha256", ""),
        image_digest=resolved.partition("@")[2],
        code_location=resolved or str(code.get("Location", "")),
        code_size=int(found.get("CodeSize", 0)),
        revision=found.get("RevisionId", ""),
        runtime=found.get("Runtime", ""),
        handler=found.get("Handler", ""),
        role=found.get("Role", ""),
        architecture=(found.get("Architectures") or ["x86_64"])[0],
        description=found.get("Description", ""),
        layers=tuple(layer["Arn"] for layer in found.get("Layers", [])),
        memory=int(found.get("MemorySize", 128)),
        timeout=int(found.get("Timeout", 3)),
        environment=dict(found.get("Environment", {}).get("Variables", {})),
        state=found.get("State", "Active"),
        update_status=found.get("LastUpdateStatus", "Successful"),
    )


class Functions:
    """The functions of one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def _call(self, operation: str, **parameters: Any) -> Any:
        return self._aws.call(self._region, "lambda", operation, **parameters)

    def _change(self, operation: str, **parameters: Any) -> Any:
        """A change, tried again while an earlier one is still in progress.

        Only that conflict is waited for: a stale RevisionId means that somebody else deployed.
        """
        try:
            return retry.again(
                lambda: self._unless_busy(operation, parameters), _Busy, attempts=12, first=0.25
            )
        except _Busy as busy:
            raise Conflict(busy.message, code=busy.code) from None

    def _unless_busy(self, operation: str, parameters: Mapping[str, Any]) -> Any:
        try:
            return self._call(operation, **parameters)
        except Conflict as conflict:
            if conflict.code == "ResourceConflictException" and re.search(
                r"in progress|currently in the following state", conflict.message
            ):
                raise _Busy(conflict.message, code=conflict.code) from None
            raise

    # ------------------------------------------------------------ reading

    def read(self, name: str, qualifier: str = "") -> FunctionState | None:
        """A function's ``$LATEST``, or the version a qualifier names; ``None`` if absent."""
        wanted = {"Qualifier": qualifier} if qualifier else {}
        try:
            found = self._call("get_function", FunctionName=name, **wanted)
        except NotFound:
            return None
        return _state(found["Configuration"], found.get("Code", {}))

    def users_of_layers(self) -> dict[str, tuple[str, ...]]:
        """The function versions (``name:version``) that have each layer version, by its ARN."""
        users: dict[str, list[str]] = {}
        marker: dict[str, str] = {}
        while True:
            page = self._call("list_functions", FunctionVersion="ALL", **marker)
            for found in page.get("Functions", []):
                for layer in found.get("Layers", []):
                    version = f"{found['FunctionName']}:{found['Version']}"
                    users.setdefault(layer["Arn"], []).append(version)
            if not page.get("NextMarker"):
                return {arn: tuple(versions) for arn, versions in users.items()}
            marker = {"Marker": page["NextMarker"]}

    def alias(self, name: str, alias: str) -> AliasState | None:
        """An alias; ``None`` if absent."""
        try:
            found = self._call("get_alias", FunctionName=name, Name=alias)
        except NotFound:
            return None
        return AliasState(
            arn=found["AliasArn"],
            version=found["FunctionVersion"],
            description=found.get("Description", ""),
            revision=found.get("RevisionId", ""),
        )

    def settled(self, name: str, version: str = "", deadline: float = UPDATE_DEADLINE) -> None:
        """Wait until a function or version is active and its update successful.

        Raises:
            DeployFailed: at once when Lambda says Failed, with its reason; or after the deadline.
        """
        wanted = {"Qualifier": version} if version else {}

        def ask() -> Mapping[str, Any]:
            found: Mapping[str, Any] = self._call(
                "get_function_configuration", FunctionName=name, **wanted
            )
            return found

        def done(found: Mapping[str, Any]) -> bool:
            busy = {found.get("State"), found.get("LastUpdateStatus")}
            return "Failed" in busy or not busy & {"Pending", "InProgress"}

        found = retry.until(ask, done, deadline=deadline)
        for status in ("State", "LastUpdateStatus"):
            if found.get(status) == "Failed":
                code = str(found.get(f"{status}ReasonCode", "no reason code"))
                reason = str(found.get(f"{status}Reason"))
                says = f"Lambda could not activate {name}: {reason} ({code})"
                if "UnsupportedImageLayer" in reason:
                    raise ImageRefused(says, code=code, remedy=_REMEDIES.get(code, ""))
                raise DeployFailed(says, remedy=_REMEDIES.get(code, ""))
        if not done(found):
            raise DeployFailed(
                f"{name} was still being updated after {deadline:.0f} s",
                remedy="Run again; what is already there will be reused.",
            )

    # ------------------------------------------------------------ changing

    def create(self, name: str, **parameters: Any) -> FunctionState:
        """Create a function; it is not active yet.

        Raises:
            Conflict: somebody else created it first.
        """
        found = retry.again(
            lambda: self._create(name, parameters), _RoleNotReady, attempts=8, first=1.0
        )
        return _state(found, {})

    def _create(self, name: str, parameters: Mapping[str, Any]) -> Any:
        try:
            return self._unless_unreadable(
                lambda: self._call("create_function", FunctionName=name, **parameters)
            )
        except Refused as refusal:
            # IAM is eventually consistent: a role made just now may not be assumable yet.
            if "cannot be assumed" in refusal.message:
                raise _RoleNotReady(
                    refusal.message,
                    code=refusal.code,
                    remedy="Let the role trust the service lambda.amazonaws.com.",
                ) from None
            raise

    def delete(self, name: str, version: str = "") -> None:
        """Delete a function, or one version of it."""
        wanted = {"Qualifier": version} if version else {}
        self._change("delete_function", FunctionName=name, **wanted)

    def configure(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Update the configuration and wait until it is in effect."""
        self._change("update_function_configuration", FunctionName=name, **parameters)
        self.settled(name)

    def _unless_unreadable(self, work: Callable[[], Any]) -> Any:
        """An API call that names an image; Lambda may refuse its media types at once."""
        try:
            return work()
        except Refused as refusal:
            if re.search(r"media type .* not supported", refusal.message):
                raise ImageRefused(refusal.message, code=refusal.code) from None
            raise

    def update_code(self, name: str, code: Mapping[str, Any], architecture: str) -> FunctionState:
        """Update the code and wait until it is in effect."""
        found = self._unless_unreadable(
            lambda: self._change(
                "update_function_code", FunctionName=name, Architectures=[architecture], **code
            )
        )
        self.settled(name)
        return _state(found, {})

    def publish(self, name: str, code_sha256: str, description: str) -> FunctionState:
        """Publish ``$LATEST`` as a version, provided that it still is the code we put there.

        Raises:
            Conflict: somebody else changed the code in the meantime.
        """
        try:
            found = self._change(
                "publish_version",
                FunctionName=name,
                CodeSha256=code_sha256,
                Description=description[:256],
            )
        except Refused as refusal:
            if "CodeSHA256" in refusal.message:
                raise Conflict(
                    f"somebody else changed the code of {name} while it was being deployed",
                    code=refusal.code,
                    remedy="See in CloudTrail who called UpdateFunctionCode, then run again.",
                ) from None
            raise
        self.settled(name, str(found["Version"]))
        return _state(found, {})

    def put_alias(
        self, name: str, alias: str, version: str, description: str, revision: str = ""
    ) -> AliasState:
        """Create the alias, or move it when ``revision`` says which state is being replaced."""
        parameters = {
            "FunctionName": name,
            "Name": alias,
            "FunctionVersion": version,
            "Description": description[:256],
        }
        if not revision:
            found = self._call("create_alias", **parameters)
        else:
            found = self._call(
                "update_alias",
                **parameters,
                RevisionId=revision,
                RoutingConfig={"AdditionalVersionWeights": {}},
            )
        return AliasState(
            arn=found["AliasArn"],
            version=found["FunctionVersion"],
            description=found.get("Description", ""),
            revision=found.get("RevisionId", ""),
        )

    def delete_alias(self, name: str, alias: str) -> None:
        """Delete an alias; its function URL goes with it."""
        self._call("delete_alias", FunctionName=name, Name=alias)

    def invoke(self, name: str, qualifier: str, payload: object) -> tuple[Any, str, str]:
        """Invoke and wait for the answer: its payload, the FunctionError if any, the log's end."""
        answer = self._call(
            "invoke",
            FunctionName=name,
            Qualifier=qualifier,
            Payload=json.dumps(payload).encode(),
            LogType="Tail",
        )
        text = answer["Payload"].read().decode("utf-8", "replace")
        try:
            body: Any = json.loads(text) if text else None
        except ValueError:
            body = text
        return body, str(answer.get("FunctionError", "")), str(answer.get("LogResult", ""))


class _Busy(Refused):
    """An earlier update of the same function is still in progress."""


class _RoleNotReady(Refused):
    """The execution role cannot be assumed, perhaps only not yet."""

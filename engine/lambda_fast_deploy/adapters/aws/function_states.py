"""Functions as the Lambda API describes them, and the meaning of its reason codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.models import FunctionState
from lambda_fast_deploy.models.function_attributes import ATTRIBUTES, BY_MEMBER
from lambda_fast_deploy.models.other_attributes import others_of

UNDER_WAY = frozenset({"Pending", "Deactivating", "Deleting"})  # states that end without a call

# Lambda API, FunctionConfiguration: LastUpdateStatusReasonCode and StateReasonCode
_REMEDIES = {
    "ImageDeleted": "The image was deleted from ECR; run again to push it.",
    "ImageAccessDenied": "Allow lambda.amazonaws.com ecr:BatchGetImage and "
    "ecr:GetDownloadUrlForLayer in the repository's policy.",
    "InvalidImage": "Check the image's architecture, entry point and layer media types.",
    "InsufficientRolePermissions": "The execution role lacks a permission that Lambda needs, such "
    "as ec2:CreateNetworkInterface for a VPC.",
    "InvalidConfiguration": "A configuration value is not usable; the reason names it.",
    "InternalError": "Lambda failed; run again.",
    "SubnetOutOfIPAddresses": "The subnets have no free addresses; set larger or more subnets.",
    "InvalidSubnet": "A subnet does not exist or is not of this account; correct vpc: subnets.",
    "InvalidSecurityGroup": "A security group does not exist or is of another VPC; correct vpc.",
    "EniLimitExceeded": "Request a higher quota of network interfaces, or use fewer subnets.",
    "Creating": "Lambda is still creating it; run again.",
    "Restoring": "It was idle and is being restored; run again.",
    "Idle": "It was idle for weeks; invoke it once, then run again.",
    "KMSKeyNotFound": "The KMS key of its environment is gone; name one that exists.",
    "DisabledKMSKey": "The KMS key of its environment is disabled; enable it.",
    "InvalidStateKMSKey": "The KMS key of its environment cannot be used now; check its state.",
    "KMSKeyAccessDenied": "Let the execution role use the KMS key of the environment.",
    "EFSIOError": "The file system does not answer; check its state.",
    "EFSMountConnectivityError": "Let the security groups reach the file system's mount targets.",
    "EFSMountFailure": "The file system cannot be mounted; check its access point.",
    "EFSMountTimeout": "Let the security groups reach the file system's mount targets.",
    "FunctionError": "Its initialization fails; see its log.",
    "FunctionError.InitTimeout": "Its initialization takes too long; do less at import.",
    "FunctionError.RuntimeExitError": "Its runtime exits during initialization; see its log.",
    "FunctionError.InvalidEntryPoint": "The image's ENTRYPOINT does not exist; correct the image.",
    "FunctionError.InvalidWorkingDirectory": "The image's WORKDIR does not exist; correct it.",
    "FunctionError.PermissionDenied": "The image's ENTRYPOINT is not executable; check its mode.",
    "FunctionError.TooManyExtensions": "A function has at most ten extensions; remove some.",
}


def remedy_of(code: str) -> str:
    """What to do about a reason code of Lambda; ``""`` for unknown codes."""
    return _REMEDIES.get(code) or _REMEDIES.get(code.partition(".")[0], "")


def under_way(state: FunctionState) -> str:
    """The operation in progress on a function or version, in words; ``""`` if there is none."""
    if state.state in UNDER_WAY:
        code = f" ({state.reason_code})" if state.reason_code else ""
        return f"{state.state}{code}"
    if state.update_status == "InProgress" and state.state != "Failed":
        return "being updated"
    return ""


def state_of(
    answer: Mapping[str, Any],
    code: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> FunctionState:
    """A ``FunctionConfiguration`` of the API, with the code and tags of ``GetFunction``, if any."""
    resolved = str((code or {}).get("ResolvedImageUri", ""))
    is_update = (
        answer.get("LastUpdateStatus") == "Failed" and answer.get("State", "Active") == "Active"
    )
    about = "LastUpdateStatus" if is_update else "State"
    environment = answer.get("Environment") or {}
    hidden = {} if "Variables" in environment else environment.get("Error") or {}
    return FunctionState(
        arn=answer["FunctionArn"],
        version=answer.get("Version", "$LATEST"),
        package=answer.get("PackageType", "Zip"),
        code_sha256=answer.get("CodeSha256", ""),
        image_digest=resolved.partition("@")[2],
        code_location=resolved or str((code or {}).get("Location", "")),
        code_size=int(answer.get("CodeSize", 0)),
        revision=answer.get("RevisionId", ""),
        architecture=(answer.get("Architectures") or ["x86_64"])[0],
        tags=dict(tags or {}),
        modified=answer.get("LastModified", ""),
        state=answer.get("State", "Active"),
        update_status=answer.get("LastUpdateStatus", "Successful"),
        reason=answer.get(f"{about}Reason", ""),
        reason_code=answer.get(f"{about}ReasonCode", ""),
        code_key=str((code or {}).get("SourceKMSKeyArn", "")),
        environment_error=": ".join(
            hidden[key] for key in ("ErrorCode", "Message") if key in hidden
        ),
        others=others_of(answer, BY_MEMBER),
        **{attribute.name: attribute.observe(answer) for attribute in ATTRIBUTES},
    )

"""Environment variables: what Lambda refuses of them, and who may read them.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html and
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from lab.emulator.actions import Need
from lab.emulator.answers import Answer, failure
from lab.emulator.permissions import allows

# The Lambda API's EnvironmentVariableName.
_NAME = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+")
_RESERVED = re.compile(
    r"_HANDLER|_X_AMZN_TRACE_ID|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
    r"|AWS_(DEFAULT_REGION|REGION|EXECUTION_ENV|ACCESS_KEY|ACCESS_KEY_ID|SECRET_ACCESS_KEY"
    r"|SESSION_TOKEN)"
    r"|AWS_LAMBDA_(FUNCTION_NAME|FUNCTION_MEMORY_SIZE|FUNCTION_VERSION|INITIALIZATION_TYPE"
    r"|LOG_GROUP_NAME|LOG_STREAM_NAME|RUNTIME_API)"
)
_LIMIT = 4096  # bytes; LocalStack's tests against AWS show that it is the JSON that is measured
_UNABLE = "Lambda was unable to configure your environment variables because the environment "


def refused(request: Mapping[str, Any]) -> Answer | None:
    """Names that Lambda does not take, and more than 4 KB; the words are AWS's.

    Those of the limit, which quote everything, are in github-aws-runners' issue 3594.
    """
    variables = (request.get("Environment") or {}).get("Variables") or {}
    if any(not _NAME.fullmatch(name) for name in variables if not _RESERVED.fullmatch(name)):
        return failure(
            "ValidationException",
            "1 validation error detected: Value at 'environment.variables' failed to satisfy "
            "constraint: Map keys must satisfy constraint: [Member must satisfy regular expression "
            f"pattern: {_NAME.pattern}]",
        )
    if reserved := sorted(filter(_RESERVED.fullmatch, variables)):
        return failure(
            "InvalidParameterValueException",
            f"{_UNABLE}variables you have provided contains reserved keys that are currently not "
            f"supported for modification. Reserved keys used in this request: "
            f"{', '.join(reserved)}",
        )
    measured = json.dumps(variables, ensure_ascii=False, separators=(",", ":"))
    if len(measured.encode()) > _LIMIT:
        return failure(
            "InvalidParameterValueException",
            f"{_UNABLE}variables you have provided exceeded the 4KB limit. String measured: "
            f"{measured}",
        )
    return None


def readable(configuration: dict[str, Any]) -> dict[str, Any]:
    """A configuration as the caller may read it: an Error stands in place of the Variables where
    they are encrypted with a customer's key that it may not use (API: EnvironmentResponse)."""
    key = configuration.get("KMSKeyArn")
    if not key or not configuration.get("Environment") or allows(Need("kms:Decrypt", key)):
        return configuration
    says = (
        "Lambda was unable to decrypt your environment variables because the KMS access was "
        "denied. Please check your KMS permissions. KMS Exception: AccessDeniedException"
    )
    error = {"ErrorCode": "AccessDeniedException", "Message": says}
    return {**configuration, "Environment": {"Error": error}}

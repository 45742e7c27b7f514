"""Invocations of functions (API: Lambda, ``Invoke``)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import AnswerTimeout, FunctionTestFailed, Refused, Unavailable

LOG_TAIL = 4096  # bytes of an invocation's log that come with its answer (API: ``LogType``)
LONGEST = 900.0  # seconds that a function may run (Lambda quotas, "Function timeout")
# Additional seconds: 10 for the start (Lambda developer guide, "Init phase"), and the network.
MARGIN = 20.0

# Lambda's error codes before a function runs (botocore's model of ``Invoke``). These errors are
# temporary: an environment is being prepared, there are too many calls, or a permission is new.
PASSING = frozenset(
    {
        "CodeArtifactUserDeletedException",  # a new one is provisioned
        "CodeArtifactUserPendingException",
        "EC2AccessDeniedException",  # IAM is eventually consistent
        "EC2ThrottledException",
        "EC2UnexpectedException",
        "EFSIOException",
        "EFSMountConnectivityException",
        "EFSMountTimeoutException",
        "ENINotReadyException",
        "KMSAccessDeniedException",  # grants are eventually consistent
        "ResourceConflictException",
        "ResourceNotReadyException",
        "S3FilesMountConnectivityException",
        "S3FilesMountTimeoutException",
        "ServiceException",
        "SnapStartException",  # the function's own hook failed, as its handler may
        "SnapStartNotReadyException",
        "SnapStartRegenerationFailureException",
        "SnapStartTimeoutException",
        "TooManyRequestsException",
    }
)
# These errors are permanent, although Lambda returns 502 for them too.
LASTING = frozenset(
    {
        "CodeArtifactUserFailedException",
        "DurableExecutionAlreadyStartedException",
        "EFSMountFailureException",
        "ENILimitReachedException",
        "InvalidParameterValueException",
        "InvalidRequestContentException",
        "InvalidRuntimeException",
        "InvalidSecurityGroupIDException",
        "InvalidSubnetIDException",
        "InvalidZipFileException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "ModeNotSupportedException",
        "NoPublishedVersionException",
        "RecursiveInvocationException",
        "RequestTooLargeException",
        "ResourceNotFoundException",
        "RuntimeAliasDeletedException",
        "RuntimeVersionDeletedException",
        "S3FilesMountFailureException",
        "SerializedRequestEntityTooLargeException",
        "ServiceQuotaExceededException",
        "SubnetIPAddressLimitReachedException",
        "UnsupportedMediaTypeException",
    }
)
_RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"  # API: ThrottleReason


@dataclass(frozen=True, slots=True)
class Invocation:
    """The payload of an invocation, the API's FunctionError if any, and the end of its log."""

    answer: Any
    error: str
    log: str


class Invocations:
    """The invocations in one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def invoke(
        self, name: str, qualifier: str, payload: object, timeout: float = LONGEST
    ) -> Invocation:
        """Invoke once and wait for the answer.

        Args:
            name: the function's name.
            qualifier: a version or an alias.
            payload: the event.
            timeout: the function's own, in seconds.

        Raises:
            Unavailable: it was refused, for a temporary reason.
            Refused: it was refused.
            FunctionTestFailed: there was no answer within the function's time.
        """
        try:
            answer = self._aws.call(
                self._region,
                "lambda",
                "invoke",
                once=True,
                timeout=timeout + MARGIN,
                FunctionName=name,
                Qualifier=qualifier,
                Payload=json.dumps(payload).encode(),
                LogType="Tail",
            )
        except AnswerTimeout:
            raise FunctionTestFailed(
                f"{name} did not answer within {units.seconds(timeout + MARGIN)}"
            ) from None
        except Refused as refusal:
            raise _judged(refusal, name) from None
        return Invocation(
            _value(answer.get("Payload", b"")),
            str(answer.get("FunctionError", "")),
            _log(answer),
        )


def _judged(refusal: Refused, name: str) -> Refused:
    """A refusal as a temporary or a permanent error."""
    if _RESERVED in refusal.message:
        refusal.remedy = (
            f"{name} has reached its reserved concurrency, which may be 0: see "
            "aws lambda get-function-concurrency."
        )
    if refusal.code in PASSING:
        return Unavailable(refusal.message, code=refusal.code, remedy=refusal.remedy)
    if refusal.code in LASTING:
        return Refused(refusal.message, code=refusal.code, remedy=refusal.remedy)
    return refusal


def _value(content: bytes) -> Any:
    text = content.decode("utf-8", "replace")
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return text


def _log(answer: Any) -> str:
    log: str = answer.decoded("LogResult") if "LogResult" in answer else ""
    if len(log.encode()) < LOG_TAIL:
        return log
    return log.partition("\n")[2]  # the first line is cut, perhaps within a secret

"""Errors of AWS's SDK in words for the person who must act."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import botocore.exceptions as boto

from lambda_fast_deploy.adapters.aws.access_denied import allow, denied_action
from lambda_fast_deploy.errors import (
    AnswerTimeout,
    Conflict,
    DeployError,
    NotFound,
    NotPermitted,
    NotReady,
    Refused,
    Unavailable,
    Unreachable,
)
from lambda_fast_deploy.models.quotas import FULL_STORAGE

_MISSING = {
    "ResourceNotFoundException",
    "RepositoryNotFoundException",
    "LifecyclePolicyNotFoundException",
    "ProvisionedConcurrencyConfigNotFoundException",
    "ImageNotFoundException",
    "LayersNotFoundException",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchEntity",
    "404",
}
_CONFLICTS = {
    *("PreconditionFailedException", "ResourceConflictException"),  # Lambda
    *("PreconditionFailed", "ConditionalRequestConflict", "OperationAborted"),  # S3
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "AuthFailure",
    "InvalidAccessKeyId",
}
# Errors of Lambda with a remedy.
_REMEDIES = {
    "CodeStorageExceededException": FULL_STORAGE,
    **dict.fromkeys(
        ("CodeVerificationFailedException", "InvalidCodeSignatureException"),
        "The function requires signed code, and this project does not sign: remove its code "
        "signing configuration, or set it to warn instead of enforce.",
    ),
}
# Messages of AWS about a signature whose time a wrong clock set (IAM user guide, "Troubleshoot
# Signature Version 4 errors"; Amazon S3 API, "Error responses").
_SKEWED = re.compile(r"RequestTimeTooSkewed|Signature expired|Signature not yet current")
_CONFIGURE = (
    "In a workflow, add aws-actions/configure-aws-credentials before this step (with "
    "permissions: id-token: write); on a laptop, run aws configure or aws sso login."
)


# botocore's message about credentials whose expiration, once known, has passed; and what is so.
_OVER = "still expired"
_ENDED = "they have ended (AWS_CREDENTIAL_EXPIRATION)"


@contextlib.contextmanager
def explained(region: str, operation: str) -> Iterator[None]:
    """Turn errors of AWS's SDK into this project's; ``operation`` is ``service:Operation``.

    Raises:
        DeployError: the equivalent of the SDK's error.
    """
    try:
        yield
    except (boto.BotoCoreError, boto.ClientError, boto.HTTPClientError) as error:
        raise explain(error, operation, region) from None
    except RuntimeError as error:
        if _OVER not in str(error):
            raise
        ended = boto.CredentialRetrievalError(provider="the environment", error_msg=_ENDED)
        raise explain(ended, operation, region) from None


def explain(error: Exception, operation: str, region: str) -> DeployError:
    """This project's error for a botocore error."""
    if isinstance(error, (boto.NoCredentialsError, boto.PartialCredentialsError)):
        return NotReady("no AWS credentials were found", remedy=_CONFIGURE)
    unusable = (
        boto.ProfileNotFound,
        boto.TokenRetrievalError,
        boto.CredentialRetrievalError,
        boto.SSOError,
    )
    if isinstance(error, unusable):
        return NotReady(f"AWS credentials cannot be used: {error}", remedy=_CONFIGURE)
    if isinstance(error, boto.ClientError):
        return _refusal(error, operation, region)
    if isinstance(error, (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError)):
        reason = str(error).splitlines()[0]
        kind = AnswerTimeout if isinstance(error, boto.ReadTimeoutError) else Unreachable
        return kind(
            f"AWS cannot be reached for {operation} in {region}: {reason}",
            remedy="Check the network, the region and AWS_ENDPOINT_URL of this machine.",
        )
    return Refused(f"{operation} in {region} failed: {' '.join(str(error).split())}")


def _refusal(error: Any, operation: str, region: str) -> DeployError:
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", "")).strip()
    what = f"{operation} in {region}"
    if _SKEWED.search(f"{code} {message}"):
        return NotReady(
            f"AWS refused {what}, since the clock of this machine is wrong: {message or code}",
            remedy="Set the clock; lambda-fast-deploy doctor reports its deviation.",
        )
    if code in _CREDENTIALS:
        return NotReady(f"AWS refused the credentials for {what}: {code}", remedy=_CONFIGURE)
    if code in _DENIED:
        from lambda_fast_deploy.iam.permissions import ACTIONS_OF_CALLS  # few calls are denied

        action = denied_action(message) or ACTIONS_OF_CALLS.get(operation, operation)
        return NotPermitted(
            f"no permission for {action} in {region}: {message or code}", remedy=allow(action)
        )
    about = error.response.get("ResponseMetadata", {})
    status = int(about.get("HTTPStatusCode", 0))
    is_passing = status == 429 or status >= 500
    kind: type[Refused] = (
        NotFound if code in _MISSING else Conflict if code in _CONFLICTS else Refused
    )
    kind = Unavailable if kind is Refused and is_passing else kind
    why = ", ".join(filter(None, [code, str(error.response.get("Reason") or "")]))
    says = f"{what} was refused: {message or code} ({why})"
    refusal = kind(says, code=code, remedy=_REMEDIES.get(code, ""))
    refusal.repeated = bool(about.get("RetryAttempts"))
    refusal.members = error.response
    return refusal

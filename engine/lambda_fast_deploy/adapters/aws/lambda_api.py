"""What all calls of the Lambda API share: they wait for an update in progress."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.function_states import UNDER_WAY
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import Conflict, DeployFailed, FunctionUnusable, Refused

T = TypeVar("T")
Waits = Callable[[str], None]

UPDATE_DEADLINE = 600.0  # seconds; an image update of 10 GB takes minutes
QUIET = 2.0  # seconds of waiting without a log line

_BUSY = re.compile(r"update is in progress")
_STATE = re.compile(r"in the following state: '?(\w+)")

# Lambda's errors while a change in another service is new, and how many seconds to wait for it.
# IAM and KMS are eventually consistent; EC2 creates network interfaces, more slowly if throttled.
# terraform-provider-aws retries on the same messages (retryFunctionOp).
_PROPAGATION = {
    "cannot be assumed by Lambda": 60.0,
    "execution role does not have permissions": 60.0,
    "KMS key is invalid for CreateGrant": 60.0,
    "throttled by EC2": 540.0,
}
_REMEDIES = {
    "cannot be assumed by Lambda": "Make sure that the role exists, and let it trust "
    "lambda.amazonaws.com.",
    "execution role does not have permissions": "Allow the execution role the named action, such "
    "as ec2:CreateNetworkInterface for a VPC.",
    "KMS key is invalid for CreateGrant": "Let the caller use the KMS key (kms:CreateGrant).",
}


class LambdaApi:
    """The Lambda API of one region.

    ``waits`` gets what a call is waiting for, repeatedly; it may raise to give up.
    """

    def __init__(self, aws: Aws, region: str, waits: Waits = lambda _: None) -> None:
        self._aws = aws
        self._region = region
        self._waits = waits

    def call(self, operation: str, *, once: bool = False, **parameters: Any) -> Any:
        """Make one call; ``once`` if it must not be repeated when its answer is lost."""
        return self._aws.call(self._region, "lambda", operation, once=once, **parameters)

    def pages(self, operation: str, items: str, **parameters: Any) -> list[Any]:
        """The values of ``items`` on all pages of an answer."""
        pages = self._aws.pages(self._region, "lambda", operation, **parameters)
        return [item for page in pages for item in page.get(items, [])]

    def wait(
        self,
        ask: Callable[[], tuple[T, str]],
        *,
        deadline: float,
        first: float = 0.05,
        longest: float = 2.0,
        wake: Callable[[], object] = lambda: False,
    ) -> tuple[T, str]:
        """Ask until there is nothing to wait for, or the deadline (seconds) has passed.

        Args:
            ask: returns an answer, and what it is waiting for, in words; ``""`` if it is not.
            deadline: seconds after which the last answer is returned.
            first: seconds of the first pause.
            longest: seconds of the longest pause.
            wake: whether a pause must end immediately.
        """
        begun, awaited = time.monotonic(), ""

        def tell() -> None:
            if awaited and time.monotonic() - begun > QUIET:
                self._waits(awaited)

        def attempt() -> tuple[T, str]:
            nonlocal awaited
            answer, awaited = ask()
            tell()
            return answer, awaited

        def wakes() -> bool:
            if wake():
                return True
            tell()
            return False

        return retry.until(
            attempt,
            lambda seen: not seen[1],
            deadline=deadline,
            first=first,
            longest=longest,
            wake=wakes,
        )

    def change(self, operation: str, **parameters: Any) -> Any:
        """Make a change, repeated while an earlier change is in progress.

        Only that conflict is waited for: a stale RevisionId means another deployment.

        Raises:
            Conflict: the same resource was changed outside this run.
            FunctionUnusable: the function is in a state in which Lambda allows no changes.
            DeployFailed: the earlier change is still in progress after the deadline.
        """
        repeated = False

        def attempt() -> tuple[Any, str]:
            nonlocal repeated
            try:
                return self.call(operation, **parameters), ""
            except Conflict as conflict:
                repeated = conflict.repeated = repeated or conflict.repeated
                if not _is_busy(conflict):
                    raise
                name = parameters.get("FunctionName") or parameters["Resource"]
                return None, f"{name}: {conflict.message}"

        answer, awaited = self.wait(attempt, deadline=UPDATE_DEADLINE, first=0.25)
        if awaited:
            raise DeployFailed(
                "an earlier change was still in progress after "
                f"{units.seconds(UPDATE_DEADLINE)}: {awaited}",
                remedy="Run again; existing artifacts are reused.",
            )
        return answer

    def once_known(self, work: Callable[[], T]) -> T:
        """Make a call that needs a role or key, which may be too new for Lambda to know it."""
        begun = time.monotonic()

        def attempt() -> tuple[T | Refused, str]:
            try:
                return work(), ""
            except Refused as refusal:
                words = next((each for each in _PROPAGATION if each in refusal.message), "")
                refusal.remedy = refusal.remedy or _REMEDIES.get(words, "")
                if time.monotonic() - begun >= _PROPAGATION.get(words, 0.0):
                    raise
                return refusal, refusal.message

        answer, _ = self.wait(attempt, deadline=max(_PROPAGATION.values()), first=1.0, longest=8.0)
        if isinstance(answer, Refused):
            raise answer
        return answer


def _is_busy(conflict: Conflict) -> bool:
    """Whether a change is refused because an earlier one is in progress.

    Raises:
        FunctionUnusable: it is refused for a permanent state.
    """
    if conflict.code != "ResourceConflictException":
        return False
    if match := _STATE.search(conflict.message):
        if match.group(1) in UNDER_WAY:
            return True
        raise FunctionUnusable(conflict.message, code=conflict.code) from None
    return _BUSY.search(conflict.message) is not None

"""States that a function is put in from outside: asleep, or under way for as long as told.

https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html: a function that was idle for
long is Inactive; a call of it fails and makes it Pending, until it is Active again. Which error
that is tells botocore's model of Invoke (ResourceNotReadyException), and boto3's issue 3788 for
images (CodeArtifactUserPendingException). A function whose creation failed is Failed, and is to be
deleted and created anew.

The tag ``lab:state`` of a function puts its ``$LATEST``, or ``VERSION:``, in a state, and is not
kept: ``Failed``, ``3:Inactive``, ``Pending:60`` or ``InProgress:60``, for so many seconds.
"""

from __future__ import annotations

import contextvars
import re
import threading
import time
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import lambda_svc

from lab.emulator.answers import Answer, failure

TAG = "lab:state"

_TOLD = re.compile(r"(?:(\d+):)?(Inactive|Failed|Pending|InProgress)(?::([\d.]+))?")
_REASONS = {
    "Inactive": ("Idle", "The function was idle for a long time."),
    "Failed": ("InvalidSubnet", "The subnet does not exist."),
    "Pending": ("Creating", "The function is being created."),
    "Restoring": ("Restoring", "The function was idle and is being restored."),
}

_tag_resource = lambda_svc._tag_resource


def refusal(config: dict[str, Any]) -> Answer | None:
    """ResourceConflictException for a change of a function in this state, or None."""
    if config.get("LastUpdateStatus") == "InProgress" and config.get("State") == "Active":
        return _conflict(f"An update is in progress for resource: {config['FunctionArn']}")
    return unfinished(config)


def unfinished(config: dict[str, Any]) -> Answer | None:
    """ResourceConflictException while a function is being created, and when that has failed."""
    if config.get("State") not in ("Pending", "Failed"):
        return None
    return _conflict(f"The function is currently in the following state: {config['State']}")


def unready(name: str, qualifier: str | None) -> Answer | None:
    """Return the error of a call of a version that is not ready for it; one that sleeps wakes."""
    _, config = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    state = (config or {}).get("State")
    if config is None or state not in ("Pending", "Inactive", "Failed"):
        return None
    if state == "Inactive":
        put(config, "Restoring", lambda_svc._LAMBDA_STATE_TRANSITION_DELAY)
        if config.get("PackageType") == "Image":
            says = "Lambda is initializing your function. It will be ready to invoke shortly."
            return failure("CodeArtifactUserPendingException", says, 409)
        says = "The function is inactive and its VPC connection is no longer available."
        return failure("ResourceNotReadyException", says, 502)
    return _conflict(f"The function is currently in the following state: {state}")


def put(config: dict[str, Any], wanted: str, seconds: float = 0.0) -> None:
    """Put a version in a state; unless that lasts, it is at rest again after some seconds."""
    if wanted == "InProgress":
        config["LastUpdateStatus"] = wanted
    else:
        code, reason = _REASONS[wanted]
        state = "Pending" if wanted == "Restoring" else wanted
        config.update(State=state, StateReason=reason, StateReasonCode=code)
    if wanted in ("Inactive", "Failed"):
        return

    def end() -> None:
        time.sleep(seconds)
        # The revision is another one after each transition (LocalStack's recorded snapshots).
        config.update(State="Active", LastUpdateStatus="Successful", RevisionId=new_uuid())
        config.update(StateReason="", StateReasonCode="")

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(end,), daemon=True).start()


def tag_resource(arn: str, request: dict[str, Any]) -> Answer:
    """TagResource; the lab's own tag puts a version in a state, and is not kept."""
    tags = dict(request.get("Tags") or {})
    told = _TOLD.fullmatch(tags.pop(TAG, ""))
    if told:
        version, state, seconds = told.groups()
        _, config = lambda_svc._get_func_record_for_qualifier(arn.split(":")[6], version)
        put(config, state, float(seconds or 0))
    answer: Answer = _tag_resource(arn, {**request, "Tags": tags})
    return answer


def teach() -> None:
    """Install every behaviour of this module."""
    lambda_svc._tag_resource = tag_resource


def _conflict(reason: str) -> Answer:
    message = f"The operation cannot be performed at this time. {reason}"
    return failure("ResourceConflictException", message, 409)

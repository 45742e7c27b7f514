"""Checks that the credentials are valid long enough for a run."""

from __future__ import annotations

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.models import Plan, Settings
from lambda_fast_deploy.run_log import RunLog

REST = 120.0  # seconds for the steps of a release before and after its canary
USUAL = 3600.0  # seconds; the default role duration of aws-actions/configure-aws-credentials
STACK = 900.0  # seconds; most changes of a stack take less
_REMEDY = (
    "Set a longer role-duration-seconds of aws-actions/configure-aws-credentials, up to the "
    "maximum session duration of the role"
)


def check_canaries(settings: Settings, plan: Plan, aws: Aws, run_log: RunLog) -> None:
    """Refuse a canary that outlasts the credentials; note one that may outlast them.

    Raises:
        NotReady: the credentials would expire before the run could roll back.
    """
    longest = max(
        (
            (function.canary.duration, function.name)
            for region, function in settings.targets
            if function.canary and _has_canary(plan, region, function.name)
        ),
        default=None,
    )
    if longest is None:
        return
    from lambda_fast_deploy.release.canary import LATE  # a run without a canary does not need it

    duration, name = longest
    needed, left = duration + LATE + REST, aws.expiry()
    need = f"the canary of {name} can take {units.minutes(duration + LATE)}"
    if left is not None and left < needed:
        if left > 0:
            problem = f"the credentials expire in {units.minutes(left)}, and {need}"
        else:
            problem = f"the credentials have expired (credentials-expire), and {need}"
        raise NotReady(
            problem,
            remedy=f"{_REMEDY}, or use a shorter canary (for).",
        )
    if left is None and aws.ends_untold() and needed > USUAL:
        run_log.note(
            f"It is unknown when the credentials expire, and {need}. Those of a role expire after "
            f"an hour by default. {_REMEDY}, and pass their expiry as credentials-expire."
        )


def check_stack(aws: Aws, run_log: RunLog) -> None:
    """Note that the credentials may expire before a stack is updated and tested."""
    left = aws.expiry()
    if left is not None and left < STACK:
        run_log.note(
            f"The credentials expire in {units.minutes(left)}. After that, CloudFormation "
            "continues an update, but this run can neither test the stack nor roll it back. "
            f"{_REMEDY}."
        )


def _has_canary(plan: Plan, region: str, name: str) -> bool:
    step = plan.function(region, name).canary
    return step is not None and step.is_due

"""Whether the credentials outlast what a run is to do with them."""

from __future__ import annotations

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.models import Plan, Settings
from lambda_fast_deploy.run_log import RunLog

REST = 120.0  # seconds for what a release does around its canary
USUAL = 3600.0  # seconds; how long aws-actions/configure-aws-credentials lets a role last
STACK = 900.0  # seconds; many a change of a stack takes less
_REMEDY = (
    "Let them last longer: role-duration-seconds of aws-actions/configure-aws-credentials, up to "
    "the role's own longest session"
)


def check_canaries(settings: Settings, plan: Plan, aws: Aws, run_log: RunLog) -> None:
    """Refuse a canary that the credentials end before; note one that they may end before.

    Raises:
        NotReady: who led users to a version could not lead them back.
    """
    longest = max(
        (
            (function.canary.duration, function.name)
            for region, function in settings.targets
            if function.canary and _is_tried(plan, region, function.name)
        ),
        default=None,
    )
    if longest is None:
        return
    from lambda_fast_deploy.release.canary import LATE  # which a run without one does not need

    lasts, name = longest
    needed, left = lasts + LATE + REST, aws.expiry()
    says = f"the canary of {name} may last {units.minutes(lasts + LATE)}"
    if left is not None and left < needed:
        if left > 0:
            problem = f"the credentials end in {units.minutes(left)}, and {says}"
        else:
            problem = f"the credentials have ended (credentials-expire), and {says}"
        raise NotReady(
            problem,
            remedy=f"{_REMEDY}; or let the canary last less (for).",
        )
    if left is None and aws.ends_untold() and needed > USUAL:
        run_log.note(
            f"When the credentials end is not known, and {says}: those of a role last an hour "
            f"unless they were asked to last longer. {_REMEDY}; and name their end by "
            "credentials-expire."
        )


def check_stack(aws: Aws, run_log: RunLog) -> None:
    """Note that the credentials may end before a stack is changed and tested."""
    left = aws.expiry()
    if left is not None and left < STACK:
        run_log.note(
            f"The credentials end in {units.minutes(left)}. CloudFormation goes on by itself, "
            "but nothing tests the stack after that, or undoes a change whose tests fail. "
            f"{_REMEDY}."
        )


def _is_tried(plan: Plan, region: str, name: str) -> bool:
    step = plan.function(region, name).canary
    return step is not None and step.is_due

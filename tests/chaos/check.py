"""What must become of a run that meets one fault of AWS's API."""

from __future__ import annotations

from tests.chaos.conftest import Tally
from tests.chaos.fleet import Fleet
from tests.chaos.kinds import API, CAUSES, S3, cause, rule
from tests.support import faults

# What is only asked to say more, or asked until it answers, stops nothing.
SOFT = ("ListVersionsByFunction", "InvokeFunctionUrl", "GetDownloadUrlForLayer")


def check(
    fleet: Fleet,
    call: str,
    kind: str,
    before: set[str],
    tally: Tally,
    soft: tuple[str, ...] = SOFT,
) -> None:
    """Deploy with a fault, and again without.

    Args:
        fleet: what is deployed.
        call: the call that meets the fault.
        kind: the fault.
        before: what users had.
        tally: where it is counted.
        soft: the calls whose failure stops nothing.
    """
    with tally.case(f"AWS's API, {fleet.path}") as figures:
        with faults(rule(call, (API | S3)[kind])) as done:
            run = fleet.project.deploy()
        assert len(done) == 1, "the fault was not met"
        if kind not in CAUSES or call in soft:
            assert run.code == 0, cause(run.log)
            fleet.settled()
            figures["succeeded"] += 1
        else:
            assert run.code in (1, 3), run.log
            assert CAUSES[kind] in cause(run.log)
            assert "Traceback" not in run.log
            assert fleet.served() == before
            fleet.converge()
            figures["told"] += 1

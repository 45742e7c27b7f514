"""A version that is ready for calls: one that is Inactive is woken, and waited for."""

from __future__ import annotations

import contextlib

from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.adapters.aws.function_states import remedy_of
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import DeployFailed, FunctionTestFailed, Unavailable, Unreachable
from lambda_fast_deploy.models import LATEST, FunctionState
from lambda_fast_deploy.run_log import RunLog

RESTORING = 600.0  # seconds that Lambda may take to restore an Inactive function
PAUSE = 2.0  # seconds between two calls of one that is still Inactive
READY = ("Active", "ActiveNonInvocable", "Deactivated", "Failed")  # waiting changes nothing


def wait_until_ready(
    state: FunctionState, name: str, region: str, clients: Clients, run_log: RunLog
) -> None:
    """Let a version be ready for calls; one that is needs no call of AWS.

    The first call of a function that was idle for weeks fails, and lets Lambda restore it
    (developer guide, "Lambda function states"). So it gets one, with an empty event.

    Args:
        state: the version as it was read.
        name: the function's.
        region: where it is.
        clients: how it is called.
        run_log: what is waited for is told there.

    Raises:
        DeployFailed: it does not become ready.
        Cancelled: the run was, before it did.
    """
    if state.state in READY:
        return
    version = "" if state.version == LATEST else state.version
    what = f"version {version} of {name}" if version else name
    functions, invocations = clients.functions(region), clients.invocations(region)
    begun = clock.monotonic()
    with run_log.work(f"function:{name}", "read", f"{what} is {state.state}", region) as detail:
        while state.state not in READY:
            run_log.cancellation.check()  # a run that is cancelled does not wait for Lambda
            if state.state == "Inactive":
                if clock.monotonic() - begun > RESTORING:
                    says = f"{what} is Inactive, and Lambda does not restore it: {state.why}"
                    raise DeployFailed(says, remedy=remedy_of(state.reason_code))
                run_log.waits(f"Lambda restores {what}, which was Inactive")
                # It is refused, and that wakes it.
                with contextlib.suppress(Unavailable, Unreachable, FunctionTestFailed):
                    invocations.invoke(name, state.version, {}, state.timeout)
            state = functions.at_rest(name, version)
            if state.state == "Inactive":
                clock.sleep(PAUSE)
        detail(f"{what} is {state.state}")

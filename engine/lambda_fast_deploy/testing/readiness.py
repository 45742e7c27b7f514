"""Waits until a version is ready for calls; an Inactive one is called to restore it."""

from __future__ import annotations

import contextlib

from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.adapters.aws.function_states import remedy_of
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import DeployFailed, FunctionTestFailed, Unavailable, Unreachable
from lambda_fast_deploy.models import LATEST, FunctionState
from lambda_fast_deploy.run_log import RunLog

RESTORING = 600.0  # seconds that Lambda may take to restore an Inactive function
PAUSE = 2.0  # seconds between two calls of a version that is still Inactive
READY = (
    "Active",
    "ActiveNonInvocable",
    "Deactivated",
    "Failed",
)  # a wait does not change these states


def wait_until_ready(
    state: FunctionState, name: str, region: str, clients: Clients, run_log: RunLog
) -> None:
    """Wait until a version is ready for calls; one that is ready needs no call of AWS.

    The first call of a function that was idle for weeks fails, and makes Lambda restore it
    (developer guide, "Lambda function states"). This sends that call, with an empty event.

    Args:
        state: the version as it was read.
        name: of the function.
        region: of the function.
        clients: read and invoke the function.
        run_log: gets a line about the wait.

    Raises:
        DeployFailed: the version does not become ready.
        Cancelled: the run was cancelled first.
    """
    if state.state in READY:
        return
    version = "" if state.version == LATEST else state.version
    subject = f"version {version} of {name}" if version else name
    functions, invocations = clients.functions(region), clients.invocations(region)
    start = clock.monotonic()
    with run_log.work(f"function:{name}", "read", f"{subject} is {state.state}", region) as detail:
        while state.state not in READY:
            run_log.cancellation.check()  # a run that is cancelled does not wait for Lambda
            if state.state == "Inactive":
                if clock.monotonic() - start > RESTORING:
                    problem = f"{subject} is Inactive, and Lambda did not restore it: {state.why}"
                    raise DeployFailed(problem, remedy=remedy_of(state.reason_code))
                run_log.waits(f"Lambda is restoring {subject}, which was Inactive")
                # Lambda refuses the call, and restores the function.
                with contextlib.suppress(Unavailable, Unreachable, FunctionTestFailed):
                    invocations.invoke(name, state.version, {}, state.timeout)
            state = functions.at_rest(name, version)
            if state.state == "Inactive":
                clock.sleep(PAUSE)
        detail(f"{subject} is {state.state}")

"""What ``$LATEST`` holds when a release is over: what has been tested, or what users have."""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy.errors import (
    ChangedMeanwhile,
    Conflict,
    DeployError,
    NotFound,
    NotPermitted,
)
from lambda_fast_deploy.models import FunctionState
from lambda_fast_deploy.models.function_attributes import TAGS
from lambda_fast_deploy.packaging.upload import Uploads
from lambda_fast_deploy.planning.configuration import is_proved, parameters_of, tested_mark
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.function_settings import restore_setting
from lambda_fast_deploy.release.ownership import locked
from lambda_fast_deploy.release.restore import is_had, is_same, under_test, write_code
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.state import marks


def announce_test(context: ReleaseContext) -> None:
    """Say that this run tests ``$LATEST``, where that may be on top of what no test has passed.

    If that is another run's which fails, it takes back this one's, too: it alone knows what users
    had before either.
    """
    observed = context.observed
    if observed is None or is_proved(context.function, observed.latest):
        return
    context.run_log.cancellation.check()
    before, tag = observed.latest, {marks.TESTED: under_test(context)}
    functions = context.clients.functions(context.region)

    def take_back() -> UndoResult:
        restore_setting(functions, TAGS, before.arn, tag, before.tags)
        return UndoResult.NEEDLESS  # it says nothing of what users have

    context.undo.record(f"tag {marks.TESTED} of {context.name}", take_back)
    try:
        functions.tag(before.arn, tag)
    except NotFound:
        raise ChangedMeanwhile(f"{context.name} is gone") from None
    except NotPermitted as denied:
        context.run_log.note(
            f"Other runs do not see that {context.name} is tested: {denied.message}"
        )


def mark_tested(context: ReleaseContext, state: FunctionState, *, is_shared: bool) -> None:
    """Say that what ``$LATEST`` holds has passed its tests, where that is what users call.

    Args:
        order: the function.
        state: what was tested.
        is_shared: whether another run may have put a part of it there, and could take it back.

    Raises:
        Overtaken: it has taken it back.
    """
    if not context.function.proves_latest:
        return
    try:
        if not is_shared:
            _mark(context, state)
            return
        with locked(context):
            _check_unchanged(context, state)
            _mark(context, state)
            # Deploys take no lock, and a tag has no condition.
            _check_unchanged(context, state)
    except NotFound:
        raise ChangedMeanwhile(f"{context.name} is gone") from None
    except NotPermitted as denied:
        context.run_log.note(f"The next run tests {context.name} again: {denied.message}")


def _check_unchanged(context: ReleaseContext, state: FunctionState) -> None:
    now = context.clients.functions(context.region).read(context.name)
    if now is None or tested_mark(now) != tested_mark(state):
        raise ChangedMeanwhile(f"what was tested of {context.name} has been changed since")


def _mark(context: ReleaseContext, state: FunctionState) -> None:
    tested = {marks.TESTED: tested_mark(state)}
    if {**state.tags, **tested} != dict(state.tags):
        context.clients.functions(context.region).tag(state.arn, tested)


def follow(context: ReleaseContext, version: FunctionState) -> str:
    """Make ``$LATEST`` what users have, so that nobody publishes what was given up.

    It stays as it is where others have led the alias elsewhere, or users have what it holds.

    Returns:
        Why it stays as it is; nothing if it is as the version.
    """
    try:
        with locked(context):
            return _follow(context, version)
    except Conflict:
        return "somebody else has changed it"
    except DeployError as error:
        return error.message


def _follow(context: ReleaseContext, version: FunctionState) -> str:
    functions, name = context.clients.functions(context.region), context.name
    now = functions.read(name)
    alias = context.clients.versions(context.region).alias(name, context.function.alias)
    if now is None or alias is None or alias.version != version.version:
        return "somebody else has led users elsewhere"
    if is_same(now, version):
        return ""
    if is_had(context, now):
        return "somebody else has deployed it"
    if unknown := now.environment_error or version.environment_error:
        return f"its environment cannot be read: {unknown}"
    changes, revision = _differences(context, version, now), now.revision
    if changes:
        revision = functions.configure(name, changes, revision)
    if now.code_sha256 != version.code_sha256:
        write_code(functions, Uploads(context), name, version, revision)
    return ""


def _differences(
    context: ReleaseContext, version: FunctionState, now: FunctionState
) -> dict[str, Any]:
    """What of a configuration is to be as a version has it; what others have set meanwhile stays.

    That is what is neither as this run found it nor as a version had it.
    """
    desired, current = parameters_of(version), parameters_of(now)
    observed = context.observed
    before = (observed.latest, observed.live) if observed else ()
    states = [desired, *(parameters_of(state) for state in before if state)]
    del desired["Description"]  # a version's own tells of its release
    environment = desired.pop("Environment")["Variables"]
    variables = current["Environment"]["Variables"]
    environments = [environment]
    environments += [each.get("Environment", {}).get("Variables", {}) for each in states[1:]]
    others = {k: v for k, v in variables.items() if all(v != each.get(k) for each in environments)}
    changes = {
        key: value
        for key, value in desired.items()
        if value != current.get(key) and any(current.get(key) == each.get(key) for each in states)
    }
    if (after := {**environment, **others}) != variables:
        changes["Environment"] = {"Variables": after}
    return changes

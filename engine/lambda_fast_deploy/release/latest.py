"""Makes ``$LATEST`` the tested or live version at the end of a release."""

from __future__ import annotations

import contextlib
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
from lambda_fast_deploy.models.function_settings import SettingTarget
from lambda_fast_deploy.packaging.upload import Uploads
from lambda_fast_deploy.planning.configuration import is_proved, parameters_of, tested_mark
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.function_settings import restore_setting
from lambda_fast_deploy.release.ownership import locked
from lambda_fast_deploy.release.restore import is_live, is_same, under_test, write_code
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.state import marks


def announce_test(context: ReleaseContext) -> None:
    """Mark ``$LATEST`` as under test by this run, if it has untested changes of another run.

    If that run fails, it also rolls back the changes of this one, because only that run knows the
    version before both.
    """
    observed = context.observed
    if observed is None or is_proved(context.function, observed.latest):
        return
    context.run_log.cancellation.check()
    before, tag = observed.latest, {marks.TESTED: under_test(context)}
    target = SettingTarget(context.function, before.arn)
    functions = context.clients.functions(context.region)

    def restore_tag() -> UndoResult:
        restore_setting(functions, TAGS, target, tag, before.tags)
        return UndoResult.NEEDLESS  # callers do not depend on it

    context.undo.record(f"tag {marks.TESTED} of {context.name}", restore_tag)
    try:
        functions.tag(before.arn, tag)
    except NotFound:
        raise ChangedMeanwhile(f"{context.name} was deleted") from None
    except NotPermitted as denied:
        context.run_log.note(
            f"Other runs cannot see that {context.name} is under test: {denied.message}"
        )


def mark_tested(context: ReleaseContext, state: FunctionState, *, is_shared: bool) -> None:
    """Mark ``$LATEST`` as tested, for a function without an alias.

    Args:
        context: the release.
        state: the tested state.
        is_shared: whether a part of it may be from another run, which could roll it back.

    Raises:
        ChangedMeanwhile: that run has rolled it back.
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
            # Deploys do not hold the lock, and writing a tag is not conditional.
            _check_unchanged(context, state)
    except NotFound:
        raise ChangedMeanwhile(f"{context.name} was deleted") from None
    except NotPermitted as denied:
        context.run_log.note(f"The next run will test {context.name} again: {denied.message}")


def _check_unchanged(context: ReleaseContext, state: FunctionState) -> None:
    now = context.clients.functions(context.region).read(context.name)
    if now is None or tested_mark(now) != tested_mark(state):
        raise ChangedMeanwhile(f"{context.name} was changed after its tests")


def _mark(context: ReleaseContext, state: FunctionState) -> None:
    tested = {marks.TESTED: tested_mark(state)}
    if {**state.tags, **tested} != dict(state.tags):
        context.clients.functions(context.region).tag(state.arn, tested)


def mark_configuration(context: ReleaseContext) -> None:
    """Mark a function as one of this configuration; without the permission it stays unmarked."""
    observed, configuration = context.observed, context.settings.configuration
    if not (observed and configuration):
        return
    tag = {marks.CONFIGURATION: configuration}
    if not tag.items() <= observed.latest.tags.items():
        with contextlib.suppress(NotPermitted, NotFound):
            context.clients.functions(context.region).tag(observed.latest.arn, tag)


def follow(context: ReleaseContext, version: FunctionState) -> bool:
    """Make ``$LATEST`` the live version, so that a later run does not publish a failed state.

    It is not changed if another deployment has updated the alias, or if its state is live.

    Returns:
        Whether it is as the version; otherwise a note says why not.
    """
    try:
        with locked(context):
            why_not = _follow(context, version)
    except Conflict:
        why_not = "another deployment has changed it"
    except DeployError as error:  # the version is live already
        why_not = error.message
    if why_not:
        context.run_log.note(f"$LATEST of {context.name} was not updated: {why_not}")
    return not why_not


def _follow(context: ReleaseContext, version: FunctionState) -> str:
    """The same, while this run holds the lock; returns why it was not changed, or nothing."""
    functions, name = context.clients.functions(context.region), context.name
    now = functions.read(name)
    alias = context.clients.versions(context.region).alias(name, context.function.alias)
    if now is None or alias is None or alias.version != version.version:
        return "another deployment has moved the alias"
    if is_same(now, version):
        return ""
    if is_live(context, now):
        return "another deployment has made it live"
    if unknown := now.environment_error or version.environment_error:
        return f"its environment cannot be read: {unknown}"
    changes, revision = _differences(context, version, now), now.revision
    if changes:
        revision = functions.configure(name, changes, revision).revision
    if now.code_sha256 != version.code_sha256:
        write_code(functions, Uploads(context), name, version, revision)
    return ""


def _differences(
    context: ReleaseContext, version: FunctionState, now: FunctionState
) -> dict[str, Any]:
    """The changes that make a configuration that of a version, except values set by others since.

    A value was set by others if it is neither the one that this run observed nor a version's.
    """
    desired, current = parameters_of(version), parameters_of(now)
    observed = context.observed
    before = (observed.latest, observed.live) if observed else ()
    states = [desired, *(parameters_of(state) for state in before if state)]
    del desired["Description"]  # describes the release of a version
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

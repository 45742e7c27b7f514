"""Restores the code and the configuration of ``$LATEST``.

Each write is conditional on the revision that was read (API: ``RevisionId``). It holds the lock of
the function, because it also depends on the changes of other runs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lambda_fast_deploy.adapters.aws.lambda_functions import Functions
from lambda_fast_deploy.adapters.http import request
from lambda_fast_deploy.errors import Conflict, DeployFailed, NotFound
from lambda_fast_deploy.models import LATEST, Archive, FunctionState
from lambda_fast_deploy.models.function_attributes import BY_MEMBER, attribute_of
from lambda_fast_deploy.packaging.upload import Uploads
from lambda_fast_deploy.planning.configuration import among, is_proved, parameters_of, tested_mark
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.ownership import locked
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.state import marks

LARGEST_CODE = 262_144_000  # bytes of a zip with its layers, unzipped (Lambda quotas)
TRIES = 5  # writes that fail because of concurrent changes


def restore_configuration(context: ReleaseContext, changes: Mapping[str, Any]) -> UndoResult | None:
    """Roll back ``changes``, parameters of ``UpdateFunctionConfiguration``, as far as made."""
    functions, own = context.clients.functions(context.region), _own(context, changes)

    def restore(now: FunctionState, target: FunctionState) -> UndoResult | None:
        current = parameters_of(now)
        sent = _current_values(current, own) if _is_on_top(context, now) else own
        parameters = _differences(sent, current, parameters_of(target))
        if "Layers" in parameters:
            parameters["Layers"] = _with_foreign(context, now, target)
        if not parameters:
            return UndoResult.NEEDLESS
        if is_live(context, now):
            return UndoResult.THEIRS
        functions.configure(context.name, parameters, now.revision)
        return None

    return _with_retries(context, restore, environment="Environment" in changes)


def _own(context: ReleaseContext, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The changes without the variables of others, which were sent unchanged.

    A variable that was removed is ``None``.
    """
    if "Environment" not in changes:
        return changes
    configured = context.function.configuration.environment
    before = context.observed.latest.environment if context.observed else {}
    sent = changes["Environment"]["Variables"].items()
    own = {key: value for key, value in sent if key in configured or before.get(key) != value}
    own |= {key: None for key in before if key in configured and configured[key] is None}
    return {**changes, "Environment": {"Variables": own}}


def _with_foreign(context: ReleaseContext, now: FunctionState, target: FunctionState) -> list[str]:
    """The layers of ``target``, and those that others have attached since."""
    foreign = context.observed.foreign if context.observed else frozenset()
    if not foreign & {*now.layers} - {*target.layers}:
        return list(target.layers)
    own = tuple(arn for arn in target.layers if arn not in foreign)
    return list(among(now.layers, own, foreign))


def _differences(
    changes: Mapping[str, Any], now: Mapping[str, Any], target: Mapping[str, Any]
) -> dict[str, Any]:
    """The previous values of those ``changes`` that are still in effect; variables one by one."""
    previous = {
        member: attribute_of(member).restore(sent, now.get(member), target.get(member))
        for member, sent in changes.items()
        if member in target or member not in BY_MEMBER
    }
    return {member: value for member, value in previous.items() if value is not None}


def _current_values(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The current values of the settings and variables in ``changes``."""
    values = {key: current.get(key) for key in changes}
    if "Environment" in changes:
        variables, own = (each["Environment"]["Variables"] for each in (current, changes))
        environment = {
            key: variables.get(key) for key in own if key in variables or own[key] is None
        }
        values["Environment"] = {"Variables": environment}
    return values


def restore_code(
    context: ReleaseContext, is_from_this_run: Callable[[FunctionState], bool]
) -> UndoResult | None:
    """Restore the code of ``$LATEST``, if its code is from this run.

    Raises:
        DeployError: the previous code is not available.
    """

    def restore(now: FunctionState, target: FunctionState) -> UndoResult | None:
        # After a failed update the previous code stays live, although Lambda reports the new one.
        is_equal = (now.code_sha256, now.code_key) == (target.code_sha256, target.code_key)
        if is_equal and now.update_status != "InProgress":
            return UndoResult.NEEDLESS
        may_replace = is_from_this_run(now) or _is_on_top(context, now)
        if not is_equal and (is_live(context, now) or not may_replace):
            return UndoResult.THEIRS
        live = context.observed.live if context.observed else None
        functions = context.clients.functions(context.region)
        write_code(functions, Uploads(context), context.name, target, now.revision, live)
        return None

    return _with_retries(context, restore)


def _with_retries(
    context: ReleaseContext,
    restore: Callable[[FunctionState, FunctionState], UndoResult | None],
    *,
    environment: bool = False,
) -> UndoResult | None:
    """Read and write, again while other runs write between the two.

    Args:
        context: the release.
        restore: compares the current state with the one to restore, and writes.
        environment: whether to read the environment of the function.
    """
    functions = context.clients.functions(context.region)
    try:
        with locked(context):
            for left in reversed(range(TRIES)):
                now = functions.read(context.name, environment=environment)
                if now is None:
                    break
                try:
                    return restore(now, _state_to_restore(context, environment=environment))
                except Conflict:
                    if not left:
                        raise
    except NotFound:
        pass
    return UndoResult.NEEDLESS  # the function is deleted, with the changes of this run


def _state_to_restore(context: ReleaseContext, *, environment: bool) -> FunctionState:
    """The state before the run, if a version has it; otherwise the live version.

    The state before the run can be the upload of another run that failed or was killed.
    """
    observed = context.observed
    assert observed
    before, live = observed.latest, observed.live
    if (
        live is None
        or is_same(before, live)
        or before.tags.get(marks.TESTED) == tested_mark(before)
    ):
        return before
    published = context.clients.versions(context.region).every(context.name)
    if any(is_same(before, version) for version in published):
        return before
    functions, alias = context.clients.functions(context.region), context.function.alias
    return functions.read(context.name, alias, environment=environment) or before


def _is_on_top(context: ReleaseContext, now: FunctionState) -> bool:
    """Whether another run is testing its own changes on top of untested changes of this run.

    That run would restore the changes of this one. So the run that knows the version before both
    rolls back both, and the other run detects it.
    """
    tag = now.tags.get(marks.TESTED, "")
    if not tag.startswith(marks.UNDER_TEST) or tag == under_test(context):
        return False
    before = context.observed.latest if context.observed else None
    if before is None or context.function.has_alias:  # a version is live
        return True
    return before.tags.get(marks.TESTED) in (None, tested_mark(before))


def under_test(context: ReleaseContext) -> str:
    """The value of the tag for tests while this run tests its changes on top of another run's."""
    return marks.under_test_by(context.run_log.run)


def was_live(context: ReleaseContext) -> bool:
    """Whether ``$LATEST`` was the live version when this run began: no other run was active."""
    observed = context.observed
    if observed is None:
        return False
    if not context.function.has_alias:
        return is_proved(context.function, observed.latest)
    return observed.live is not None and is_same(observed.latest, observed.live)


def is_live(context: ReleaseContext, latest: FunctionState) -> bool:
    """Whether the state of ``$LATEST`` is live: by an alias, or as ``$LATEST`` itself."""
    if latest.tags.get(marks.TESTED) == tested_mark(latest):
        return True
    return any(is_same(latest, state) for state in _alias_versions(context))


def _alias_versions(context: ReleaseContext) -> Iterator[FunctionState]:
    """The versions of all aliases."""
    functions = context.clients.functions(context.region)
    for alias in context.clients.versions(context.region).aliases(context.name):
        if alias.name != marks.LOCK and (state := functions.read(context.name, alias.version)):
            yield state


def is_same(one: FunctionState, other: FunctionState) -> bool:
    """Whether two states have the same code and configuration, except the description."""
    first, second = (parameters_of(each) | {"Description": ""} for each in (one, other))
    return one.code_sha256 == other.code_sha256 and first == second


def write_code(
    functions: Functions,
    uploads: Uploads,
    name: str,
    previous: FunctionState,
    revision: str,
    live: FunctionState | None = None,
) -> None:
    """Write the code of an earlier ``$LATEST`` or of a version into ``$LATEST``.

    A zip is downloaded from AWS, and accepted only if its hash is the recorded one.

    Args:
        functions: client of the function's region.
        uploads: uploads a zip that is too large for a call.
        name: of the function.
        previous: the state that had the code.
        revision: of ``$LATEST`` when it was read.
        live: a version that may have the same code; AWS gives a fresh address of its zip.

    Raises:
        Conflict: ``$LATEST`` has changed since ``revision``.
        DeployError: the code is not available.
    """
    if previous.package == "Image":
        image = {"ImageUri": previous.code_location}
        functions.update_code(name, image, previous.architecture, previous.code_key, revision)
        return
    for place in filter(None, _places(functions, name, previous, live)):
        answer = request("GET", place, timeout=300, most=LARGEST_CODE)
        sha256 = base64.b64encode(hashlib.sha256(answer.body).digest()).decode()
        if answer.status == 200 and sha256 == previous.code_sha256:
            zipped = Archive(answer.body, sha256, unzipped=0)
            code = uploads.place(f"the previous code of {name}", zipped)
            functions.update_code(name, code, previous.architecture, previous.code_key, revision)
            return
    raise DeployFailed(
        f"the previous code of {name} (CodeSha256 {previous.code_sha256}) cannot be downloaded",
        remedy="Deploy the commit that it was built from.",
    )


def _places(
    functions: Functions, name: str, previous: FunctionState, live: FunctionState | None
) -> Iterator[str]:
    """The addresses of its zip; AWS makes each valid for ten minutes."""
    for state in (previous, live):
        if state and state.version != LATEST and state.code_sha256 == previous.code_sha256:
            fresh = functions.read(name, state.version)
            yield fresh.code_location if fresh else ""
    yield previous.code_location

"""What ``$LATEST`` was before: its code, its configuration and its tags, put back.

Each write is made on the condition that nothing has changed since the look that decided it (API:
``RevisionId``), and under the lock of the function, as it also depends on what others have done.
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
from lambda_fast_deploy.models.function_attributes import BY_MEMBER
from lambda_fast_deploy.packaging.upload import Uploads
from lambda_fast_deploy.planning.configuration import among, is_proved, parameters_of, tested_mark
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.ownership import locked
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.state import marks

LARGEST_CODE = 262_144_000  # bytes of a zip with its layers, unzipped (Lambda quotas)
TRIES = 5  # writes that others' changes stop


def restore_configuration(context: ReleaseContext, changes: Mapping[str, Any]) -> UndoResult | None:
    """Take back ``changes``, parameters of ``UpdateFunctionConfiguration``, as far as made."""
    functions, mine = context.clients.functions(context.region), _own(context, changes)

    def restore(now: FunctionState, home: FunctionState) -> UndoResult | None:
        have = parameters_of(now)
        sent = _as_in(have, mine) if _is_on_top(context, now) else mine
        restored = _differences(sent, have, parameters_of(home))
        if "Layers" in restored:
            restored["Layers"] = _with_foreign(context, now, home)
        if not restored:
            return UndoResult.NEEDLESS
        if is_had(context, now):
            return UndoResult.THEIRS
        functions.configure(context.name, restored, now.revision)
        return None

    return _restored(context, restore, environment="Environment" in changes)


def _own(context: ReleaseContext, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The changes without the variables that others had set, and that were sent as they were."""
    if "Environment" not in changes:
        return changes
    named = context.function.configuration.environment
    before = context.observed.latest.environment if context.observed else {}
    sent = changes["Environment"]["Variables"].items()
    own = {key: value for key, value in sent if key in named or before.get(key) != value}
    return {**changes, "Environment": {"Variables": own}}


def _with_foreign(context: ReleaseContext, now: FunctionState, home: FunctionState) -> list[str]:
    """The layers of ``home``, with those that others have attached since."""
    foreign = context.observed.foreign if context.observed else frozenset()
    if not foreign & {*now.layers} - {*home.layers}:
        return list(home.layers)
    own = tuple(arn for arn in home.layers if arn not in foreign)
    return list(among(now.layers, own, foreign))


def _differences(
    changes: Mapping[str, Any], now: Mapping[str, Any], home: Mapping[str, Any]
) -> dict[str, Any]:
    """What of ``changes`` is still so and was otherwise, as it was; variables one by one."""
    back = {
        member: BY_MEMBER[member].restore(sent, now.get(member), home[member])
        for member, sent in changes.items()
        if member in home
    }
    return {member: value for member, value in back.items() if value is not None}


def _as_in(have: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The same settings and variables as are in ``changes``, with what they are by now."""
    same = {key: have.get(key) for key in changes}
    if "Environment" in changes:
        variables, mine = (each["Environment"]["Variables"] for each in (have, changes))
        environment = {key: variables[key] for key in mine if key in variables}
        same["Environment"] = {"Variables": environment}
    return same


def restore_code(
    context: ReleaseContext, is_ours: Callable[[FunctionState], bool]
) -> UndoResult | None:
    """Put the previous code back into ``$LATEST``, if what is there is what this run has put there.

    Raises:
        DeployError: the previous code cannot be had any more.
    """

    def restore(now: FunctionState, home: FunctionState) -> UndoResult | None:
        # After an update that failed the previous code stays live, whatever Lambda says is there.
        is_home = now.code_sha256 == home.code_sha256
        if is_home and now.update_status != "InProgress":
            return UndoResult.NEEDLESS
        if not is_home and (is_had(context, now) or not (is_ours(now) or _is_on_top(context, now))):
            return UndoResult.THEIRS
        live = context.observed.live if context.observed else None
        functions = context.clients.functions(context.region)
        write_code(functions, Uploads(context), context.name, home, now.revision, live)
        return None

    return _restored(context, restore)


def _restored(
    context: ReleaseContext,
    restore: Callable[[FunctionState, FunctionState], UndoResult | None],
    *,
    environment: bool = False,
) -> UndoResult | None:
    """Look and write, again while others write between the two.

    Args:
        context: the release.
        restore: the look at what is there now and at what was there, and the write.
        environment: whether that of the function matters.
    """
    functions = context.clients.functions(context.region)
    try:
        with locked(context):
            for left in reversed(range(TRIES)):
                now = functions.read(context.name, environment=environment)
                if now is None:
                    break
                try:
                    return restore(now, _home(context, environment=environment))
                except Conflict:
                    if not left:
                        raise
    except NotFound:
        pass
    return UndoResult.NEEDLESS  # it is gone, and what this run has changed with it


def _home(context: ReleaseContext, *, environment: bool) -> FunctionState:
    """What ``$LATEST`` is led back to: what it was, if any version has that, or what users have.

    What it was can be what another run had uploaded, which failed or was killed.
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
    """Whether another run tests what it has put on top of what this one had, and has not proved.

    It would go back to that. So the run that knows what users had takes both back, and the other
    finds that out.
    """
    tag = now.tags.get(marks.TESTED, "")
    if not tag.startswith(marks.UNDER_TEST) or tag == under_test(context):
        return False
    before = context.observed.latest if context.observed else None
    if before is None or context.function.has_alias:  # what users have is a version
        return True
    return before.tags.get(marks.TESTED) in (None, tested_mark(before))


def under_test(context: ReleaseContext) -> str:
    """What the tag for tests says while this run tests what it has put on top of another's."""
    return marks.under_test_by(context.run_log.run)


def is_had_as_found(context: ReleaseContext) -> bool:
    """Whether ``$LATEST`` held what users had when this run began: no other one was at work."""
    observed = context.observed
    if observed is None:
        return False
    if not context.function.has_alias:
        return is_proved(context.function, observed.latest)
    return observed.live is not None and is_same(observed.latest, observed.live)


def is_had(context: ReleaseContext, latest: FunctionState) -> bool:
    """Whether any users have what ``$LATEST`` holds or held: by an alias, or by its own name."""
    if latest.tags.get(marks.TESTED) == tested_mark(latest):
        return True
    return any(is_same(latest, state) for state in _served(context))


def _served(context: ReleaseContext) -> Iterator[FunctionState]:
    """The versions that aliases lead to."""
    functions = context.clients.functions(context.region)
    for alias in context.clients.versions(context.region).aliases(context.name):
        if alias.name != marks.LOCK and (state := functions.read(context.name, alias.version)):
            yield state


def is_same(one: FunctionState, other: FunctionState) -> bool:
    """Whether two states differ in nothing but what is a version's own."""
    mine, theirs = (parameters_of(each) | {"Description": ""} for each in (one, other))
    return one.code_sha256 == other.code_sha256 and mine == theirs


def write_code(
    functions: Functions,
    uploads: Uploads,
    name: str,
    previous: FunctionState,
    revision: str,
    live: FunctionState | None = None,
) -> None:
    """Write the code of a former ``$LATEST`` or of a version into ``$LATEST``.

    A zip is fetched from where AWS keeps it, and accepted only if its hash is the recorded one.

    Args:
        functions: where the function is.
        uploads: the way of a zip that is too large for a call.
        name: the function's.
        previous: what had the code.
        revision: that of ``$LATEST`` as it was looked at.
        live: a version that may have the same code: where its zip is can be asked anew.

    Raises:
        Conflict: ``$LATEST`` has changed since ``revision``.
        DeployError: the code cannot be had any more.
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
        f"the previous code of {name} (CodeSha256 {previous.code_sha256}) cannot be fetched",
        remedy="Deploy the commit that it came from.",
    )


def _places(
    functions: Functions, name: str, previous: FunctionState, live: FunctionState | None
) -> Iterator[str]:
    """Where its zip is; what a look has told is good for ten minutes."""
    for state in (previous, live):
        if state and state.version != LATEST and state.code_sha256 == previous.code_sha256:
            fresh = functions.read(name, state.version)
            yield fresh.code_location if fresh else ""
    yield previous.code_location

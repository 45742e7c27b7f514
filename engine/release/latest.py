"""What ``$LATEST`` holds when a release is over: what has been tested, or what users have."""

from __future__ import annotations

from typing import Any

from engine.build.upload import Uploads
from engine.errors import Conflict, DeployError, NotFound, NotPermitted, Overtaken
from engine.model import FunctionState, marks
from engine.plan.configuration import is_proved, parameters_of, tested_mark
from engine.release.before import is_had, is_same, restore_tags, under_test, write_code
from engine.release.order import Order
from engine.release.ownership import locked
from engine.release.undo import Back


def announce_test(order: Order) -> None:
    """Say that this run tests ``$LATEST``, where that may be on top of what no test has passed.

    If that is another run's which fails, it takes back this one's, too: it alone knows what users
    had before either.
    """
    observed = order.observed
    if observed is None or is_proved(order.function, observed.latest):
        return
    order.journal.check()
    before, tag = observed.latest, {marks.TESTED: under_test(order)}
    functions = order.world.functions(order.region)

    def take_back() -> Back:
        restore_tags(functions, before, tag)
        return Back.NEEDLESS  # it says nothing of what users have

    order.undo.record(f"tag {marks.TESTED} of {order.name}", take_back)
    try:
        functions.tag(before.arn, tag)
    except NotFound:
        raise Overtaken(f"{order.name} is gone") from None
    except NotPermitted as denied:
        order.journal.note(f"Other runs do not see that {order.name} is tested: {denied.message}")


def mark_tested(order: Order, state: FunctionState, *, is_shared: bool) -> None:
    """Say that what ``$LATEST`` holds has passed its tests, where that is what users call.

    Args:
        order: the function.
        state: what was tested.
        is_shared: whether another run may have put a part of it there, and could take it back.

    Raises:
        Overtaken: it has taken it back.
    """
    if not order.function.proves_latest:
        return
    try:
        if not is_shared:
            _mark(order, state)
            return
        with locked(order):
            _check_unchanged(order, state)
            _mark(order, state)
            # Deploys take no lock, and a tag has no condition.
            _check_unchanged(order, state)
    except NotFound:
        raise Overtaken(f"{order.name} is gone") from None
    except NotPermitted as denied:
        order.journal.note(f"The next run tests {order.name} again: {denied.message}")


def _check_unchanged(order: Order, state: FunctionState) -> None:
    now = order.world.functions(order.region).read(order.name)
    if now is None or tested_mark(now) != tested_mark(state):
        raise Overtaken(f"what was tested of {order.name} has been changed since")


def _mark(order: Order, state: FunctionState) -> None:
    tested = {marks.TESTED: tested_mark(state)}
    if {**state.tags, **tested} != dict(state.tags):
        order.world.functions(order.region).tag(state.arn, tested)


def follow(order: Order, version: FunctionState) -> str:
    """Make ``$LATEST`` what users have, so that nobody publishes what was given up.

    It stays as it is where others have led the alias elsewhere, or users have what it holds.

    Returns:
        Why it stays as it is; nothing if it is as the version.
    """
    try:
        with locked(order):
            return _follow(order, version)
    except Conflict:
        return "somebody else has changed it"
    except DeployError as error:
        return error.message


def _follow(order: Order, version: FunctionState) -> str:
    functions, name = order.world.functions(order.region), order.name
    now = functions.read(name)
    alias = order.world.versions(order.region).alias(name, order.function.alias)
    if now is None or alias is None or alias.version != version.version:
        return "somebody else has led users elsewhere"
    if is_same(now, version):
        return ""
    if is_had(order, now):
        return "somebody else has deployed it"
    if unknown := now.environment_error or version.environment_error:
        return f"its environment cannot be read: {unknown}"
    changes, revision = _differences(order, version, now), now.revision
    if changes:
        revision = functions.configure(name, changes, revision)
    if now.code_sha256 != version.code_sha256:
        write_code(functions, Uploads(order), name, version, revision)
    return ""


def _differences(order: Order, version: FunctionState, now: FunctionState) -> dict[str, Any]:
    """What of a configuration is to be as a version has it; what others have set meanwhile stays.

    That is what is neither as this run found it nor as a version had it.
    """
    wanted, have = parameters_of(version), parameters_of(now)
    observed = order.observed
    found = (observed.latest, observed.live) if observed else ()
    known = [wanted, *(parameters_of(state) for state in found if state)]
    del wanted["Description"]  # a version's own tells of its release
    environment, there = wanted.pop("Environment")["Variables"], have["Environment"]["Variables"]
    seen = [each.get("Environment", {}).get("Variables", {}) for each in known[1:]] + [environment]
    kept = {k: v for k, v in there.items() if all(v != each.get(k) for each in seen)}
    changes = {
        key: value
        for key, value in wanted.items()
        if value != have.get(key) and any(have.get(key) == each.get(key) for each in known)
    }
    if (after := {**environment, **kept}) != there:
        changes["Environment"] = {"Variables": after}
    return changes

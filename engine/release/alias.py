"""The alias moves last, in one atomic call; until then users are on the previous version."""

from __future__ import annotations

from engine.adapters.aws.functions import Functions
from engine.errors import Conflict
from engine.journal import Journal
from engine.model import Action, AliasState, Function, FunctionState, ObservedFunction, Plan
from engine.release.undo import Undo


def expose(
    function: Function,
    region: str,
    plan: Plan,
    version: FunctionState,
    observed: ObservedFunction | None,
    functions: Functions,
    journal: Journal,
    undo: Undo,
) -> AliasState:
    """Let users meet a version.

    Raises:
        Conflict: the alias was moved by somebody else since the run began.
    """
    step = plan.step(region, f"alias:{function.name}")
    before = observed.alias if observed else None
    with journal.work(step.id, step.action, step.reason, region) as detail:
        if before is None:
            undo.record(
                f"alias {function.alias} of {function.name}",
                lambda: functions.delete_alias(function.name, function.alias),
            )
            moved = functions.put_alias(
                function.name, function.alias, version.version, "no previous version"
            )
        else:
            moved = _move(function, version, before, functions)
            undo.record(
                f"alias {function.alias} of {function.name}, back to version {before.version}",
                lambda: _move_back(function, before, moved, functions),
            )
        detail(f"{function.alias} -> version {moved.version}")
        return moved


def _move(
    function: Function, version: FunctionState, before: AliasState, functions: Functions
) -> AliasState:
    try:
        return functions.put_alias(
            function.name,
            function.alias,
            version.version,
            f"previous version {before.version}",
            before.revision,
        )
    except Conflict:
        now = functions.alias(function.name, function.alias)
        raise Conflict(
            f"somebody else moved alias {function.alias} of {function.name} to version "
            f"{now.version if now else 'none'} while this run was deploying",
            remedy="Nothing of theirs was changed. Run again to deploy on top of it.",
        ) from None


def _move_back(
    function: Function, before: AliasState, moved: AliasState, functions: Functions
) -> None:
    functions.put_alias(
        function.name, function.alias, before.version, before.description, moved.revision
    )


def give_url(
    function: Function,
    region: str,
    plan: Plan,
    functions: Functions,
    journal: Journal,
    undo: Undo,
) -> str:
    """The function URL that was asked for, created when the plan says so."""
    step = plan.step(region, f"url:{function.name}")
    if step.action is Action.SKIP:
        return functions.url(function.name, function.alias)
    with journal.work(step.id, step.action, step.reason, region) as detail:
        undo.record(
            f"function URL of {function.name}",
            lambda: functions.delete_url(function.name, function.alias),
        )
        url = functions.create_url(function.name, function.alias, public=function.url == "public")
        detail(url)
        return url

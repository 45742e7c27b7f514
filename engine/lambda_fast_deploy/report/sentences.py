"""The outcome of a function or a stack, in one sentence."""

from __future__ import annotations

from lambda_fast_deploy.models import LATEST, FunctionOutcome


def sentence(delivery: FunctionOutcome) -> str:
    """The outcome of a function or a stack, in one sentence."""
    name, alias = delivery.function, delivery.alias
    if delivery.is_stack:
        return _of_stack(delivery)
    if delivery.outcome == "deployed":
        if delivery.previous == delivery.version:
            reason = "the built content is unchanged"
            return f"{name}: {alias} still serves version {delivery.version}, because {reason}"
        before = f" (before: {delivery.previous})" if delivery.previous else ""
        return f"{name}: {alias} now serves version {delivery.version}{before}"
    if delivery.outcome == "unchanged":
        if delivery.settings:
            return f"{name}: {', '.join(delivery.settings)} changed, {_serves_still(delivery)}"
        if alias == LATEST:
            return f"{name}: nothing to do, {LATEST} is up to date"
        return f"{name}: nothing to do, {alias} already serves version {delivery.version}"
    if delivery.outcome == "planned":
        return f"{name}: planned only"
    if delivery.left:
        return f"{name}: failed, {_incomplete(delivery)}"
    failed = "failed and rolled back" if delivery.outcome == "rolled-back" else "failed"
    return f"{name}: {failed}, {_live_state(delivery)}"


def _serves_still(delivery: FunctionOutcome) -> str:
    if delivery.alias == LATEST:
        return f"{LATEST} still has the same code"
    return f"{delivery.alias} still serves version {delivery.version}"


def _incomplete(delivery: FunctionOutcome) -> str:
    count = len(delivery.left)
    changes = "1 change needs" if count == 1 else f"{count} changes need"
    return f"rollback incomplete: {changes} a manual fix"


def _live_state(delivery: FunctionOutcome) -> str:
    """The live version of a function whose release has failed."""
    alias, version, is_same = delivery.alias, delivery.version, delivery.serves == "same"
    if delivery.serves == "unknown":
        return f"could not read which version {alias} serves"
    if delivery.serves == "nothing":
        return f"{alias} serves nothing"
    if not version:
        was_created = delivery.outcome == "rolled-back"
        return "the function was deleted" if was_created else "nothing was created"
    if alias == LATEST:
        return f"$LATEST {'still has the previous code' if is_same else 'now has other code'}"
    if is_same:
        return f"{alias} still serves version {version}"
    return f"{alias} now serves version {version}"


def _of_stack(delivery: FunctionOutcome) -> str:
    before = f" (before: {delivery.previous})"
    if delivery.drifted and delivery.outcome == "deployed":
        return f"stack {delivery.function}: {', '.join(delivery.drifted)} updated directly"
    prefix = f"stack {delivery.function} "
    restored = delivery.rolled_back
    states = (each.removeprefix(prefix) for each in restored if each.startswith(prefix))
    state = f"it {next(states, 'has its previous state')}"
    incomplete = f"failed, {_incomplete(delivery)}"
    results = {
        "deployed": f"now in state {delivery.version}" + (before if delivery.previous else ""),
        "unchanged": "nothing to do",
        "planned": "planned only",
        "rolled-back": incomplete if delivery.left else f"failed and rolled back, {state}",
        "failed": incomplete if delivery.left else "failed",
    }
    return f"stack {delivery.function}: {results[delivery.outcome]}"

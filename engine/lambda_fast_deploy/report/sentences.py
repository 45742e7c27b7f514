"""How a function or a stack came out, in one plain sentence."""

from __future__ import annotations

from lambda_fast_deploy.models import LATEST, FunctionOutcome


def sentence(delivery: FunctionOutcome) -> str:
    """How one function came out, in one plain sentence."""
    name, alias = delivery.function, delivery.alias
    if delivery.is_stack:
        return _of_stack(delivery)
    if delivery.outcome == "deployed":
        if delivery.previous == delivery.version:
            reason = "what was built came out the same"
            return f"{name}: {alias} still serves version {delivery.version}, as {reason}"
        before = f" (before: {delivery.previous})" if delivery.previous else ""
        return f"{name}: {alias} now serves version {delivery.version}{before}"
    if delivery.outcome == "unchanged":
        return f"{name}: nothing to do, {alias} already serves version {delivery.version}"
    if delivery.outcome == "planned":
        return f"{name}: planned only"
    if delivery.left:
        return f"{name}: failed and not fully undone, {len(delivery.left)} left to mend by hand"
    failed = "failed and undone" if delivery.outcome == "undone" else "failed"
    return f"{name}: {failed}, {_served(delivery)}"


def _served(delivery: FunctionOutcome) -> str:
    """What users have of a function whose release has failed."""
    alias, version, is_same = delivery.alias, delivery.version, delivery.serves == "same"
    if delivery.serves == "unknown":
        return f"what {alias} serves now could not be asked"
    if delivery.serves == "nothing":
        return f"{alias} serves nothing"
    if not version:
        return "nothing is left" if delivery.outcome == "undone" else "nothing was created"
    if alias == LATEST:
        return f"users have {'the code that they had' if is_same else 'other code by now'}"
    if is_same:
        return f"{alias} still serves version {version}"
    return f"{alias} serves version {version} by now"


def _of_stack(delivery: FunctionOutcome) -> str:
    left = f"{len(delivery.left)} left to mend by hand"
    before = f" (before: {delivery.previous})"
    if delivery.drifted and delivery.outcome == "deployed":
        return f"stack {delivery.function}: {', '.join(delivery.drifted)} updated past it"
    prefix = f"stack {delivery.function} "
    states = (each.removeprefix(prefix) for each in delivery.undone if each.startswith(prefix))
    undone = f"it {next(states, 'is as it was')}"
    not_undone = f"failed and not fully undone, {left}"
    results = {
        "deployed": f"now in state {delivery.version}" + (before if delivery.previous else ""),
        "unchanged": "nothing to do",
        "planned": "planned only",
        "undone": not_undone if delivery.left else f"failed and undone, {undone}",
        "failed": not_undone if delivery.left else "failed",
    }
    return f"stack {delivery.function}: {results[delivery.outcome]}"

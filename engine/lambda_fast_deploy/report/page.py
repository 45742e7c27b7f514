"""The page a person reads after a run, in GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import Cancelled, DeployError
from lambda_fast_deploy.journal import Journal, LogEntry
from lambda_fast_deploy.models import LATEST, Action, FunctionOutcome, Outcome, Step
from lambda_fast_deploy.report import charts
from lambda_fast_deploy.report.console_links import console, log
from lambda_fast_deploy.report.markdown import cell, code, fence, folded, link, table
from lambda_fast_deploy.report.prices import AS_OF, MINUTE, STORED
from lambda_fast_deploy.report.timeline import timeline

LIMIT = 1_000_000  # bytes; GitHub drops a summary of more than 1 MiB whole
FEW = 12  # functions that are listed one by one even where nothing happened to them
SHORT = 16  # steps that need not be folded away
WORTH = 20.0  # seconds spared that are worth a word

_MARKS = {
    "deployed": "✅",
    "unchanged": "✅",
    "planned": "📋",
    "undone": "↩️",
    "failed": "❌",
}


def sentence(delivery: FunctionOutcome) -> str:
    """How one function came out, in one plain sentence."""
    name, alias = delivery.function, delivery.alias
    if delivery.is_stack:
        return _of_stack(delivery)
    if delivery.outcome == "deployed":
        if delivery.previous == delivery.version:
            came = "what was built came out the same"
            return f"{name}: {alias} still serves version {delivery.version}, as {came}"
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
    said = f"stack {delivery.function} "
    found = (each.removeprefix(said) for each in delivery.undone if each.startswith(said))
    undone = f"it {next(found, 'is as it was')}"
    not_undone = f"failed and not fully undone, {left}"
    came = {
        "deployed": f"now in state {delivery.version}" + (before if delivery.previous else ""),
        "unchanged": "nothing to do",
        "planned": "planned only",
        "undone": not_undone if delivery.left else f"failed and undone, {undone}",
        "failed": not_undone if delivery.left else "failed",
    }
    return f"stack {delivery.function}: {came[delivery.outcome]}"


def summary(outcome: Outcome | None, journal: Journal, error: DeployError | None = None) -> str:
    """The step summary of a run that ended well or badly."""
    parts = [f"## {_headline(outcome, journal, error)}"]
    if error:
        parts.append(fence(str(error)))
    if outcome:
        parts += [
            _failures(outcome),
            _functions(outcome),
            _sums(outcome, journal),
            *(f"> [!WARNING]\n> {cell(said)}" for said in charts.regressions(outcome.deliveries)),
            _tests(outcome, journal),
            _outputs(outcome),
        ]
    parts += [f"> [!NOTE]\n> {cell(note)}" for note in journal.notes]
    if outcome:
        parts.append(_steps(outcome, journal))
    if any(":" in entry.id for entry in journal.entries):  # else it has only looked
        parts.append(folded("Timeline", timeline(journal), opened=True))
    if outcome:
        alone = outcome.deliveries[0] if len(outcome.deliveries) == 1 else None
        sizes = charts.heaviest(outcome.packages)
        parts.append(folded("Sizes", "\n\n".join(filter(None, (_sizes(outcome), sizes)))))
        parts.append(folded("Releases before", charts.past(alone) if alone else ""))
    # A function's answer can hold half a surrogate pair, which no file takes.
    page = ("\n\n".join(filter(None, parts)) + "\n").encode("utf-8", "replace")
    if len(page) > LIMIT:
        return page[:LIMIT].decode("utf-8", "ignore") + "\n\n… cut here.\n"
    return page.decode()


# ------------------------------------------------------------ what came of it


def _headline(outcome: Outcome | None, journal: Journal, error: DeployError | None) -> str:
    seconds = f"in {units.seconds(journal.elapsed, 1)}"
    if error or not outcome:
        what = "nothing was touched" if error and error.exit_code in (2, 3) else "failed"
        what = "cancelled" if isinstance(error, Cancelled) else what
        return f"❌ Not deployed: {what}, {seconds}"
    if not outcome.deliveries:
        return f"✅ Base images are there, {seconds}"
    if len(outcome.deliveries) == 1:
        delivery = outcome.deliveries[0]
        mark = _MARKS["failed" if delivery.left else delivery.outcome]
        if delivery.outcome == "planned":
            changes = sum(step.action.changes for step in outcome.plan.steps)
            would = f"{changes} of {len(outcome.plan.steps)} steps would change something"
            return f"{mark} {cell(sentence(delivery))}: {would}, {seconds}"
        return f"{mark} {cell(sentence(delivery))}, {seconds}"
    counts = {
        kind: sum(d.outcome == kind for d in outcome.deliveries)
        for kind in _MARKS
        if any(d.outcome == kind for d in outcome.deliveries)
    }
    mark = "✅" if not outcome.exit_code else "❌"
    return f"{mark} {', '.join(f'{n} {kind}' for kind, n in counts.items())}, {seconds}"


def _failures(outcome: Outcome) -> str:
    parts = []
    for delivery in outcome.deliveries:
        if delivery.error:
            parts.append(f"### {cell(delivery.function)} in {delivery.region}")
            parts.append(fence("\n".join(filter(None, (delivery.error, delivery.remedy)))))
            parts += [f"- undone: {cell(what)}" for what in delivery.undone]
            parts += [f"- not undone: {cell(what)}" for what in delivery.spared]
            parts += [f"- **left, mend by hand**: {cell(what)}" for what in delivery.left]
            where = " · ".join(filter(None, (log(delivery), console(delivery))))
            parts.append(f"- {where}" if delivery.arn else "")
    return "\n".join(parts)


def _functions(outcome: Outcome) -> str:
    """Every function, or those to which something happened and how many there are besides."""
    several = len({delivery.region for delivery in outcome.deliveries}) > 1
    listed = list(outcome.deliveries)
    quiet = [d for d in listed if d.outcome in ("unchanged", "planned")]
    if len(listed) > FEW and quiet:
        listed = [delivery for delivery in listed if delivery not in quiet]
    rest = len(outcome.deliveries) - len(listed)
    written = table(
        (
            "",
            "stack" if all(d.is_stack for d in listed) else "function",
            "region",
            "version",
            "before",
            "cold start",
            "warm",
            "code",
            "address",
            "",
        ),
        (
            (
                _MARKS[d.outcome],
                code(d.function),
                d.region if several else "",
                d.version,
                d.previous,
                cell(_against(d.speed.cold, d.speed_before.cold)),
                cell(_against(d.speed.warm, d.speed_before.warm)),
                _size(d),
                link(d.url, "open") if d.url else "",
                console(d),
            )
            for d in listed
        ),
    )
    return "\n\n".join(filter(None, (written, f"{rest} others unchanged." if rest else "")))


def _against(now: float | None, before: float | None) -> str:
    """A time, and the one before it."""
    if now is None:
        return ""
    return units.milliseconds(now) + (
        f" (before: {units.milliseconds(before)})" if before is not None else ""
    )


def _size(delivery: FunctionOutcome) -> str:
    if delivery.image_size:
        return f"image, {units.size(delivery.image_size)}"
    if not delivery.code_size:
        return "image" if delivery.image_uri else ""
    before = delivery.code_size_before
    now, was = units.size(delivery.code_size), units.size(before)
    return f"{now} (before: {was})" if before and was != now else now


def _sums(outcome: Outcome, journal: Journal) -> str:
    """What was done and what was spared, in a line; nothing of a plan."""
    if all(delivery.outcome == "planned" for delivery in outcome.deliveries):
        return ""
    kinds = [step.action for step in outcome.plan.steps if step.kind in ("base", "image", "layer")]
    said, prices = [], f"(list price of {AS_OF})"
    if kinds:
        built = sum(action is Action.BUILD for action in kinds)
        others = "" if built == len(kinds) else ", the others reused"
        what = f"{built} of {len(kinds)} images and layers built{others}"
        said.append(what if built else "No image or layer had to be built")
    slowest = max(
        (p.seconds for d in outcome.deliveries for p in d.history if p.seconds), default=0.0
    )
    if slowest - journal.elapsed > WORTH:
        saved = (slowest - journal.elapsed) / 60
        said.append(
            f"{slowest / journal.elapsed:.0f} times as fast as the slowest release before "
            f"({units.seconds(slowest)}): {saved:.1f} minutes, {saved * MINUTE:.3f} USD of a "
            "runner spared "
            f"{prices}"
        )
    if images := sum(delivery.image_size for delivery in outcome.deliveries):
        said.append(f"storage of what was built: {images * STORED:.2f} USD a month {prices}")
    return f"{'; '.join(said)}." if said else ""


def _outputs(outcome: Outcome) -> str:
    """What stacks tell of themselves."""
    several = len(outcome.deliveries) > 1
    return table(
        ("output", "region", "value"),
        (
            (f"`{name}`", d.region if several else "", link(value))
            for d in outcome.deliveries
            for name, value in d.outputs.items()
        ),
    )


def _sizes(outcome: Outcome) -> str:
    layers = {name: size for d in outcome.deliveries for name, size in d.layer_sizes.items()}
    return table(
        ("layer", "unzipped"),
        ((code(name), units.size(size)) for name, size in layers.items() if size),
    )


# ------------------------------------------------------------ how it came


def _tests(outcome: Outcome, journal: Journal) -> str:
    """Every test that ran, those that failed first; of many functions only those."""
    ran = [entry for entry in journal.entries if entry.action == "test"]
    failed = [entry for entry in ran if entry.outcome == "failed"]
    shown_here = [*failed, *(entry for entry in ran if entry.outcome != "failed")]
    passed = ""
    if len(outcome.deliveries) > FEW:
        shown_here, passed = failed, f"{len(ran) - len(failed)} tests passed."
    several = len({delivery.region for delivery in outcome.deliveries}) > 1
    functions = {entry.id.split(":")[1] for entry in ran}
    written = table(
        ("", "test", "function", "region", "when", "seconds", "answer"),
        (
            (
                "❌" if entry.outcome == "failed" else "✅",
                code(entry.id.partition(":")[2].partition(":")[2] or "canary"),
                code(entry.id.split(":")[1])
                if max(len(outcome.deliveries), len(functions)) > 1
                else "",
                entry.region if several else "",
                cell(entry.reason),
                f"{entry.seconds:.2f}",
                cell(entry.detail),
            )
            for entry in shown_here
        ),
    )
    return "\n\n".join(filter(None, (written, passed if ran else "")))


def _steps(outcome: Outcome, journal: Journal) -> str:
    worked: dict[tuple[str, str], list[LogEntry]] = {}
    for entry in journal.entries:
        worked.setdefault((entry.region, entry.id), []).append(entry)
    released = any(delivery.outcome != "planned" for delivery in outcome.deliveries)
    several = len({step.region for step in outcome.plan.steps}) > 1

    def row(step: Step) -> tuple[str, ...]:
        entries = worked.get((step.region, step.id), [])
        quiet = step.action in (Action.SKIP, Action.REUSE)
        if any(entry.outcome == "failed" for entry in entries):
            came = "**failed**"
        elif entries:
            detail = entries[-1].detail
            came = link(detail) if step.kind == "url" else cell(detail)
        elif quiet or not released:
            came = ""
        else:  # what refers to something that changed is often the same all the same
            came = "left as it was" if step.kind == "resource" else "not reached"
        return (
            str(step.action) if quiet else f"**{step.action}**",
            code(step.id),
            step.region if several else "",
            f"{sum(entry.seconds for entry in entries):.2f}" if entries else "",
            cell(step.reason),
            came,
        )

    steps: Iterable[Step] = outcome.plan.steps
    many = len(outcome.deliveries) > FEW
    if many:
        steps = [step for step in steps if step.action.changes or (step.region, step.id) in worked]
    written = table(
        ("", "step", "region", "seconds", "why", "result"), [row(step) for step in steps]
    )
    title = "Every step that did something, and why" if many else "Every step, and why"
    return folded(title, written, opened=len(outcome.plan.steps) <= SHORT)

"""The page a person reads after a run, in GitHub's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.errors import Cancelled, DeployError
from engine.journal import Entry, Journal
from engine.model import Action, Delivery, Outcome, Step
from engine.report.timeline import timeline

BLOCK = 20_000  # characters of one error
LIMIT = 1_000_000  # bytes; GitHub drops a summary of more than 1 MiB whole

_MARKS = {
    "deployed": "✅",
    "unchanged": "✅",
    "planned": "📋",
    "undone": "↩️",
    "failed": "❌",
}


def cell(text: str) -> str:
    """Untrusted text as a table cell: no markup, no line break, no column."""
    escaped = re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", text)
    return " ".join(escaped.split())


def _link(url: str) -> str:
    """An address that can be followed; anything unlike an address is shown as text."""
    return f"<{url}>" if re.fullmatch(r"https?://[\w.:/-]+", url) else cell(url)


def _fence(text: str) -> str:
    """Untrusted text as a block that nothing in it can end."""
    if len(text) > BLOCK:
        text = f"{text[:BLOCK]}\n… cut here, {len(text)} characters in all; see the log"
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], *, regions: int) -> str:
    """A table; its column ``region`` is left out where there is only one."""
    titles = list(head)
    kept = [i for i, title in enumerate(titles) if title != "region" or regions > 1]
    lines = [[titles[i] for i in kept], ["---"] * len(kept)]
    for row in rows:
        cells = list(row)
        lines.append([cells[i] for i in kept])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def sentence(delivery: Delivery) -> str:
    """How one function came out, in one plain sentence."""
    name, alias = delivery.function, delivery.alias
    if delivery.outcome == "deployed":
        before = f" (before: {delivery.previous})" if delivery.previous else ""
        return f"{name}: {alias} now serves version {delivery.version}{before}"
    if delivery.outcome == "unchanged":
        return f"{name}: nothing to do, {alias} already serves version {delivery.version}"
    if delivery.outcome == "planned":
        return f"{name}: planned only"
    if delivery.left:
        return f"{name}: failed and not fully undone, {len(delivery.left)} left to mend by hand"
    served = f"{alias} still serves version {delivery.version}"
    if delivery.outcome == "undone":
        return f"{name}: failed and undone, " + (served if delivery.version else "nothing is left")
    return f"{name}: failed, " + (served if delivery.version else "nothing was created")


def summary(outcome: Outcome | None, journal: Journal, error: DeployError | None = None) -> str:
    """The step summary of a run that ended well or badly."""
    parts = [f"## {_headline(outcome, journal, error)}"]
    if error:
        parts.append(_fence(str(error)))
    if outcome:
        parts += [_failures(outcome), _functions(outcome), _steps(outcome, journal)]
    parts.append(timeline(journal))
    parts += [f"> [!NOTE]\n> {cell(note)}" for note in journal.notes]
    # A function's answer can hold half a surrogate pair, which no file takes.
    page = ("\n\n".join(filter(None, parts)) + "\n").encode("utf-8", "replace")
    if len(page) > LIMIT:
        return page[:LIMIT].decode("utf-8", "ignore") + "\n\n… cut here.\n"
    return page.decode()


def _headline(outcome: Outcome | None, journal: Journal, error: DeployError | None) -> str:
    seconds = f"in {journal.elapsed:.1f} s"
    if error or not outcome:
        what = "nothing was touched" if error and error.exit_code in (2, 3) else "failed"
        what = "cancelled" if isinstance(error, Cancelled) else what
        return f"❌ Not deployed: {what}, {seconds}"
    if not outcome.deliveries:
        return f"✅ Base images are there, {seconds}"
    if len(outcome.deliveries) == 1:
        delivery = outcome.deliveries[0]
        mark = _MARKS["failed" if delivery.left else delivery.outcome]
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
            parts.append(_fence("\n".join(filter(None, (delivery.error, delivery.remedy)))))
            parts += [f"- undone: {cell(what)}" for what in delivery.undone]
            parts += [f"- **left, mend by hand**: {cell(what)}" for what in delivery.left]
    return "\n".join(parts)


def _functions(outcome: Outcome) -> str:
    if not outcome.deliveries:
        return ""
    return _table(
        ("", "function", "region", "version", "before", "code", "address"),
        (
            (
                _MARKS[d.outcome],
                f"`{d.function}`",
                d.region,
                d.version,
                d.previous,
                f"{d.code_size / 1000:.1f} kB" if d.code_size else "image",
                _link(d.url),
            )
            for d in outcome.deliveries
        ),
        regions=len({d.region for d in outcome.deliveries}),
    )


def _steps(outcome: Outcome, journal: Journal) -> str:
    worked: dict[tuple[str, str], list[Entry]] = {}
    for entry in journal.entries:
        worked.setdefault((entry.region, entry.id), []).append(entry)
    released = any(delivery.outcome != "planned" for delivery in outcome.deliveries)

    def row(step: Step) -> tuple[str, ...]:
        entries = worked.get((step.region, step.id), [])
        quiet = step.action in (Action.SKIP, Action.REUSE)
        if any(entry.outcome == "failed" for entry in entries):
            came = "**failed**"
        elif entries:
            came = _link(entries[-1].detail)
        else:
            came = "" if quiet or not released else "not reached"
        return (
            str(step.action) if quiet else f"**{step.action}**",
            f"`{step.id}`",
            step.region,
            f"{sum(entry.seconds for entry in entries):.2f}" if entries else "",
            cell(step.reason),
            came,
        )

    table = _table(
        ("", "step", "region", "seconds", "why", "what came of it"),
        map(row, outcome.plan.steps),
        regions=len({step.region for step in outcome.plan.steps}),
    )
    return f"<details open><summary>Every step, and why</summary>\n\n{table}\n\n</details>"

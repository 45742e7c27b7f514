"""A Mermaid timeline of the run, parallel work side by side."""

from __future__ import annotations

import re

from engine.journal import Entry, Journal

_SHORTEST = 0.05  # seconds; anything shorter could not be seen
SHORT = 20.0  # seconds; up to that a tick for each second can be read


def _label(text: str) -> str:
    """A task's name: Mermaid reads colons, semicolons and hashes as its own."""
    return " ".join(re.sub(r"[^\w .@/-]+", " ", text).split())


def timeline(journal: Journal) -> str:
    """The Gantt chart as a fenced block, or nothing when no work was done."""
    if not journal.entries:
        return ""
    short = journal.elapsed < SHORT
    lines = [
        "```mermaid",
        "gantt",
        "    dateFormat x",
        f"    axisFormat {'%Ss' if short else '%M:%S'}",
        *(["    tickInterval 1second"] if short else []),
        "    todayMarker off",
    ]
    first: dict[str, float] = {}
    for entry in journal.entries:
        first.setdefault(_section(entry), entry.start)
    section = None
    for entry in sorted(journal.entries, key=lambda e: (first[_section(e)], e.start)):
        if section != _section(entry):
            section = _section(entry)
            lines.append(f"    section {_label(section)}")
        state = "crit, " if entry.outcome == "failed" or entry.action == "undo" else ""
        start = round(entry.start * 1000)
        end = round((entry.start + max(entry.seconds, _SHORTEST)) * 1000)
        kind, _, rest = entry.id.partition(":")
        name = _label(f"{kind} {rest.partition(':')[2]} {entry.seconds:.1f} s")
        lines.append(f"    {name} :{state}{start}, {end}")
    return "\n".join([*lines, "```"])


def _section(entry: Entry) -> str:
    return entry.id.split(":")[1] if ":" in entry.id else "preparation"

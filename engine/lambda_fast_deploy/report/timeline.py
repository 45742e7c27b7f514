"""A Mermaid timeline of the run, parallel work side by side."""

from __future__ import annotations

from lambda_fast_deploy import units
from lambda_fast_deploy.report.markdown import label, mermaid
from lambda_fast_deploy.run_log import ROLLBACK, LogEntry, RunLog

_SHORTEST = 0.05  # seconds; a shorter bar is not visible
MOST = 60  # entries that are still legible
SHORT = 20.0  # seconds; a longer run has no tick for each second


def timeline(run_log: RunLog) -> str:
    """The Gantt chart as a fenced block; empty if no work was done."""
    if not run_log.entries:
        return ""
    short = run_log.elapsed < SHORT
    entries = sorted(run_log.entries, key=lambda e: -e.seconds)[:MOST]
    regions = {entry.region for entry in entries if entry.region}

    def section_of(entry: LogEntry) -> str:
        """The subject of an entry, with its region if the run has several."""
        subject = entry.id.split(":")[1] if ":" in entry.id else "preparation"
        return f"{subject} {entry.region}" if len(regions) > 1 and entry.region else subject

    lines = [
        "gantt",
        "    dateFormat x",
        f"    axisFormat {'%Ss' if short else '%M:%S'}",
        *(["    tickInterval 1second"] if short else []),
        "    todayMarker off",
    ]
    first: dict[str, float] = {}
    for entry in entries:
        name = section_of(entry)
        first[name] = min(entry.start, first.get(name, entry.start))
    section = None
    for entry in sorted(entries, key=lambda e: (first[section_of(e)], e.start)):
        if section != section_of(entry):
            section = section_of(entry)
            lines.append(f"    section {label(section)}")
        state = "crit, " if entry.outcome == "failed" or entry.action == ROLLBACK else ""
        start = round(entry.start * 1000)
        end = round((entry.start + max(entry.seconds, _SHORTEST)) * 1000)
        kind, _, rest = entry.id.partition(":")
        name = label(f"{kind} {rest.partition(':')[2]} {units.seconds(entry.seconds, 1)}")
        lines.append(f"    {name} :{state}{start}, {end}")
    others = len(run_log.entries) - len(entries)
    omission = f"\n\nThe longest {MOST} entries; {others} shorter ones are omitted."
    return mermaid(*lines) + (omission if others else "")

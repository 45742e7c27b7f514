"""The tables of the page: functions, tests, steps, sizes and outputs of stacks."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_fast_deploy import units
from lambda_fast_deploy.models import Action, FunctionOutcome, Outcome, Step
from lambda_fast_deploy.report.console_links import console
from lambda_fast_deploy.report.markdown import cell, code, folded, link, table
from lambda_fast_deploy.run_log import LogEntry, RunLog

FEW = 12  # functions that are listed one by one even if they are unchanged
SHORT = 16  # steps that are shown expanded

MARKS = {
    "deployed": "✅",
    "unchanged": "✅",
    "planned": "📋",
    "rolled-back": "↩️",
    "failed": "❌",
}


def functions(outcome: Outcome) -> str:
    """Every function; of many functions only those that changed, and the number of the others."""
    several = len({delivery.region for delivery in outcome.deliveries}) > 1
    deliveries = list(outcome.deliveries)
    uneventful = [d for d in deliveries if d.outcome in ("unchanged", "planned")]
    if len(deliveries) > FEW and uneventful:
        deliveries = [delivery for delivery in deliveries if delivery not in uneventful]
    rest = len(outcome.deliveries) - len(deliveries)
    text = table(
        (
            "",
            "stack" if all(d.is_stack for d in deliveries) else "function",
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
                MARKS[d.outcome],
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
            for d in deliveries
        ),
    )
    state = "planned" if any(d.outcome == "planned" for d in outcome.deliveries) else "unchanged"
    return "\n\n".join(filter(None, (text, f"{rest} others {state}." if rest else "")))


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
    now, size_before = units.size(delivery.code_size), units.size(before)
    return f"{now} (before: {size_before})" if before and size_before != now else now


def outputs(outcome: Outcome) -> str:
    """The outputs of stacks."""
    several = len(outcome.deliveries) > 1
    return table(
        ("output", "region", "value"),
        (
            (f"`{name}`", d.region if several else "", link(value))
            for d in outcome.deliveries
            for name, value in d.outputs.items()
        ),
    )


def sizes(outcome: Outcome) -> str:
    layers = {name: size for d in outcome.deliveries for name, size in d.layer_sizes.items()}
    return table(
        ("layer", "unzipped"),
        ((code(name), units.size(size)) for name, size in layers.items() if size),
    )


def tests(outcome: Outcome, run_log: RunLog) -> str:
    """Every test that ran, those that failed first; of many functions only those."""
    entries = [entry for entry in run_log.entries if entry.action == "test"]
    failed = [entry for entry in entries if entry.outcome == "failed"]
    rows = [*failed, *(entry for entry in entries if entry.outcome != "failed")]
    passed = ""
    if len(outcome.deliveries) > FEW:
        rows, passed = failed, f"{len(entries) - len(failed)} tests passed."
    several = len({delivery.region for delivery in outcome.deliveries}) > 1
    functions = {entry.id.split(":")[1] for entry in entries}
    text = table(
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
            for entry in rows
        ),
    )
    return "\n\n".join(filter(None, (text, passed if entries else "")))


def steps(outcome: Outcome, run_log: RunLog) -> str:
    entries_of: dict[tuple[str, str], list[LogEntry]] = {}
    for entry in run_log.entries:
        entries_of.setdefault((entry.region, entry.id), []).append(entry)
    released = any(delivery.outcome != "planned" for delivery in outcome.deliveries)
    several = len({step.region for step in outcome.plan.steps}) > 1

    def row(step: Step) -> tuple[str, ...]:
        entries = entries_of.get((step.region, step.id), [])
        is_idle = step.action in (Action.SKIP, Action.REUSE)
        if any(entry.outcome == "failed" for entry in entries):
            result = "**failed**"
        elif entries:
            detail = entries[-1].detail
            result = link(detail) if step.kind == "url" else cell(detail)
        elif is_idle or not released:
            result = ""
        else:  # a resource that refers to a changed one is often unchanged
            result = "unchanged" if step.kind == "resource" else "not reached"
        return (
            str(step.action) if is_idle else f"**{step.action}**",
            code(step.id),
            step.region if several else "",
            f"{sum(entry.seconds for entry in entries):.2f}" if entries else "",
            cell(step.reason),
            result,
        )

    steps: Iterable[Step] = outcome.plan.steps
    many = len(outcome.deliveries) > FEW
    if many:
        steps = [
            step for step in steps if step.action.changes or (step.region, step.id) in entries_of
        ]
    text = table(("", "step", "region", "seconds", "why", "result"), [row(step) for step in steps])
    title = "Every step that did something, and why" if many else "Every step, and why"
    return folded(title, text, opened=len(outcome.plan.steps) <= SHORT)

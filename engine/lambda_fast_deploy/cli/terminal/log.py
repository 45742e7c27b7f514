"""The log on stderr: one line for each step, and the result."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from lambda_fast_deploy import units
from lambda_fast_deploy.cli.terminal.colour import Colour, is_terminal, painted
from lambda_fast_deploy.cli.terminal.streams import say, writer
from lambda_fast_deploy.errors import DeployError
from lambda_fast_deploy.models import FunctionOutcome, Plan
from lambda_fast_deploy.report.sentences import sentence
from lambda_fast_deploy.run_log import LogEntry, Progress
from lambda_fast_deploy.sanitize import for_log, in_line

if TYPE_CHECKING:
    from lambda_fast_deploy.cli.terminal.progress import LiveProgress

_LONG = ("build", "create", "test")  # actions that the log also prints when they start
_CHANGES_NOTHING = ("read", "reuse", "skip")
_COLOURS: dict[str, Colour] = {
    "deployed": "green",
    "unchanged": "dim",
    "planned": "dim",
    "rolled-back": "red",
    "failed": "red",
}


def line(entry: LogEntry) -> str:
    """The line of an entry; an empty text if it has none."""
    region = f" ({entry.region})" if entry.region else ""
    if entry.action == "note":
        return f"  note    {in_line(entry.reason)}"
    if isinstance(entry, Progress):
        return ""
    if entry.action == "progress":
        return f"          {entry.id}{region}: {in_line(entry.reason)}"
    if entry.outcome == "running":
        start = f"          {entry.action} {entry.id}{region}: {in_line(entry.reason)} …"
        return start if entry.action in _LONG else ""
    time, what = (
        f"  {units.seconds(entry.seconds, 2, width=5)}",
        f"{entry.action} {entry.id}{region}",
    )
    result = in_line(entry.detail or entry.reason)
    if entry.outcome == "failed":
        return painted(f"{time} {what}: FAILED: {result}", "red")
    if entry.action in _CHANGES_NOTHING:
        return painted(f"{time} {what}: {result}", "dim")
    return f"{time} {painted(what, 'green')}: {result}"


class Log:
    """Progress as lines of a log."""

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def say(self, text: str) -> None:
        """Print a line."""
        say(text)

    def tell(self, entry: LogEntry) -> None:
        """Print an entry: the start, the progress or the end of a step."""
        if text := line(entry):
            say(text)


def progress() -> Log | LiveProgress:
    """The display of progress: live on a terminal, otherwise lines of a log."""
    if not is_terminal(sys.stderr):
        return Log()
    from lambda_fast_deploy.cli.terminal.progress import LiveProgress

    return LiveProgress(sys.stderr, line)


def show_plan(plan: Plan, reason: str, file: TextIO) -> None:
    """Print the plan of a run that only plans."""
    lines = []
    for step in plan.steps:
        text = f"  {step.action:<8}{step.id}  ({in_line(step.reason)})"
        lines.append(text if step.action.changes else painted(text, "dim", file))
    if lines:
        writer(file)("\n".join(lines))
    changes = sum(step.action.changes for step in plan.steps)
    say(f"Planned only: {reason}. {changes} of {len(plan.steps)} steps would change something.")


def show_deliveries(deliveries: Iterable[FunctionOutcome], seconds: float) -> None:
    """Print the outcome of each function, and the outputs of a stack."""
    for delivery in deliveries:
        for spared in delivery.spared:
            say(f"  not rolled back: {in_line(spared)}")
        for left in delivery.left:
            say(f"  could not be rolled back, fix manually: {in_line(left)}")
        text = f"{in_line(sentence(delivery))}, in {units.seconds(seconds, 1)}"
        say(painted(text, _COLOURS[delivery.outcome]))
        if delivery.outcome in ("deployed", "unchanged"):
            width = max(map(len, delivery.outputs), default=0)
            for name, value in delivery.outputs.items():
                say(f"  {in_line(name):<{width}}  {in_line(value)}")


def show_bases(plan: Plan, seconds: float) -> None:
    """Print the outcome of each base image."""
    for step in plan.steps:
        result = (
            "built and pushed" if step.action.changes else f"nothing to do, {in_line(step.reason)}"
        )
        say(f"{step.subject}: {result}, in {units.seconds(seconds, 1)}")
    if not plan.steps:
        say("The configuration has no base images.")


def show_error(error: DeployError) -> None:
    """Print an error, with its cause on the first line and its remedy on the last."""
    first, *rest = for_log(str(error)).split("\n")
    say(f"{painted('error:', 'red')} {first}")
    for line in rest:
        say(f"  {line}")

"""What people read on stderr: one steady line for each piece of work, and how it came out."""

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

_ALWAYS_SAID = ("build", "create", "test")  # work long enough to announce before it is done
_CHANGES_NOTHING = ("read", "reuse", "skip")
_COLOURS: dict[str, Colour] = {
    "deployed": "green",
    "unchanged": "dim",
    "planned": "dim",
    "undone": "red",
    "failed": "red",
}


def line(entry: LogEntry) -> str:
    """What is told of an entry; nothing if that is not worth a line."""
    where = f" ({entry.region})" if entry.region else ""
    if entry.action == "note":
        return f"  note    {in_line(entry.reason)}"
    if isinstance(entry, Progress):
        return ""
    if entry.action == "progress":
        return f"          {entry.id}{where}: {in_line(entry.reason)}"
    if entry.outcome == "running":
        says = f"          {entry.action} {entry.id}{where}: {in_line(entry.reason)} …"
        return says if entry.action in _ALWAYS_SAID else ""
    time, what = (
        f"  {units.seconds(entry.seconds, 2, width=5)}",
        f"{entry.action} {entry.id}{where}",
    )
    result = in_line(entry.detail or entry.reason)
    if entry.outcome == "failed":
        return painted(f"{time} {what}: FAILED: {result}", "red")
    if entry.action in _CHANGES_NOTHING:
        return painted(f"{time} {what}: {result}", "dim")
    return f"{time} {painted(what, 'green')}: {result}"


class Log:
    """Progress in a log, which only ever grows."""

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def say(self, text: str) -> None:
        """Print a line."""
        say(text)

    def tell(self, entry: LogEntry) -> None:
        """Print what began, goes on or ended."""
        if text := line(entry):
            say(text)


def progress() -> Log | LiveProgress:
    """How progress is shown: live at a terminal, line by line in a log."""
    if not is_terminal(sys.stderr):
        return Log()
    from lambda_fast_deploy.cli.terminal.progress import LiveProgress

    return LiveProgress(sys.stderr, line)


def show_plan(plan: Plan, reason: str, file: TextIO) -> None:
    """Print the plan of a run that only plans."""
    lines = []
    for step in plan.steps:
        says = f"  {step.action:<8}{step.id}  ({in_line(step.reason)})"
        lines.append(says if step.action.changes else painted(says, "dim", file))
    if lines:
        writer(file)("\n".join(lines))
    changes = sum(step.action.changes for step in plan.steps)
    say(f"Planned only: {reason}. {changes} of {len(plan.steps)} steps would change something.")


def show_deliveries(deliveries: Iterable[FunctionOutcome], seconds: float) -> None:
    """Print how each function came out, and the outputs of a stack."""
    for delivery in deliveries:
        for spared in delivery.spared:
            say(f"  not undone: {in_line(spared)}")
        for left in delivery.left:
            say(f"  left as it is, mend by hand: {in_line(left)}")
        says = f"{in_line(sentence(delivery))}, in {units.seconds(seconds, 1)}"
        say(painted(says, _COLOURS[delivery.outcome]))
        if delivery.outcome in ("deployed", "unchanged"):
            width = max(map(len, delivery.outputs), default=0)
            for name, value in delivery.outputs.items():
                say(f"  {in_line(name):<{width}}  {in_line(value)}")


def show_bases(plan: Plan, seconds: float) -> None:
    """Print how each base image came out."""
    for step in plan.steps:
        done = (
            "built and pushed" if step.action.changes else f"nothing to do, {in_line(step.reason)}"
        )
        say(f"{step.subject}: {done}, in {units.seconds(seconds, 1)}")
    if not plan.steps:
        say("There is no base image in the configuration.")


def show_error(error: DeployError) -> None:
    """Print an error: its cause on the first line, its remedy on the last."""
    first, *rest = for_log(str(error)).split("\n")
    say(f"{painted('error:', 'red')} {first}")
    for line in rest:
        say(f"  {line}")

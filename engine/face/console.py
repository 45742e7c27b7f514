"""Progress for people, on stderr: one steady line for each piece of work."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from engine.errors import DeployError
from engine.journal import Entry
from engine.model import Delivery, Plan
from engine.report.summary import sentence

_ALWAYS_SAID = ("build", "create", "test")  # work long enough to announce before it is done


def say(text: str) -> None:
    """Print a line, at once."""
    sys.stderr.write(f"{text}\n")  # in one piece: others print at the same time
    sys.stderr.flush()


def tell(entry: Entry) -> None:
    """Print what began or ended."""
    where = f" ({entry.region})" if entry.region else ""
    if entry.action == "progress":
        say(f"          {entry.id}{where}: {entry.reason}")
    elif entry.action == "note":
        say(f"  note    {entry.reason}")
    elif entry.outcome == "running":
        if entry.action in _ALWAYS_SAID:
            say(f"          {entry.action} {entry.id}{where}: {entry.reason} …")
    else:
        result = entry.detail or entry.reason
        failed = "FAILED: " if entry.outcome == "failed" else ""
        say(f"  {entry.seconds:5.2f} s {entry.action} {entry.id}{where}: {failed}{result}")


def show_plan(plan: Plan, reason: str, file: TextIO) -> None:
    """Print the plan of a run that only plans."""
    for step in plan.steps:
        print(f"  {step.action:<8}{step.id}  ({step.reason})", file=file, flush=True)
    changes = sum(step.action.changes for step in plan.steps)
    say(f"Planned only: {reason}. {changes} of {len(plan.steps)} steps would change something.")


def show_deliveries(deliveries: Iterable[Delivery], seconds: float) -> None:
    """Print how each function came out."""
    for delivery in deliveries:
        for left in delivery.left:
            say(f"  left as it is, mend by hand: {left}")
        say(f"{sentence(delivery)}, in {seconds:.1f} s")


def show_bases(plan: Plan, seconds: float) -> None:
    """Print how each base image came out."""
    for step in plan.steps:
        done = "built and pushed" if step.action.changes else f"nothing to do, {step.reason}"
        say(f"{step.subject}: {done}, in {seconds:.1f} s")
    if not plan.steps:
        say("There is no base image in the configuration.")


def show_error(error: DeployError) -> None:
    """Print an error: its cause on the first line, its remedy on the last."""
    first, *rest = str(error).splitlines()
    say(f"error: {first}")
    for line in rest:
        say(f"  {line}")

"""``status``: show the live version of each function, as a table or as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import (
    OF_A_RUN,
    add_command,
    add_function,
    add_inputs_but,
    add_json,
)
from lambda_fast_deploy.cli.terminal.streams import say
from lambda_fast_deploy.cli.terminal.table import print_document, show
from lambda_fast_deploy.errors import NotReady

if TYPE_CHECKING:
    from lambda_fast_deploy.status import Status

_HEAD = (
    *("function", "region", "version", "age", "commit", "by", "code"),
    *("cold start", "warm", "working tree"),
)
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))  # seconds


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "status",
        summary,
        "For each function and region: the live version, its age, author and speed, and\n"
        "what a deploy would change. Read-only.",
        examples=("status", "status orders --json"),
        arguments="[FUNCTION]",
        run=run,
    )
    add_function(command)
    add_json(command)
    add_inputs_but(command, *OF_A_RUN, "credentials-expire", "builder")


def run(context: CommandContext) -> int:
    """Print the live versions; the exit code, which is 3 if a region could not be read."""
    from lambda_fast_deploy.status import status

    options = context.options
    states = status(context.settings, context.clients, context.run_log, options.only)
    if options.json:
        print_document(asdict(each) for each in states)
    else:
        show(_HEAD, [_row(each, clock.now()) for each in states], quiet=False)
        outputs = [(name, each.region, v) for each in states for name, v in each.outputs.items()]
        show(("output", "region", "value"), outputs, quiet=False)
        if not states:
            say("The configuration has no functions. Its layers: lambda-fast-deploy layers list")
    return NotReady.exit_code if any(each.error for each in states) else 0


def _row(one: Status, now: datetime) -> tuple[str, ...]:
    canary = ", ".join(f"{part * 100:g} % on {version}" for version, part in one.weights.items())
    return (
        one.function,
        one.region,
        f"{one.version} ({canary})" if canary else one.version,
        _age(one.deployed, now),
        one.commit[:7],
        one.actor,
        one.code.removeprefix("sha256:")[:12],
        units.milliseconds(one.speed.cold),
        units.milliseconds(one.speed.warm),
        one.error or "; ".join(one.differs) or "unchanged",
    )


def _age(since: str, now: datetime) -> str:
    """How long ago a time in ISO 8601 is, in its largest unit."""
    if not since:
        return ""
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    unit, size = next((pair for pair in _UNITS if seconds >= pair[1]), _UNITS[-1])
    return f"{seconds // size} {unit}"

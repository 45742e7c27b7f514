"""``rollback``: point the alias at an earlier version, after testing it."""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import (
    add_command,
    add_function,
    add_inputs_but,
    add_reporting,
)
from lambda_fast_deploy.cli.run import Run
from lambda_fast_deploy.config.inputs import PREVIOUS
from lambda_fast_deploy.errors import Invalid, Place, Problem


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "rollback",
        summary,
        "A version includes code, layers and configuration. The rollback skips versions\n"
        "that fail their tests.",
        examples=("rollback", "rollback orders", "rollback orders --to 41"),
        arguments="[FUNCTION]",
        run=run,
    )
    add_function(command)
    says = "number of the version; default: the newest earlier version that passes its tests"
    command.add_argument("--to", default=PREVIOUS, metavar="N", dest="rollback", help=says)
    add_reporting(command)
    add_inputs_but(command, "rollback", "functions", "commit-message", "code-only")


def run(context: CommandContext) -> int:
    """Roll back and report; the exit code.

    Raises:
        Invalid: the version is not a number.
    """
    version = context.given["rollback"].strip()
    if version != PREVIOUS and not version.isdecimal():
        message = f"expected {PREVIOUS} or the number of a version, got {version!r}"
        source = "option --to" if context.options.command == "rollback" else "input rollback"
        raise Invalid([Problem(message, Place(source))])
    from lambda_fast_deploy.rollback import Rollback

    work = Rollback(version, getattr(context.options, "only", ""))
    return Run(context, work, flags=False).carry_out()

"""``plan``: show what a deploy would change."""

from __future__ import annotations

import sys
from typing import Any

from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import (
    add_command,
    add_functions,
    add_inputs_but,
    add_reporting,
)
from lambda_fast_deploy.cli.run import Run


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "plan",
        summary,
        "Read-only. Each step has an action (build, update, reuse, skip, …) and a reason.",
        examples=("plan", "plan orders", "plan --json | jq .changed"),
        arguments="[FUNCTION ...]",
        run=run,
    )
    add_functions(command)
    add_reporting(command)
    add_inputs_but(command, "rollback", "functions")
    command.set_defaults(dry_run="true")


def run(context: CommandContext) -> int:
    """Plan and print the plan; the exit code."""
    from lambda_fast_deploy.deploy import deploy

    plan_to = sys.stderr if context.options.json else sys.stdout
    return Run(context, deploy, plan_to=plan_to).carry_out()

"""``deploy``: build and deploy what changed, or roll back if the input ``rollback`` is set."""

from __future__ import annotations

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
        "deploy",
        summary,
        "Artifacts that AWS already has are not built or uploaded again. Each new version\n"
        "is tested before it receives traffic. If a test fails, the deploy rolls back.",
        examples=(
            "deploy",
            "deploy orders invoices",
            "deploy --function orders --code src --handler app.handler \\\n"
            "      --runtime python3.13 --health-path /health",
        ),
        arguments="[FUNCTION ...]",
        run=run,
    )
    add_functions(command)
    add_reporting(command)
    add_inputs_but(command, "rollback", "functions")


def run(context: CommandContext) -> int:
    """Deploy and report; the exit code."""
    if context.given.get("rollback", "").strip():
        from lambda_fast_deploy.cli.commands import rollback

        return rollback.run(context)
    from lambda_fast_deploy.deploy import deploy

    return Run(context, deploy).carry_out()

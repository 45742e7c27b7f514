"""``build``: build the base images, and deploy nothing."""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import add_command, add_inputs_but, add_reporting
from lambda_fast_deploy.cli.run import Run


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "build",
        summary,
        "Base images hold what rarely changes. A base image is built when its Dockerfile,\n"
        "its build context or an upstream image changed.",
        examples=("build base", "build base --commit-message '[rebuild-base]'"),
        arguments="base",
        run=run,
    )
    command.add_argument("what", choices=["base"], metavar="WHAT", help="base: the base images")
    add_reporting(command)
    add_inputs_but(command, "rollback", "functions", "code-only", "change-set")


def run(context: CommandContext) -> int:
    """Build the base images and report; the exit code."""
    from lambda_fast_deploy.deploy import build_bases

    return Run(context, build_bases).carry_out()

"""``layers users``: list the function versions that use each layer version."""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy.cli.commands.layers.uses import add_layer, layer_uses, print_uses
from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import add_command
from lambda_fast_deploy.cli.terminal.table import show


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "users",
        summary,
        examples=("layers users science --json",),
        arguments="[NAME]",
        run=run,
    )
    add_layer(command)


def run(context: CommandContext) -> int:
    """Print a line for each use; the exit code.

    Raises:
        DeployError: AWS could not be read.
    """
    uses = layer_uses(context)
    rows = [(use.layer, use.version.number, use.region, user) for use in uses for user in use.users]
    show(("layer", "version", "region", "function version"), rows, quiet=context.options.json)
    if context.options.json:
        print_uses(uses)
    return 0

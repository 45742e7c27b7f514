"""``layers list``: list every version of the configuration's layers."""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.cli.commands.layers.uses import add_layer, layer_uses, print_uses
from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import add_command
from lambda_fast_deploy.cli.terminal.table import show


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "list",
        summary,
        examples=("layers list",),
        arguments="[NAME]",
        run=run,
    )
    add_layer(command)


def run(context: CommandContext) -> int:
    """Print the versions with their sizes; the exit code.

    Raises:
        DeployError: AWS could not be read.
    """
    uses = layer_uses(context)
    rows = [
        (u.layer, u.version.number, u.region, units.size(u.version.size), str(len(u.users)))
        for u in uses
    ]
    show(("layer", "version", "region", "unzipped", "users"), rows, quiet=context.options.json)
    if context.options.json:
        print_uses(uses)
    return 0

"""``layers detach``: remove a layer from the functions that use it."""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy.cli.commands.layers.uses import add_one_layer
from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import add_command, add_inputs, add_json
from lambda_fast_deploy.cli.run import Run


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "detach",
        summary,
        examples=("layers detach science",),
        arguments="NAME",
        run=run,
    )
    add_one_layer(command)
    add_json(command)
    add_inputs(command, "config", "region", "dry-run")


def run(context: CommandContext) -> int:
    """Deploy the functions without the layer and report; the exit code."""
    from lambda_fast_deploy.release.layer_change import LayerChange

    work = LayerChange(context.options.name, "", detach=True)
    return Run(context, work, flags=False).carry_out()

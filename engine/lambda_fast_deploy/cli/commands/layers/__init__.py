"""``layers``: commands about dependency layers, a file each."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lambda_fast_deploy.cli.options import add_command

COMMANDS = {
    "list": "list every version of the configuration's layers",
    "users": "list the function versions that use each layer version",
    "prune": "delete the layer versions that no function version uses",
    "rollback": "roll functions back to an earlier version of a layer",
    "detach": "remove a layer from the functions that use it",
}


def declare(commands: Any, summary: str) -> None:
    """Add the command and its subcommands."""
    layers = add_command(
        commands,
        "layers",
        summary,
        examples=(
            "layers list",
            "layers prune --dry-run",
            "layers rollback orders-dependencies --to 7",
        ),
        arguments="WHAT",
    )
    subparsers = layers.add_subparsers(dest="what", prog=layers.prog, required=True, metavar="WHAT")
    for name, subcommand in COMMANDS.items():
        import_module(f"{__name__}.{name}").declare(subparsers, subcommand)

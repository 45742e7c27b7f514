"""``layers``: commands about dependency layers, a file each."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lambda_fast_deploy.cli.options import add_command

COMMANDS = {
    "list": "every version of the configuration's layers",
    "users": "the function versions that have each",
    "prune": "delete the versions that no function version has",
    "rollback": "let the functions that have a layer go back to an earlier version of it",
    "detach": "take a layer off the functions that have it",
}


def declare(commands: Any, summary: str) -> None:
    """Add the command, with those below it."""
    layers = add_command(
        commands,
        "layers",
        summary,
        examples=(
            "layers list",
            "layers prune --dry-run",
            "layers rollback orders-dependencies --to 7",
        ),
        takes="WHAT",
    )
    whats = layers.add_subparsers(dest="what", prog=layers.prog, required=True, metavar="WHAT")
    for name, says in COMMANDS.items():
        import_module(f"{__name__}.{name}").declare(whats, says)

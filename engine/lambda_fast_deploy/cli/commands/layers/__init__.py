"""``layers``: commands about dependency layers, a file each."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lambda_fast_deploy.cli.options import add_command

COMMANDS = ("list", "users", "prune", "rollback", "detach")


def declare(commands: Any) -> None:
    """Add the command, with those below it."""
    layers = add_command(
        commands,
        "layers",
        "list dependency layers and their users, go back, take off, prune",
        examples=(
            "layers list",
            "layers prune --dry-run",
            "layers rollback orders-dependencies --to 7",
        ),
        takes="WHAT",
    )
    whats = layers.add_subparsers(dest="what", prog=layers.prog, required=True, metavar="WHAT")
    for name in COMMANDS:
        import_module(f"{__name__}.{name}").declare(whats)

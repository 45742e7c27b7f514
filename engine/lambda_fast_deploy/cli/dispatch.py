"""Reads the command line and runs its command."""

from __future__ import annotations

from typing import cast

from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.parser import read


def run(arguments: list[str]) -> int:
    """Run a command.

    Returns:
        The exit code.

    Raises:
        DeployError: for ``__main__`` to print, if the error occurred outside a run with a report.
    """
    options = read(arguments)
    return cast(int, options.run(CommandContext(options, VARIABLES)))

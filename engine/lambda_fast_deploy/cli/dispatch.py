"""The command line: words into a command, which is carried out."""

from __future__ import annotations

from typing import cast

from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.parser import read


def run(arguments: list[str]) -> int:
    """Carry out a command.

    Returns:
        The exit code.

    Raises:
        DeployError: for ``__main__`` to show, when no report could be made of it.
    """
    options = read(arguments)
    return cast(int, options.run(CommandContext(options, VARIABLES)))

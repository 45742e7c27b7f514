"""``completion``: print the completion script of a shell."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import add_command
from lambda_fast_deploy.cli.terminal.streams import hand_over

SHELLS = ("bash", "zsh", "fish")


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "completion",
        summary,
        "The examples write the script where each shell loads it from.",
        examples=(
            "completion bash \\\n"
            "      > ~/.local/share/bash-completion/completions/lambda-fast-deploy",
            "completion zsh > ~/.zfunc/_lambda-fast-deploy",
            "completion fish \\\n      > ~/.config/fish/completions/lambda-fast-deploy.fish",
        ),
        arguments="SHELL",
        run=run,
    )
    command.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def run(context: CommandContext) -> int:
    """Print the script, which completes values by the metavars of options; the exit code."""
    import shtab

    from lambda_fast_deploy.cli.parser import parser

    paths = {"FILE": shtab.FILE, "DIRECTORY": shtab.DIRECTORY}
    root = parser()
    for action in _actions(root):
        if completes := paths.get(str(action.metavar)):
            action.complete = completes  # type: ignore[attr-defined]
    hand_over(shtab.complete(root, context.options.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        for inner in action.choices.values() if isinstance(action.choices, dict) else ():
            yield from _actions(inner)

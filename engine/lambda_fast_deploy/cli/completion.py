"""Scripts by which shells complete commands and options."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import shtab

from lambda_fast_deploy.cli.parser import Parser

_PATHS = {"FILE": shtab.FILE, "DIRECTORY": shtab.DIRECTORY}


def script(parser: Parser, shell: str) -> str:
    """The script of a shell, which completes the values of options by their metavars."""
    for action in _actions(parser):
        if paths := _PATHS.get(str(action.metavar)):
            action.complete = paths  # type: ignore[attr-defined]
    return shtab.complete(parser, shell)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        for inner in action.choices.values() if isinstance(action.choices, dict) else ():
            yield from _actions(inner)

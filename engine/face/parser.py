"""The commands and their options, which are the action's inputs."""

from __future__ import annotations

import argparse
from typing import Any

from engine import __version__
from engine.settings.inputs import INPUTS, PAIRS, PREVIOUS, Input


def parser() -> argparse.ArgumentParser:
    """Commands and their options; the options are the action's inputs."""
    root = argparse.ArgumentParser(
        prog="lambda-fast-deploy",
        description="Deploy AWS Lambda functions: only what changed is built and moved, the new "
        "version is tested before users meet it, and undone when it fails.",
        epilog="Exit codes: 0 done; 1 failed and undone; 2 invalid input; 3 environment not "
        "ready; 4 failed and not fully restored.",
    )
    root.add_argument("--version", action="version", version=__version__)
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, says in (
        ("deploy", "build and deploy what changed"),
        ("plan", "say what a deploy would do, and why; change nothing"),
        ("build", "build and push what changed, and deploy nothing"),
    ):
        command = commands.add_parser(name, help=says, description=says.capitalize() + ".")
        if name == "build":
            command.add_argument("what", choices=["base"], help="base: the base images")
        command.add_argument("--json", action="store_true", help="print JSON on stdout")
        command.add_argument("--report", default="", metavar="FILE", help="write report.json there")
        for item in INPUTS:
            if item.name != "rollback":  # that is a command of its own
                _add_option(command, item)
    _add_rollback(commands)
    _add_layers(commands)
    says = "print how large layers and code would be, and their heaviest packages"
    weigh = commands.add_parser("sizes", help=says, description=says.capitalize() + ".")
    weigh.add_argument("--check", action="store_true", help="fail when something is over")
    _add_common(weigh, "config", "region")
    commands.add_parser("schema", help="print the JSON schema of lambda-deploy.yml")
    return root


def _add_rollback(commands: Any) -> None:
    says = "lead users back to the version that they had before, tested"
    command = commands.add_parser("rollback", help=says, description=says.capitalize() + ".")
    says = "one function; default all of the configuration"
    command.add_argument("only", nargs="?", default="", metavar="FUNCTION", help=says)
    says = "number of the version; default the newest before that passes its tests"
    command.add_argument("--to", default=PREVIOUS, metavar="N", dest="rollback", help=says)
    command.add_argument("--json", action="store_true", help="print JSON on stdout")
    command.add_argument("--report", default="", metavar="FILE", help="write report.json there")
    for item in INPUTS:
        if item.name not in ("rollback", "commit-message"):
            _add_option(command, item)


def _add_layers(commands: Any) -> None:
    says = "dependency layers: their versions, who uses them, and changing that alone"
    layers = commands.add_parser("layers", help=says, description=says.capitalize() + ".")
    whats = layers.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, says in (
        ("list", "every version of the configuration's layers"),
        ("users", "the function versions that have each"),
        ("prune", "delete the versions that no function version has"),
        ("rollback", "let the functions that have a layer go back to an earlier version of it"),
        ("detach", "take a layer off the functions that have it"),
    ):
        what = whats.add_parser(name, help=says, description=says.capitalize() + ".")
        if name in ("rollback", "detach"):
            what.add_argument("name", metavar="NAME", help="the layer")
        else:
            what.add_argument("name", nargs="?", default="", metavar="NAME", help="default: all")
        if name == "rollback":
            says = "version to go back to; default the one before"
            what.add_argument("--to", default="", metavar="N", help=says)
        changes = () if name in ("list", "users") else ("dry-run",)
        _add_common(what, "config", "region", *changes)


def _add_common(command: argparse.ArgumentParser, *inputs: str) -> None:
    command.add_argument("--json", action="store_true", help="print JSON on stdout")
    for item in INPUTS:
        if item.name in inputs:
            _add_option(command, item)


def _add_option(command: argparse.ArgumentParser, item: Input) -> None:
    name = f"--{item.name}"
    if item.switch:
        says = item.says.partition(":")[0]
        command.add_argument(name, action="store_const", const="true", help=says)
    elif item.name in PAIRS:
        says = item.says.replace("one", "as often as needed,", 1)
        command.add_argument(name, metavar="VALUE", action="append", help=says)
    else:
        command.add_argument(name, metavar="VALUE", help=item.says)

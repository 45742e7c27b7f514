"""The parts of a command's declaration: help texts and options, mostly the action's inputs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.cli.parser import PROGRAM, Parser
from lambda_fast_deploy.config.inputs import INPUTS, PAIRS, Input
from lambda_fast_deploy.errors import Invalid, Place, Problem

if TYPE_CHECKING:
    from lambda_fast_deploy.cli.context import CommandContext

# Inputs about one run, not about what it deploys.
OF_A_RUN = ("functions", "commit-message", "rollback", "code-only", "dry-run", "change-set")

_TITLES = {  # of groups of options, by the prefix of an input's path in lambda-deploy.yml
    "functions.F.zip": "a zip",
    "layers.F": "a zip",
    "functions.F.image": "a container image",
    "bases.F": "a container image",
    "tests": "tests",
    "functions.F": "one function, instead of lambda-deploy.yml",
}
_METAVARS = dict.fromkeys(("config", "requirements", "dockerfile", "base-dockerfile"), "FILE")
_METAVARS |= dict.fromkeys(("code", "context"), "DIRECTORY")


def add_command(
    commands: Any,
    name: str,
    summary: str,
    more: str = "",
    *,
    examples: tuple[str, ...],
    arguments: str = "",
    run: Callable[[CommandContext], int] | None = None,
) -> Parser:
    """Add a command.

    Args:
        commands: the result of ``add_subparsers``.
        name: the word on the command line.
        summary: what the command does, in one line without a full stop.
        more: further sentences of its help.
        examples: command lines, without the program's name.
        arguments: its positional arguments, for the usage line.
        run: runs the command and returns the exit code; ``None`` if it has subcommands.
    """
    lines = "\n".join(f"  {PROGRAM} {example}" for example in examples)
    command: Parser = commands.add_parser(
        name,
        help=summary,
        description="\n\n".join(filter(None, (f"{summary[0].upper()}{summary[1:]}.", more))),
        epilog=f"{'examples' if len(examples) > 1 else 'example'}:\n{lines}",
    )
    command.usage = " ".join(filter(None, (command.prog, arguments, "[OPTION ...]")))
    if run:
        command.set_defaults(run=run)
    return command


def add_json(command: Parser) -> None:
    """Option ``--json``."""
    command.add_argument("--json", action="store_true", help="print JSON on stdout")


def add_reporting(command: Parser) -> None:
    """The options of commands that make a report."""
    add_json(command)
    says = "write the report (report.json) to this file"
    command.add_argument("--report", default="", metavar="FILE", help=says)


def add_function(command: Parser) -> None:
    """An argument with the name of one function."""
    says = "name of one function; default: all functions of the configuration"
    command.add_argument("only", nargs="?", default="", metavar="FUNCTION", help=says)


def add_functions(command: Parser) -> None:
    """Arguments with the names of functions, which set the input ``functions``."""
    says = "names of functions; default: all functions of the configuration"
    command.add_argument("functions", nargs="*", metavar="FUNCTION", help=says)


def add_inputs(command: Parser, *names: str) -> None:
    """Add the inputs of these names as options, in groups."""
    groups: dict[str, Any] = {"": command}
    for item in INPUTS:
        if item.name in names:
            title = _title_of(item)
            if title not in groups:
                groups[title] = command.add_argument_group(title)
            _add_option(groups[title], item)


def add_inputs_but(command: Parser, *names: str) -> None:
    """Add all inputs as options, except those of these names."""
    add_inputs(command, *(item.name for item in INPUTS if item.name not in names))


def _title_of(item: Input) -> str:
    path = "functions.F" if item.name == "function" else item.path
    return next((title for prefix, title in _TITLES.items() if path.startswith(prefix)), "")


def _add_option(group: Any, item: Input) -> None:
    name = f"--{item.name}"
    if item.switch:
        says = item.text.partition(":")[0]
        group.add_argument(name, action="store_const", const="true", help=says)
    elif item.name in PAIRS:
        says = re.sub(r"one (\S+) per line", r"\1; can be repeated", item.text)
        group.add_argument(name, metavar="PAIR", action="append", help=says)
    else:
        group.add_argument(name, metavar=_METAVARS.get(item.name, "VALUE"), help=item.text)


def inputs_of(options: argparse.Namespace) -> dict[str, str]:
    """The inputs that the options set.

    Raises:
        Invalid: one of them is empty.
    """
    inputs, problems = {}, []
    for item in INPUTS:
        value = getattr(options, item.name.replace("-", "_"), None)
        if isinstance(value, list):
            value = "\n".join(value) if value else None
        if value is not None:
            inputs[item.name] = value
            if not value.strip():
                message = "is empty; give it a value, or leave it out"
                problems.append(Problem(message, Place(f"option --{item.name}")))
    if problems:
        raise Invalid(problems)
    return inputs

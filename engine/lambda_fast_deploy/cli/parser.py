"""The parser of the command line: commands, their help, and an error with a remedy."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Collection, Iterable
from importlib import import_module
from typing import Any, NoReturn

from lambda_fast_deploy import __version__
from lambda_fast_deploy.cli.commands import COMMANDS, GROUPS
from lambda_fast_deploy.cli.terminal.streams import writer
from lambda_fast_deploy.config.inputs import INPUTS
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.schema.yaml_lines import nearest

PROGRAM = "lambda-fast-deploy"
_SWITCHED = ("true", "false", "yes", "no", "1", "0")  # what may be meant as the value of a switch


class Parser(argparse.ArgumentParser):
    """A parser that raises ``Invalid`` with a problem, and its remedy, for each mistake."""

    def __init__(self, **options: Any) -> None:
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(allow_abbrev=False, formatter_class=formatter, **options)
        self.set_defaults(parser=self)  # the innermost command's parser overwrites the others

    def read(self, arguments: list[str]) -> argparse.Namespace:
        """The command and its options.

        Raises:
            Invalid: an argument or option does not exist, or has no value.
        """
        options, unknown = self.parse_known_args(arguments)
        named = getattr(options, "functions", None) or []
        if wrong := unknown or [word for word in named if word.lower() in _SWITCHED]:
            raise Invalid(options.parser.unexpected(wrong))
        return options

    def unexpected(self, words: list[str]) -> list[Problem]:
        """The problems of arguments that the command does not have.

        The value of an unknown option is not reported separately.
        """
        options = self._option_string_actions
        problems = []
        for name in [word.partition("=")[0] for word in words if word.startswith("-")]:
            remedy = _similar(name, options) or f"see {self.prog} --help"
            message = "must follow the command" if name in options else f"does not exist; {remedy}"
            problems.append(Problem(message, Place(f"option {name}")))
        inputs = [f"--{item.name}" for item in INPUTS if item.switch]
        switches = [name for name in inputs if name in options]
        message = f"is not expected; see {self.prog} --help"
        if words[0].lower() in _SWITCHED and switches:
            message = f"is not expected: {', '.join(switches)} take no value"
        return problems or [Problem(message, Place(f"argument {word}")) for word in words]

    def error(self, message: str) -> NoReturn:
        """Raise an error of argparse as a problem of the input."""
        if match := re.match(r"argument (--\S+): ignored explicit argument", message):
            raise Invalid([Problem("takes no value", Place(f"option {match[1]}"))])
        raise Invalid([Problem(message, Place(self.prog))])

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help or the version by ``streams``, which never raises, as argparse would."""
        writer(file or sys.stderr)(message.removesuffix("\n"))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            hint = nearest(str(value), action.choices)
            raise Invalid([Problem(f"unknown {action.metavar} {value!r}{hint}", Place(self.prog))])


def _similar(name: str, options: Collection[str]) -> str:
    """A question with the option of the most similar name, or an empty text."""
    bare = {option.lstrip("-"): option for option in options}
    near = difflib.get_close_matches(name.lstrip("-"), bare, n=1, cutoff=0.65)
    return f"did you mean {bare[near[0]]}?" if near else ""


class RootParser(Parser):
    """The parser of the program; its help lists the commands in groups."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_argument("--version", action="version", version=__version__)
        self.commands = self.add_subparsers(
            dest="command", prog=self.prog, metavar="COMMAND", parser_class=Parser
        )

    def show_help(self) -> int:
        """Print the help because no command is given; the exit code."""
        self.print_help(sys.stderr)
        return Invalid.exit_code

    def format_help(self) -> str:
        """The page of ``--help``."""
        lines = [f"usage: {self.prog} COMMAND [OPTION ...]", "", str(self.description)]
        for title, commands in GROUPS.items():
            lines += ["", f"{title}:"]
            lines += [f"  {name:<12}{summary}" for name, summary in commands.items()]
        lines += [
            "",
            "options:",
            f"  {'-h, --help':<12}show this help, or that of COMMAND",
            f"  {'--version':<12}show the version",
        ]
        return "\n".join([*lines, "", str(self.epilog), ""])


def parser(names: Iterable[str] = COMMANDS) -> RootParser:
    """The parser of these commands; the file of each command declares it."""
    root = RootParser(
        prog=PROGRAM,
        description="Deploy AWS Lambda functions: build and upload only what changed, test each\n"
        "new version before it receives traffic, and roll back if a test fails.",
        epilog="Exit codes: 0 done; 1 failed and rolled back; 2 invalid input; 3 environment\n"
        "not ready; 4 failed, and the rollback is incomplete.",
    )
    root.set_defaults(run=lambda _: root.show_help())
    for name in names:
        module = import_module(f"lambda_fast_deploy.cli.commands.{name}")
        module.declare(root.commands, COMMANDS[name])
    return root


def read(arguments: list[str]) -> argparse.Namespace:
    """The options of a command line, with ``run``, which runs the command.

    Only the named command is imported; all commands are if there is a mistake to explain.

    Raises:
        Invalid: an argument or option does not exist, or has no value.
    """
    first = arguments[0] if arguments else "--help"
    if first in COMMANDS:
        return parser([first]).read(arguments)
    return parser(() if first in ("--help", "--version") else COMMANDS).read(arguments)

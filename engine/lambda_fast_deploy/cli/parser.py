"""The command line's grammar: commands, their help, and a remedy for every wrong word."""

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


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are problems of the input, each in a line with its remedy."""

    def __init__(self, **options: Any) -> None:
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(allow_abbrev=False, formatter_class=formatter, **options)
        self.set_defaults(parser=self)  # of a command's words, the last one's stays

    def read(self, arguments: list[str]) -> argparse.Namespace:
        """The command and its options.

        Raises:
            Invalid: a word or an option does not exist, or lacks its value.
        """
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            raise Invalid(options.parser.unexpected(unknown))
        return options

    def unexpected(self, words: list[str]) -> list[Problem]:
        """What is wrong with words that the command does not take; values go with their options."""
        options = self._option_string_actions
        problems = []
        for name in [word.partition("=")[0] for word in words if word.startswith("-")]:
            remedy = _similar(name, options) or f"see {self.prog} --help"
            says = "comes after the command" if name in options else f"does not exist; {remedy}"
            problems.append(Problem(says, Place(f"option {name}")))
        switches = [f"--{item.name}" for item in INPUTS if item.switch]
        on = [name for name in switches if name in options]
        says = f"is one too many; see {self.prog} --help"
        if words[0].lower() in ("true", "false", "yes", "no", "1", "0") and on:
            says = (
                f"is one too many: {', '.join(on)} take no value, and are on where they are given"
            )
        return problems or [Problem(says, Place(f"argument {word}")) for word in words]

    def error(self, message: str) -> NoReturn:
        """Refuse what argparse itself has refused."""
        if match := re.match(r"argument (--\S+): ignored explicit argument", message):
            says = "takes no value: it is on where it is given"
            raise Invalid([Problem(says, Place(f"option {match[1]}"))])
        raise Invalid([Problem(message, Place(self.prog))])

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help or the version as everything else (argparse's own would raise)."""
        writer(file or sys.stderr)(message.removesuffix("\n"))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            says = f"no {action.metavar} {value!r}{nearest(str(value), action.choices)}"
            raise Invalid([Problem(says, Place(self.prog))])


def _similar(name: str, options: Collection[str]) -> str:
    """The option that is spelled most like a name, as a question; nothing if none is."""
    bare = {option.lstrip("-"): option for option in options}
    near = difflib.get_close_matches(name.lstrip("-"), bare, n=1, cutoff=0.65)
    return f"did you mean {bare[near[0]]}?" if near else ""


class RootParser(Parser):
    """The parser of all; its help has the commands in groups."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_argument("--version", action="version", version=__version__)
        self.commands = self.add_subparsers(
            dest="command", prog=self.prog, metavar="COMMAND", parser_class=Parser
        )

    def show_help(self) -> int:
        """Print the help where no command is named; the exit code."""
        self.print_help(sys.stderr)
        return Invalid.exit_code

    def format_help(self) -> str:
        """The page of ``--help``."""
        lines = [f"usage: {self.prog} COMMAND [OPTION ...]", "", str(self.description)]
        for title, commands in GROUPS.items():
            lines += ["", f"{title}:"]
            lines += [f"  {name:<12}{summary}" for name, summary in commands.items()]
        lines += ["", "options:", "  --help      of a command, if one is named", "  --version"]
        return "\n".join([*lines, "", str(self.epilog), ""])


def parser(names: Iterable[str] = COMMANDS) -> RootParser:
    """The parser of these commands; each declares itself, in its file."""
    root = RootParser(
        prog=PROGRAM,
        description="Deploy AWS Lambda functions: it builds and uploads only what changed, tests\n"
        "the new version before it receives traffic, and rolls back on failure.",
        epilog="Exit codes: 0 done; 1 failed and undone; 2 invalid input; 3 environment not\n"
        "ready; 4 failed and not fully restored.",
    )
    root.set_defaults(run=lambda _: root.show_help())
    for name in names:
        module = import_module(f"lambda_fast_deploy.cli.commands.{name}")
        module.declare(root.commands, COMMANDS[name])
    return root


def read(arguments: list[str]) -> argparse.Namespace:
    """The options of a command line, with ``run``, which carries the command out.

    Only the command that comes first is imported; all of them are where a mistake is explained.

    Raises:
        Invalid: a word or an option does not exist, or lacks its value.
    """
    first = arguments[0] if arguments else "--help"
    if first in COMMANDS:
        return parser([first]).read(arguments)
    return parser(() if first in ("--help", "--version") else COMMANDS).read(arguments)

"""The commands, their help, and their options, which are the action's inputs."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from typing import Any, NoReturn

from lambda_fast_deploy import __version__
from lambda_fast_deploy.cli.terminal.streams import writer
from lambda_fast_deploy.config.inputs import INPUTS, PAIRS, PREVIOUS, Input
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.schema.yaml_lines import nearest

PROGRAM = "lambda-fast-deploy"
SHELLS = ("bash", "zsh", "fish")
GROUPS = {
    "deploy": ("deploy", "plan", "build", "rollback"),
    "look and tidy": ("status", "sizes", "layers"),
    "set up": ("doctor", "policy", "schema", "completion"),
}
_KINDS = {  # of options, by what begins the path of an input in lambda-deploy.yml
    "functions.F.zip": "a zip",
    "layers.F": "a zip",
    "functions.F.image": "a container image",
    "bases.F": "a container image",
    "tests": "its tests",
    "functions.F": "one function, in place of lambda-deploy.yml",
}
_METAVARS = dict.fromkeys(("config", "requirements", "dockerfile", "base-dockerfile"), "FILE")
_METAVARS |= dict.fromkeys(("code", "context"), "DIRECTORY")


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
        """What is wrong with words that nothing is known of; the values of options go with them."""
        known = self._option_string_actions
        problems = []
        for name in [word.partition("=")[0] for word in words if word.startswith("-")]:
            near = difflib.get_close_matches(name, known, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"see {self.prog} --help"
            says = "comes after the command" if name in known else f"does not exist; {remedy}"
            problems.append(Problem(says, Place(f"option {name}")))
        switches = [f"--{item.name}" for item in INPUTS if item.switch]
        on = [name for name in switches if name in known]
        says = f"is one too many; see {self.prog} --help"
        if words[0].lower() in ("true", "false", "yes", "no", "1", "0") and on:
            says = (
                f"is one too many: {', '.join(on)} take no value, and are on where they are given"
            )
        return problems or [Problem(says, Place(f"argument {word}")) for word in words]

    def error(self, message: str) -> NoReturn:
        """Refuse what argparse itself found out."""
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


# What says how one run goes, and nothing about what is deployed.
_OF_A_RUN = ("commit-message", "rollback", "code-only", "dry-run", "change-set")


class RootParser(Parser):
    """The parser of all; its help has the commands in groups."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_argument("--version", action="version", version=__version__)
        self.commands = self.add_subparsers(
            dest="command", prog=self.prog, metavar="COMMAND", parser_class=Parser
        )

    def format_help(self) -> str:
        """The page of ``--help``."""
        lines = [f"usage: {self.prog} COMMAND [OPTION ...]", "", str(self.description)]
        for title, names in GROUPS.items():
            lines += ["", f"{title}:"]
            for name in names:
                says = str(self.commands.choices[name].description).splitlines()[0]
                lines.append(f"  {name:<12}{says[0].lower()}{says[1:].removesuffix('.')}")
        lines += ["", "options:", "  --help      of a command, if one is named", "  --version"]
        return "\n".join([*lines, "", str(self.epilog), ""])


def parser() -> RootParser:
    """Every command with its options."""
    root = RootParser(
        prog=PROGRAM,
        description="Deploy AWS Lambda functions: it builds and uploads only what changed, tests\n"
        "the new version before it receives traffic, and rolls back on failure.",
        epilog="Exit codes: 0 done; 1 failed and undone; 2 invalid input; 3 environment not\n"
        "ready; 4 failed and not fully restored.",
    )
    for add in (_add_deploying, _add_rollback, _add_looking, _add_layers, _add_set_up):
        add(root.commands)
    return root


def _add_deploying(commands: Any) -> None:
    deploy = _command(
        commands,
        "deploy",
        "build and deploy what changed",
        "What AWS already has is neither built nor sent again. A new version is tested\n"
        "before it receives traffic, and rolled back if it fails.",
        "deploy",
        "deploy --region eu-west-1 --report report.json",
        "deploy --function orders --code src --handler app.handler \\\n"
        "      --runtime python3.13 --health-path /health",
    )
    plan = _command(
        commands,
        "plan",
        "say what a deploy would do, and why; change nothing",
        "Only reads. Every step has its reason: build, update, reuse, skip.",
        "plan",
        "plan --json | jq .changed",
    )
    build = _command(
        commands,
        "build",
        "build and push what changed, and deploy nothing",
        "Base images are the slow part of containers; they are built when what they are\n"
        "made of changed.",
        "build base",
        "build base --commit-message '[rebuild-base]'",
        takes="base",
    )
    build.add_argument("what", choices=["base"], metavar="WHAT", help="base: the base images")
    for command in (deploy, plan, build):
        _add_reporting(command)
        of_stacks = ("code-only", "change-set") if command is build else ()
        _add_inputs_but(command, "rollback", *of_stacks)


def _add_rollback(commands: Any) -> None:
    command = _command(
        commands,
        "rollback",
        "lead users back to the version that they had before, tested",
        "Code, layers and configuration alike. A version that does not pass its tests is\n"
        "passed over.",
        "rollback",
        "rollback orders",
        "rollback orders --to 41",
        takes="[FUNCTION]",
    )
    says = "one function; default all of the configuration"
    command.add_argument("only", nargs="?", default="", metavar="FUNCTION", help=says)
    says = "number of the version; default the newest before that passes its tests"
    command.add_argument("--to", default=PREVIOUS, metavar="N", dest="rollback", help=says)
    _add_reporting(command)
    _add_inputs_but(command, "rollback", "commit-message", "code-only")


def _add_looking(commands: Any) -> None:
    status = _command(
        commands,
        "status",
        "tell what users have, and whether the working tree differs",
        "For every function in every region: the version that users have, since when, by\n"
        "whom, how fast it is, and what a deploy would change about it. Only reads.",
        "status",
        "status orders --json",
        takes="[FUNCTION]",
    )
    says = "one function; default all of the configuration"
    status.add_argument("only", nargs="?", default="", metavar="FUNCTION", help=says)
    _add_json(status)
    _add_inputs_but(status, *_OF_A_RUN, "credentials-expire", "builder")
    sizes = _command(
        commands,
        "sizes",
        "tell how large layers and code would be, and what weighs most",
        "Everything is made on this machine and sent nowhere.",
        "sizes",
        "sizes --check",
    )
    sizes.add_argument("--check", action="store_true", help="fail when something is over")
    _add_json(sizes)
    _add_inputs(sizes, "config", "region")


def _add_layers(commands: Any) -> None:
    layers = _command(
        commands,
        "layers",
        "list dependency layers and their users, go back, take off, prune",
        "",
        "layers list",
        "layers prune --dry-run",
        "layers rollback orders-dependencies --to 7",
        takes="WHAT",
    )
    whats = layers.add_subparsers(dest="what", prog=layers.prog, required=True, metavar="WHAT")
    for name, says, example in (
        ("list", "every version of the configuration's layers", ""),
        ("users", "the function versions that have each", " science --json"),
        ("prune", "delete the versions that no function version has", " --dry-run"),
        (
            "rollback",
            "let the functions that have a layer go back to an earlier version of it",
            " science --to 7",
        ),
        ("detach", "take a layer off the functions that have it", " science"),
    ):
        takes = "NAME" if name in ("rollback", "detach") else "[NAME]"
        what = _command(whats, name, says, "", f"layers {name}{example}", takes=takes)
        if name in ("rollback", "detach"):
            what.add_argument("name", metavar="NAME", help="the layer")
        else:
            what.add_argument("name", nargs="?", default="", metavar="NAME", help="default: all")
        if name == "rollback":
            says = "version to go back to; default the one before"
            what.add_argument("--to", default="", metavar="N", help=says)
        _add_json(what)
        changes = () if name in ("list", "users") else ("dry-run",)
        _add_inputs(what, "config", "region", *changes)


def _add_set_up(commands: Any) -> None:
    doctor = _command(
        commands,
        "doctor",
        "find out whether this machine and its credentials can deploy",
        "Credentials, permissions, repositories, buckets, alarms, Docker, clock: each\n"
        "finding comes with its remedy. Only reads.",
        "doctor",
        "doctor --json",
    )
    _add_json(doctor)
    _add_inputs_but(doctor, *_OF_A_RUN)
    policy = _command(
        commands,
        "policy",
        "print the least IAM policy that a deploy needs",
        "It names the functions, layers, repositories and buckets of the configuration,\n"
        "and suffices for every command; doctor tells what it cannot look at with it.",
        "policy > policy.json",
        "policy --trust OWNER/REPO:environment:prod > trust.json",
    )
    says = (
        "print the policy that lets workflows on GitHub assume the role: OWNER/REPO, and after it "
        ":environment:NAME, :ref:refs/heads/BRANCH or :pull_request"
    )
    policy.add_argument("--trust", metavar="WHO", help=says)
    says = "number of the AWS account; default that of the credentials"
    policy.add_argument("--account", metavar="ID", help=says)
    _add_inputs_but(policy, *_OF_A_RUN, "credentials-expire")
    schema = _command(
        commands,
        "schema",
        "print the JSON schema of lambda-deploy.yml, or of report.json",
        "Editors check lambda-deploy.yml with it, and complete its keys.",
        "schema > lambda-deploy.schema.json",
        "schema report",
        takes="[WHAT]",
    )
    whats = ("configuration", "report")
    says = "configuration (the default) or report"
    schema.add_argument(
        "what", nargs="?", default=whats[0], choices=whats, metavar="WHAT", help=says
    )
    completion = _command(
        commands,
        "completion",
        "print a script that completes commands and options in a shell",
        "Each shell finds it where the examples put it.",
        "completion bash \\\n      > ~/.local/share/bash-completion/completions/lambda-fast-deploy",
        "completion zsh > ~/.zfunc/_lambda-fast-deploy",
        "completion fish \\\n      > ~/.config/fish/completions/lambda-fast-deploy.fish",
        takes="SHELL",
    )
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


# ------------------------------------------------------------ what several commands have


def _command(
    commands: Any, name: str, says: str, more: str, *examples: str, takes: str = ""
) -> Parser:
    """A command with its summary, what there is to say besides, and examples."""
    lines = "\n".join(f"  {PROGRAM} {example}" for example in examples)
    made: Parser = commands.add_parser(
        name,
        help=says,
        description="\n\n".join(filter(None, (f"{says[0].upper()}{says[1:]}.", more))),
        epilog=f"{'examples' if len(examples) > 1 else 'example'}:\n{lines}",
    )
    made.usage = " ".join(filter(None, (made.prog, takes, "[OPTION ...]")))
    return made


def _add_json(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON on stdout")


def _add_reporting(command: Parser) -> None:
    _add_json(command)
    command.add_argument("--report", default="", metavar="FILE", help="write report.json there")


def _add_inputs(command: Parser, *names: str) -> None:
    groups: dict[str, Any] = {"": command}
    for item in INPUTS:
        if item.name in names:
            title = _kind_of(item)
            if title not in groups:
                groups[title] = command.add_argument_group(title)
            _add_option(groups[title], item)


def _add_inputs_but(command: Parser, *names: str) -> None:
    _add_inputs(command, *(item.name for item in INPUTS if item.name not in names))


def _kind_of(item: Input) -> str:
    path = "functions.F" if item.name == "function" else item.path
    return next((title for start, title in _KINDS.items() if path.startswith(start)), "")


def _add_option(group: Any, item: Input) -> None:
    name = f"--{item.name}"
    if item.switch:
        says = item.says.partition(":")[0]
        group.add_argument(name, action="store_const", const="true", help=says)
    elif item.name in PAIRS:
        says = re.sub(r"one (\S+) a line", r"\1, as often as needed", item.says)
        group.add_argument(name, metavar="PAIR", action="append", help=says)
    else:
        group.add_argument(name, metavar=_METAVARS.get(item.name, "VALUE"), help=item.says)

"""The command line: words into inputs, outcomes into exit codes, and nothing else."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from engine import __version__
from engine.errors import Invalid, Place, Problem
from engine.face.github import inputs_from, on_github
from engine.face.run import Run, Work
from engine.settings.grammar import json_schema
from engine.settings.inputs import INPUTS, PAIRS, PREVIOUS, Input

REPORT = "lambda-fast-deploy-report.json"


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
    _add_policy(commands)
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


def _add_policy(commands: Any) -> None:
    says = "print the least IAM policy with which the configuration can be deployed"
    command = commands.add_parser("policy", help=says, description=says.capitalize() + ".")
    says = (
        "print the trust policy for a repository on GitHub instead: OWNER/REPO, "
        "OWNER/REPO:environment:NAME or OWNER/REPO:ref:refs/heads/BRANCH"
    )
    command.add_argument("--trust", metavar="WHO", help=says)
    says = "number of the AWS account; default that of the credentials"
    command.add_argument("--account", metavar="ID", help=says)
    for item in INPUTS:
        if item.name not in ("rollback", "commit-message", "dry-run"):
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


def run(arguments: list[str]) -> int:
    """Carry out a command.

    Returns:
        The exit code.

    Raises:
        DeployError: for ``__main__`` to show, when no report could be made of it.
    """
    options = parser().parse_args(arguments)
    if options.command == "schema":
        print(json.dumps(json_schema(), indent=2))
        return 0
    environ = os.environ
    given = inputs_from(environ) if on_github(environ) else {}
    empty = []
    for item in INPUTS:
        value = getattr(options, item.name.replace("-", "_"), None)
        if isinstance(value, list):
            value = "\n".join(value)
        if value is not None:
            given[item.name] = value
            if not value.strip():
                says = "is empty; leave it out, or give it a value"
                empty.append(Problem(says, Place(f"option --{item.name}")))
    if empty:
        raise Invalid(empty)
    if options.command == "sizes":
        from engine.face.upkeep import layer_sizes

        return layer_sizes(given, environ, json=options.json, check=options.check)
    if options.command == "policy":
        from engine.face.policy import policy

        return policy(given, environ, options.trust, options.account)
    if options.command == "layers" and options.what in ("list", "users", "prune"):
        from engine.face.upkeep import layers

        return layers(given, environ, options.what, options.name, json=options.json)
    if options.command == "plan":
        given["dry-run"] = "true"
    report = getattr(options, "report", "")
    if not report and on_github(environ):  # beside the checkout, which it must not change
        report = str(Path(environ.get("RUNNER_TEMP", ".")) / REPORT)
    if report and not Path(report).absolute().parent.is_dir():
        says = f"the directory of {report} does not exist"
        raise Invalid([Problem(says, Place("option --report"))])
    plan_to = sys.stdout if options.command == "plan" and not options.json else sys.stderr
    rollback = given.get("rollback", "").strip()
    return Run(
        given,
        environ,
        report,
        json=options.json,
        plan_to=plan_to,
        work=_work(options, rollback),
        flags=not rollback and options.command != "layers",  # what HEAD says is of its deploy
    ).carry_out()


def _work(options: argparse.Namespace, rollback: str) -> Work:
    """What a command does with the settings; only that is imported."""
    if rollback:
        if rollback != PREVIOUS and not rollback.isdecimal():
            says = f"expected {PREVIOUS} or the number of a version, got {rollback!r}"
            raise Invalid([Problem(says, Place("input rollback"))])
        from engine.rollback import Rollback

        return Rollback(rollback, getattr(options, "only", ""))
    if options.command == "layers":
        from engine.upkeep.attach import Attach

        return Attach(options.name, getattr(options, "to", ""), detach=options.what == "detach")
    from engine.deploy import build_bases, deploy

    return build_bases if options.command == "build" else deploy

"""The command line: words into inputs, outcomes into exit codes, and nothing else."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from pathlib import Path

from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.adapters.files import is_directory
from lambda_fast_deploy.cli.commands.deploy import Run, Work
from lambda_fast_deploy.cli.github import inputs_from, on_github
from lambda_fast_deploy.cli.parser import parser
from lambda_fast_deploy.cli.terminal.streams import hand_over
from lambda_fast_deploy.config.inputs import INPUTS, PREVIOUS, GivenInputs
from lambda_fast_deploy.config.keys import json_schema
from lambda_fast_deploy.errors import Invalid, Place, Problem

REPORT = "lambda-fast-deploy-report-{}.json"  # of each step of a job: one of its own


def run(arguments: list[str]) -> int:
    """Carry out a command.

    Returns:
        The exit code.

    Raises:
        DeployError: for ``__main__`` to show, when no report could be made of it.
    """
    root = parser()
    options = root.read(arguments)
    if options.command is None:
        root.print_help(sys.stderr)
        return Invalid.exit_code
    if options.command == "schema":
        if options.what == "report":
            from lambda_fast_deploy.report.schema import report_schema

            hand_over(json.dumps(report_schema(), indent=2))
        else:
            hand_over(json.dumps(json_schema(), indent=2))
        return 0
    if options.command == "completion":
        from lambda_fast_deploy.cli.completion import script

        hand_over(script(root, options.shell))
        return 0
    environ = VARIABLES
    given = GivenInputs(_inputs_of(options), inputs_from(environ) if on_github(environ) else None)
    if options.command == "status":
        from lambda_fast_deploy.cli.commands.status import show_status

        return show_status(given, environ, options.only, json=options.json)
    if options.command == "doctor":
        from lambda_fast_deploy.cli.commands.doctor import doctor

        return doctor(given, environ, json=options.json)
    if options.command == "policy":
        from lambda_fast_deploy.cli.commands.policy import policy

        return policy(given, environ, options.trust, options.account)
    if options.command == "sizes":
        from lambda_fast_deploy.cli.commands.layers import layer_sizes

        return layer_sizes(given, environ, json=options.json, check=options.check)
    if options.command == "layers" and options.what in ("list", "users", "prune"):
        from lambda_fast_deploy.cli.commands.layers import layers

        return layers(given, environ, options.what, options.name, json=options.json)
    report = getattr(options, "report", "")
    if report:
        _check_report(Path(report).absolute())
    elif on_github(environ):  # beside the checkout, which it must not change
        report = str(Path(environ.get("RUNNER_TEMP", ".")) / REPORT.format(secrets.token_hex(4)))
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


def _check_report(path: Path) -> None:
    """See now that the report can be written, and not when all is done.

    Raises:
        Invalid: it cannot.
    """
    says = ""
    if not is_directory(path.parent):
        says = f"the directory of {path} does not exist"
    elif is_directory(path):
        says = f"{path} is a directory"
    else:
        try:
            path.open("a").close()
        except OSError as error:
            says = f"{path} cannot be written: {error.strerror}"
    if says:
        raise Invalid([Problem(says, Place("option --report"))])


def _inputs_of(options: argparse.Namespace) -> dict[str, str]:
    """The inputs that are given by options.

    Raises:
        Invalid: one of them is empty.
    """
    given, empty = {}, []
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
    if options.command == "plan":
        given["dry-run"] = "true"
    return given


def _work(options: argparse.Namespace, rollback: str) -> Work:
    """What a command does with the settings; only that is imported."""
    if options.command == "layers":
        from lambda_fast_deploy.release.layer_change import LayerChange

        return LayerChange(
            options.name, getattr(options, "to", ""), detach=options.what == "detach"
        )
    if rollback:
        if rollback != PREVIOUS and not rollback.isdecimal():
            says = f"expected {PREVIOUS} or the number of a version, got {rollback!r}"
            where = "option --to" if options.command == "rollback" else "input rollback"
            raise Invalid([Problem(says, Place(where))])
        from lambda_fast_deploy.rollback import Rollback

        return Rollback(rollback, getattr(options, "only", ""))
    from lambda_fast_deploy.deploy import build_bases, deploy

    return build_bases if options.command == "build" else deploy

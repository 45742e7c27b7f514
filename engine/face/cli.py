"""The command line: words into inputs, outcomes into exit codes, and nothing else."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import DeployError
from engine.face import console
from engine.face.github import Github, inputs_from, on_github
from engine.journal import Journal
from engine.settings.event import read_event
from engine.settings.grammar import json_schema
from engine.settings.inputs import INPUTS
from engine.settings.load import load

if TYPE_CHECKING:
    from engine.adapters.aws.session import Aws
    from engine.model import Outcome, Settings

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
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, says in (
        ("deploy", "build and deploy what changed"),
        ("plan", "say what a deploy would do, and why; change nothing"),
    ):
        command = commands.add_parser(name, help=says, description=says.capitalize() + ".")
        command.add_argument("--json", action="store_true", help="print JSON on stdout")
        command.add_argument("--report", default="", metavar="FILE", help="write report.json there")
        for item in INPUTS:
            if item.switch:
                command.add_argument(
                    f"--{item.name}", action="store_const", const="true", help=item.says
                )
            else:
                command.add_argument(f"--{item.name}", metavar="VALUE", help=item.says)
    commands.add_parser("schema", help="print the JSON schema of lambda-deploy.yml")
    return root


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
    given |= {
        item.name: value
        for item in INPUTS
        if (value := getattr(options, item.name.replace("-", "_")))
    }
    if options.command == "plan":
        given["dry-run"] = "true"
    report = options.report
    if not report and on_github(environ):  # beside the checkout, which it must not change
        report = str(Path(environ.get("RUNNER_TEMP", ".")) / REPORT)
    return _Run(given, environ, report, json_only=options.json).carry_out()


class _Run:
    """One deploy or plan, with everything it tells."""

    def __init__(
        self, given: Mapping[str, str], environ: Mapping[str, str], report: str, *, json_only: bool
    ) -> None:
        self._given = given
        self._environ = environ
        self._report = report
        self._json_only = json_only
        self._journal = Journal(console.tell)
        self._github = Github() if on_github(environ) else None

    def carry_out(self) -> int:
        """Deploy, then report, whatever happened."""
        outcome: Outcome | None = None
        error: DeployError | None = None
        settings: Settings | None = None
        try:
            settings = self._settings()
            from engine.adapters.world import World
            from engine.deploy import deploy

            outcome = deploy(settings, World.real(self._aws), self._journal)
        except DeployError as caught:
            error = caught
        finally:
            if outcome or error:
                self._tell(settings, outcome, error)
            if self._github:
                self._github.close()
        return error.exit_code if error else outcome.exit_code if outcome else 1

    def _settings(self) -> Settings:
        root = Path.cwd()
        event = read_event(self._environ, root, self._given.get("commit-message", ""))
        return load(self._given, self._environ, event, root, lambda: self._aws.regions())

    @cached_property
    def _aws(self) -> Aws:
        from engine.adapters.aws.session import Aws  # importing boto3 costs 0.14 s

        return Aws()

    def _tell(
        self, settings: Settings | None, outcome: Outcome | None, error: DeployError | None
    ) -> None:
        from engine.report.document import outputs, plan_document, report_document
        from engine.report.summary import sentence, summary

        document = report_document(outcome, self._journal, error)
        if self._report:
            Path(self._report).write_text(json.dumps(document, indent=2), encoding="utf-8")
        if self._github:
            self._github.summary(summary(outcome, self._journal, error))
            if outcome:
                self._github.outputs(outputs(outcome, str(Path(self._report).resolve())))
        failures = [error] if error else []
        if outcome:
            failures += [
                DeployError(f"{d.function} in {d.region}: {d.error}", remedy=d.remedy)
                for d in outcome.deliveries
                if d.error
            ]
        for failure in failures:
            console.show_error(failure)
            if self._github:
                self._github.annotate(failure)
        if outcome and settings:
            if settings.plan_only:
                console.show_plan(outcome.plan, settings.plan_only)
            else:
                for delivery in outcome.deliveries:
                    for left in delivery.left:
                        console.say(f"  left as it is, mend by hand: {left}")
                    console.say(f"{sentence(delivery)}, in {self._journal.elapsed:.1f} s")
        if self._json_only:
            planned = settings is not None and settings.plan_only and outcome
            shown = plan_document(outcome.plan) if planned and outcome else document
            json.dump(shown, sys.stdout, indent=2)
            sys.stdout.write("\n")

"""One deploy or plan, and its output: log, page, outputs, annotations, report, JSON."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from lambda_fast_deploy.adapters.files import is_directory
from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.github import Github, on_github
from lambda_fast_deploy.cli.signals import stopped_by_signals, without_garbage_collection
from lambda_fast_deploy.cli.terminal import log
from lambda_fast_deploy.cli.terminal.streams import hand_over, say
from lambda_fast_deploy.config.event import mistyped
from lambda_fast_deploy.errors import DeployError, Invalid, Place, Problem, unexpected
from lambda_fast_deploy.models import Outcome, Plan
from lambda_fast_deploy.run_log import RunLog

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.clients import Clients
    from lambda_fast_deploy.models import Settings


Work = Callable[["Settings", "Clients", RunLog], Outcome]

REPORT = "lambda-fast-deploy-report-{}.json"  # a separate file for each step of a job


class Run:
    """One run for a person, a workflow or a script.

    Args:
        context: the context of the command.
        work: the function that deploys or plans.
        plan_to: the stream that a plan is printed on.
        flags: whether flags in the commit message apply; they are about a deploy of HEAD.

    Raises:
        Invalid: the report cannot be written to the file of ``--report``.
    """

    def __init__(
        self,
        context: CommandContext,
        work: Work,
        *,
        plan_to: TextIO | None = None,
        flags: bool = True,
    ) -> None:
        context.progress = self._progress = log.progress()
        self._context = context
        self._work = work
        self._plan_to = plan_to or sys.stderr
        self._flags = flags
        self._run_log = context.run_log
        self._hide = context.secrets.hide
        self._report = _report_path(context)
        self._json = context.options.json
        self._github = Github() if on_github(context.environ) else None
        self._settings: Settings | None = None
        self._is_over = False

    def carry_out(self) -> int:
        """Run the work, then report; the exit code."""
        with without_garbage_collection(), stopped_by_signals(self._cancel):
            outcome: Outcome | None = None
            error: DeployError | None = None
            try:
                with self._progress:
                    outcome = self._outcome()
            except DeployError as failure:
                error = failure
            except Exception as bug:
                error = unexpected(bug)
            self._is_over = True
            if error:
                error.after(self._context.changes)
                error.hide(self._hide)
            self._report_all(outcome and outcome.without(self._hide), error)
            if self._github:
                self._github.close()
        return error.exit_code if error else outcome.exit_code if outcome else 1

    def _cancel(self, stop: signal.Signals) -> None:
        if self._is_over:
            return  # only the reports are still written
        self._context.cancellation.request()
        self._progress.say(f"Received {stop.name}: stopping and rolling back.")

    def _outcome(self) -> Outcome:
        context = self._context
        context.settings = self._settings = context.load(flags=self._flags)
        clients = context.clients
        mistakes = mistyped(self._settings.event, _flags_of(self._settings))
        for note in (*self._settings.notes, *mistakes):
            self._run_log.note(note)
        outcome = self._work(self._settings, clients, self._run_log)
        if self._planned:  # a plan has no steps at which a cancellation stops it
            context.cancellation.check()
        return outcome

    # ------------------------------------------------------------ reports

    def _report_all(self, outcome: Outcome | None, error: DeployError | None) -> None:
        """Write every report; a failure of one affects neither the others nor the exit code."""
        for report in (
            self._write_report,
            self._write_page,
            self._write_outputs,
            self._show_failures,
            self._show_outcome,
            self._print_document,
        ):
            try:
                report(outcome, error)
            except DeployError as failure:
                self._show(failure)
            except Exception as bug:
                self._show(unexpected(bug))

    def _show(self, failure: DeployError, place: Place | None = None) -> None:
        failure.hide(self._hide)
        log.show_error(failure)
        if self._github:
            self._github.annotate(failure, place)

    def _write_report(self, outcome: Outcome | None, error: DeployError | None) -> None:
        if self._report:
            from lambda_fast_deploy.report.documents import report_document

            path, self._report = self._report, ""  # no output names it until it is written
            text = json.dumps(report_document(outcome, self._run_log, error), indent=2)
            with _writing(path, "Pass another file to --report; "):
                Path(path).write_text(text, encoding="utf-8")
            self._report = str(Path(path).resolve())

    def _write_page(self, outcome: Outcome | None, error: DeployError | None) -> None:
        if self._github:
            from lambda_fast_deploy.report.page import summary

            with _writing("the step summary (GITHUB_STEP_SUMMARY)"):
                self._github.summary(summary(outcome, self._run_log, error))

    def _write_outputs(self, outcome: Outcome | None, _: DeployError | None) -> None:
        if self._github:
            from lambda_fast_deploy.report.documents import outputs

            values = outputs(outcome or Outcome(Plan(()), ()), self._report)  # after errors, too
            with _writing("the outputs (GITHUB_OUTPUT)"):
                self._github.outputs(values)

    def _show_failures(self, outcome: Outcome | None, error: DeployError | None) -> None:
        for failure, place in self._failures(outcome, error):
            self._show(failure, place)

    def _show_outcome(self, outcome: Outcome | None, error: DeployError | None) -> None:
        if outcome and self._planned:
            log.show_plan(outcome.plan, self._planned, self._plan_to)
        elif outcome and not outcome.deliveries:
            log.show_bases(outcome.plan, self._run_log.elapsed)
        elif outcome:
            log.show_deliveries(outcome.deliveries, self._run_log.elapsed)
        elif error:
            say("Not deployed. No function was changed.")

    def _print_document(self, outcome: Outcome | None, error: DeployError | None) -> None:
        if not self._json:
            return
        from lambda_fast_deploy.report.documents import plan_document, report_document

        if outcome and self._planned:
            document = plan_document(outcome.plan)
        else:
            document = report_document(outcome, self._run_log, error)
        hand_over(json.dumps(document, indent=2))

    @property
    def _planned(self) -> str:
        """Why this run only plans, or an empty text."""
        return self._settings.plan_only if self._settings else ""

    def _failures(
        self, outcome: Outcome | None, error: DeployError | None
    ) -> list[tuple[DeployError, Place | None]]:
        """The errors, each with the place of its function in the configuration."""
        functions = self._settings.functions if self._settings else ()
        places = {function.name: function.place for function in functions}
        return [
            *([(error, None)] if error else []),
            *(
                (
                    DeployError(f"{d.function} in {d.region}: {d.error}", remedy=d.remedy),
                    places.get(d.function),
                )
                for d in (outcome.deliveries if outcome else ())
                if d.error
            ),
        ]


@contextmanager
def _writing(what: str, remedy: str = "") -> Iterator[None]:
    """Convert errors of writing a report.

    Raises:
        DeployError: it cannot be written; this does not change the exit code of the run.
    """
    try:
        yield
    except OSError as failure:
        message = f"{what} cannot be written: {failure.strerror or failure}"
        ending = "the result of the run follows."
        remedy = f"{remedy}{ending}" if remedy else ending.capitalize()
        raise DeployError(message, remedy=remedy) from None


def _flags_of(settings: Settings) -> set[str]:
    """The flags that the tests of the settings have under ``when``."""
    return {flag for test in settings.tests for each in test.when for flag in each.flag}


def _report_path(context: CommandContext) -> str:
    """The file of the report; an empty text if the run writes none.

    Raises:
        Invalid: the file cannot be written; checked before the run starts.
    """
    if report := getattr(context.options, "report", ""):
        _check_writable(Path(report).absolute())
    elif on_github(context.environ):  # outside the checkout, which a run must not change
        folder = Path(context.environ.get("RUNNER_TEMP", "."))
        report = str(folder / REPORT.format(secrets.token_hex(4)))
    return str(report)


def _check_writable(path: Path) -> None:
    """Check before the run that the report can be written.

    Raises:
        Invalid: it cannot.
    """
    message = ""
    if not is_directory(path.parent):
        message = f"the directory of {path} does not exist"
    elif is_directory(path):
        message = f"{path} is a directory"
    else:
        try:
            path.open("a").close()
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}"
    if message:
        raise Invalid([Problem(message, Place("option --report"))])

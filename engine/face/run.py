"""One deploy or plan, and everything that is told about it, whatever happens."""

from __future__ import annotations

import json as json_module
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from engine.adapters import process
from engine.errors import DeployError, Place, unexpected
from engine.face import console
from engine.face.github import Github, on_github
from engine.journal import Journal
from engine.mask import secrets_of
from engine.model import Outcome, Plan
from engine.settings.event import mistyped, read_event
from engine.settings.inputs import Given
from engine.settings.load import load

if TYPE_CHECKING:
    from engine.adapters.aws.session import Aws
    from engine.adapters.world import World
    from engine.model import Settings


Work = Callable[["Settings", "World", Journal], Outcome]


class Run:
    """One run of the engine for a person, a workflow or a script."""

    def __init__(
        self,
        given: Given,
        environ: Mapping[str, str],
        report: str,
        *,
        json: bool,
        plan_to: TextIO,
        work: Work,
        flags: bool,
    ) -> None:
        self._given = given
        self._environ = environ
        self._report = report
        self._json = json
        self._plan_to = plan_to
        self._work = work
        self._flags = flags
        self._progress = console.progress()
        self._journal = Journal(self._progress.tell)
        self._journal.keep_secret(secrets_of(environ))
        self._github = Github() if on_github(environ) else None
        self._settings: Settings | None = None

    def carry_out(self) -> int:
        """Deploy, then report; the exit code."""
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, self._cancel)
        outcome: Outcome | None = None
        error: DeployError | None = None
        try:
            with self._progress:
                outcome = self._work_out()
        except DeployError as caught:
            error = caught
        except Exception as fault:
            error = unexpected(fault)
        if error:
            error.hide(self._journal.hidden)
        self._tell(outcome and outcome.without(self._journal.hidden), error)
        if self._github:
            self._github.close()
        return error.exit_code if error else outcome.exit_code if outcome else 1

    def _cancel(self, number: int, _frame: object) -> None:
        self._journal.cancel()
        self._progress.say(
            f"{signal.Signals(number).name}: no further step begins, and what was changed is "
            "being undone"
        )

    def _work_out(self) -> Outcome:
        root = Path.cwd()
        event = read_event(self._environ, root, self._given.get("commit-message", ""))
        if not self._flags:
            event = replace(event, flags=frozenset())
        if event.unmerged:
            process.allow_only("git")
        self._settings = load(self._given, self._environ, event, root, lambda: self._aws.regions())
        from engine.adapters.world import World

        self._journal.keep_secret(self._settings.secrets)
        if self._settings.only_reads:
            self._aws.only_read()
        for note in mistyped(event, _flags_of(self._settings)):
            self._journal.note(note)
        world = World.real(self._aws, self._settings.builder)
        return self._work(self._settings, world, self._journal)

    @cached_property
    def _aws(self) -> Aws:
        from engine.adapters.aws.session import Aws  # importing boto3 costs 0.14 s

        return Aws()

    # ------------------------------------------------------------ telling

    def _tell(self, outcome: Outcome | None, error: DeployError | None) -> None:
        from engine.report.document import outputs, plan_document, report_document
        from engine.report.summary import summary

        document = report_document(outcome, self._journal, error)
        unwritten = self._write(json_module.dumps(document, indent=2)) if self._report else []
        if self._github:
            self._github.summary(summary(outcome, self._journal, error))
            known = outcome or Outcome(Plan(()), ())  # an output is there whatever happened
            self._github.outputs(outputs(known, str(Path(self._report).resolve())))
        for failure, place in (*self._failures(outcome, error), *unwritten):
            console.show_error(failure)
            if self._github:
                self._github.annotate(failure, place)
        planned = self._settings.plan_only if self._settings else ""
        if outcome and planned:
            console.show_plan(outcome.plan, planned, self._plan_to)
        elif outcome and not outcome.deliveries:
            console.show_bases(outcome.plan, self._journal.elapsed)
        elif outcome:
            console.show_deliveries(outcome.deliveries, self._journal.elapsed)
        elif error:
            console.say("Not deployed; no function was touched.")
        if self._json:
            shown = plan_document(outcome.plan) if outcome and planned else document
            json_module.dump(shown, sys.stdout, indent=2)
            sys.stdout.write("\n")

    def _write(self, text: str) -> list[tuple[DeployError, None]]:
        """Write the report; why that could not be done, which changes nothing of what was."""
        try:
            Path(self._report).write_text(text, encoding="utf-8")
        except OSError as failure:
            says = f"{self._report} cannot be written: {failure.strerror}"
            remedy = "Name another file by --report; how the run itself ended stands below."
            return [(DeployError(says, remedy=remedy), None)]
        return []

    def _failures(
        self, outcome: Outcome | None, error: DeployError | None
    ) -> list[tuple[DeployError, Place | None]]:
        """What went wrong, and where what it is about was written."""
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


def _flags_of(settings: Settings) -> set[str]:
    """The flags that the tests of the settings ask for."""
    return {flag for gate in settings.gates for each in gate.when for flag in each.flag}

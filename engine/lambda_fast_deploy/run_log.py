"""The log of a run: each step with its time and result; the source of the report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from secrets import token_hex

from lambda_fast_deploy.cancellation import Cancellation
from lambda_fast_deploy.errors import DeployError
from lambda_fast_deploy.masking import Secrets
from lambda_fast_deploy.models import Step

ROLLBACK = "roll back"  # the action of entries whose work a cancellation does not end


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One piece of work. ``start`` is in seconds since the start of the run."""

    id: str
    region: str
    action: str
    reason: str
    start: float
    seconds: float = 0.0
    outcome: str = "running"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Progress(LogEntry):
    """The progress of a piece of work, as a fraction of 1."""

    fraction: float = 0.0


class RunLog:
    """Collects entries from all threads and passes each to a listener.

    ``run`` identifies this run in the marks that it leaves in AWS.

    Args:
        tell: the listener.
        secrets: the secrets to mask in entries and notes.
        cancellation: after it, no planned step begins.
    """

    def __init__(
        self,
        tell: Callable[[LogEntry], None] = lambda _: None,
        secrets: Secrets | None = None,
        cancellation: Cancellation | None = None,
    ) -> None:
        self.run = token_hex(6)
        self.secrets = secrets or Secrets()
        self.cancellation = cancellation or Cancellation()
        self._tell = tell
        self._start = time.monotonic()
        self._entries: list[LogEntry] = []
        self._notes: list[str] = []
        self._lock = threading.Lock()
        self._progress: set[tuple[str, str]] = set()
        self._thread = threading.local()  # its ``work`` is the current entry of a thread

    def _publish(self, entry: LogEntry) -> LogEntry:
        """Pass an entry to the listener; the entry without secrets."""
        hide = self.secrets.hide
        clean = replace(entry, reason=hide(entry.reason), detail=hide(entry.detail))
        with suppress(Exception):  # an error of the listener must not stop the run
            self._tell(clean)
        return clean

    @property
    def elapsed(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() - self._start

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        """Finished work, ordered by its start."""
        with self._lock:
            return tuple(sorted(self._entries, key=lambda entry: entry.start))

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the reader of the report, in addition to the entries."""
        with self._lock:
            return tuple(self._notes)

    def note(self, text: str) -> None:
        """Add a note; repeated notes are ignored."""
        text = self.secrets.hide(text)
        with self._lock:
            if text in self._notes:
                return
            self._notes.append(text)
        self._publish(LogEntry("note", "", "note", text, self.elapsed, outcome="done"))

    def step(self, step: Step) -> AbstractContextManager[Callable[[str], None]]:
        """Time the work of a planned step; no step begins after a cancellation.

        Raises:
            Cancelled: the run was cancelled.
        """
        self.cancellation.check()
        return self.work(step.id, step.action, step.reason, step.region)

    def progress(self, entry_id: str, text: str, region: str = "") -> None:
        """Publish the progress of long work as a text; not stored, repetitions are ignored."""
        with self._lock:
            if (entry_id, text) in self._progress:
                return
            self._progress.add((entry_id, text))
        self._publish(LogEntry(entry_id, region, "progress", text, self.elapsed))

    def waits(self, text: str) -> None:
        """Publish what the work of this thread waits for.

        Raises:
            Cancelled: the run was cancelled, and the work is not part of a rollback.
        """
        entry: LogEntry | None = getattr(self._thread, "work", None)
        if entry is None or entry.action != ROLLBACK:
            self.cancellation.check()
        if entry is not None:
            self.progress(entry.id, f"waiting: {text}", entry.region)

    def advance(
        self, entry_id: str, done: float, total: float, text: str = "", region: str = ""
    ) -> None:
        """Publish the progress of long work as a fraction; not stored."""
        part = min(1.0, done / total) if total else 0.0
        self._publish(Progress(entry_id, region, "advance", text, self.elapsed, fraction=part))

    def happened(
        self, entry_id: str, action: str, region: str, start: float, *, failed: bool, detail: str
    ) -> None:
        """Add work that another service did and that has just ended.

        Args:
            entry_id: the subject of the work, as the id of a step.
            action: the action, as that of a step.
            region: the region.
            start: seconds since the start of the run.
            failed: whether it failed.
            detail: its result.
        """
        outcome, seconds = "failed" if failed else "done", self.elapsed - start
        entry = LogEntry(entry_id, region, action, detail, start, seconds, outcome, detail)
        clean = self._publish(entry)
        with self._lock:
            self._entries.append(clean)

    def rollback(
        self, name: str, cause: str, region: str
    ) -> AbstractContextManager[Callable[[str], None]]:
        """Time the rollback of a function or a stack; a cancellation does not end its waits."""
        return self.work(f"rollback:{name}", ROLLBACK, cause, region)

    @contextmanager
    def work(
        self, entry_id: str, action: str, reason: str = "", region: str = ""
    ) -> Iterator[Callable[[str], None]]:
        """Time a piece of work. The yielded function sets its detail."""
        entry = LogEntry(entry_id, region, action, reason, self.elapsed)
        self._publish(entry)
        details: list[str] = []
        outcome = "done"
        outer, self._thread.work = getattr(self._thread, "work", None), entry
        try:
            yield details.append
        except BaseException as error:
            outcome = "failed"
            if isinstance(error, DeployError):
                error.hide(self.secrets.hide)  # before it is shortened to one line
            details.append((str(error) or repr(error)).splitlines()[0])
            raise
        finally:
            self._thread.work = outer
            end = replace(
                entry,
                seconds=self.elapsed - entry.start,
                outcome=outcome,
                detail=details[-1] if details else "",
            )
            clean = self._publish(end)
            with self._lock:
                self._entries.append(clean)

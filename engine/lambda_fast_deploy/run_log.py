"""What happened when, written down while it happens; the report is made from it."""

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


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One piece of work. ``start`` is seconds since the run began."""

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
    """Which part of a piece of work is done, of 1."""

    fraction: float = 0.0


class RunLog:
    """Collects entries from every thread and tells a listener about each.

    ``run`` names this run in the marks that it leaves in AWS while it is under way.

    Args:
        tell: the listener.
        secrets: what no entry and no note has in it.
        cancellation: after which no planned step begins.
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
        self._begun = time.monotonic()
        self._entries: list[LogEntry] = []
        self._notes: list[str] = []
        self._lock = threading.Lock()
        self._progress: set[tuple[str, str]] = set()
        self._here = threading.local()  # its ``work`` is what this thread is doing

    def _hear(self, entry: LogEntry) -> LogEntry:
        """Tell the listener of an entry; the entry without secrets."""
        hide = self.secrets.hide
        clean = replace(entry, reason=hide(entry.reason), detail=hide(entry.detail))
        with suppress(Exception):  # that it cannot be told is no reason to stop what is done
            self._tell(clean)
        return clean

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._begun

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        """Finished work, in the order in which it began."""
        with self._lock:
            return tuple(sorted(self._entries, key=lambda entry: entry.start))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know beside the work itself."""
        with self._lock:
            return tuple(self._notes)

    def note(self, text: str) -> None:
        """Remember something the reader should know; said once however often it is met."""
        text = self.secrets.hide(text)
        with self._lock:
            if text in self._notes:
                return
            self._notes.append(text)
        self._hear(LogEntry("note", "", "note", text, self.elapsed, outcome="done"))

    def step(self, step: Step) -> AbstractContextManager[Callable[[str], None]]:
        """Time the work that a planned step asks for; none begins once the run shall stop.

        Raises:
            Cancelled: it shall.
        """
        self.cancellation.check()
        return self.work(step.id, step.action, step.reason, step.region)

    def progress(self, entry_id: str, text: str, region: str = "") -> None:
        """Say how work that takes long is getting on: not kept, and the same only once."""
        with self._lock:
            if (entry_id, text) in self._progress:
                return
            self._progress.add((entry_id, text))
        self._hear(LogEntry(entry_id, region, "progress", text, self.elapsed))

    def waits(self, text: str) -> None:
        """Say what the work of this thread is waiting for.

        Raises:
            Cancelled: the run shall stop, and this is no undo.
        """
        entry: LogEntry | None = getattr(self._here, "work", None)
        if entry is None or entry.action != "undo":
            self.cancellation.check()
        if entry is not None:
            self.progress(entry.id, f"waiting: {text}", entry.region)

    def advance(
        self, entry_id: str, done: float, total: float, text: str = "", region: str = ""
    ) -> None:
        """Say which part of such work is done, as often as that is known: not kept either."""
        part = min(1.0, done / total) if total else 0.0
        self._hear(Progress(entry_id, region, "advance", text, self.elapsed, fraction=part))

    def happened(
        self, entry_id: str, action: str, region: str, start: float, *, failed: bool, detail: str
    ) -> None:
        """Remember work that was done elsewhere and has ended now.

        Args:
            entry_id: what the work was about, as of a step.
            action: what was done.
            region: where.
            start: seconds since the run began when it was seen to begin.
            failed: whether it ended badly.
            detail: what came of it.
        """
        outcome, spent = "failed" if failed else "done", self.elapsed - start
        entry = LogEntry(entry_id, region, action, detail, start, spent, outcome, detail)
        clean = self._hear(entry)
        with self._lock:
            self._entries.append(clean)

    @contextmanager
    def work(
        self, entry_id: str, action: str, reason: str = "", region: str = ""
    ) -> Iterator[Callable[[str], None]]:
        """Time a piece of work. The yielded function sets the detail shown beside it."""
        entry = LogEntry(entry_id, region, action, reason, self.elapsed)
        self._hear(entry)
        details: list[str] = []
        outcome = "done"
        around, self._here.work = getattr(self._here, "work", None), entry
        try:
            yield details.append
        except BaseException as error:
            outcome = "failed"
            if isinstance(error, DeployError):
                error.hide(self.secrets.hide)  # before it is cut, which could leave half a secret
            details.append((str(error) or repr(error)).splitlines()[0])
            raise
        finally:
            self._here.work = around
            done = replace(
                entry,
                seconds=self.elapsed - entry.start,
                outcome=outcome,
                detail=details[-1] if details else "",
            )
            clean = self._hear(done)
            with self._lock:
                self._entries.append(clean)

"""Faults are injected one after the other; a thorough run tries them all, and keeps its figures."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docs.reliability import keep


class Tally:
    """What was done to runs, and what became of them, by group: the figures of the page."""

    def __init__(self) -> None:
        self.groups: dict[str, Counter[str]] = {}

    @contextmanager
    def case(self, group: str) -> Iterator[Counter[str]]:
        """Count one fault or kill, and its loss if the block fails; the figures of the group."""
        figures = self.groups.setdefault(group, Counter())
        figures["injected"] += 1
        try:
            yield figures
        except KeyboardInterrupt:
            figures["injected"] -= 1  # nobody knows how it would have ended
            raise
        except BaseException:
            figures["lost"] += 1
            raise


TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing."""
    config.stash[TALLY] = Tally()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what was counted, beside what the other parts of ``make chaos`` count."""
    keep(session.config.stash[TALLY].groups)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Where the figures of the page are counted."""
    return request.config.stash[TALLY]


@pytest.fixture
def name() -> str:
    """A function name that no other test uses."""
    return f"fn-{secrets.token_hex(4)}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder for a project."""
    return tmp_path / "project"

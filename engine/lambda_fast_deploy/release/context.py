"""What one release has in hand: one function in one region, and everything it needs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import Conflict, DeployError
from lambda_fast_deploy.models import (
    Artifacts,
    Function,
    FunctionState,
    FunctionSteps,
    ObservedFunction,
    Settings,
    Step,
)
from lambda_fast_deploy.release.undo import Undo
from lambda_fast_deploy.run_log import RunLog


@dataclass(frozen=True, slots=True)
class ReleaseContext:
    """A function to release. ``observed`` is what was there before the run, if anything."""

    region: str
    function: Function
    settings: Settings
    steps: FunctionSteps
    artifacts: Artifacts
    observed: ObservedFunction | None
    clients: Clients
    run_log: RunLog
    undo: Undo = field(default_factory=Undo)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.name

    @property
    def observed_url(self) -> str:
        """The function URL that was there before, if any."""
        return self.observed.url.address if self.observed and self.observed.url else ""

    def working(self, step: Step) -> AbstractContextManager[Callable[[str], None]]:
        """Time the step's work in the run_log; yields a setter of its detail."""
        return self.run_log.step(step)

    def theirs(self, what: str, version: str = "") -> Conflict:
        """The error of a run that met somebody else's.

        Args:
            what: what they did.
            version: the version that tells of them; the newest, if they left none.
        """
        return Conflict(
            f"somebody else {what} while this run was deploying{self._who(version)}",
            remedy="Nothing of theirs was changed. Run again to deploy on top of it.",
        )

    def _who(self, version: str) -> str:
        state: FunctionState | None = None
        with contextlib.suppress(DeployError):  # it would only say more
            if version:
                state = self.clients.functions(self.region).read(self.name, version)
            else:
                state = next(iter(self.clients.versions(self.region).every(self.name)), None)
        if state is None:
            return ""
        said = f": {state.description}" if state.description else ""
        return f" (version {state.version}, {state.modified}{said})"

"""The context of a release: one function in one region, and the values and clients it needs."""

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
    """A function to release. ``observed`` is its state before the run, if it existed."""

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
        """The function URL before the run, if there was one."""
        return self.observed.url.address if self.observed and self.observed.url else ""

    def working(self, step: Step) -> AbstractContextManager[Callable[[str], None]]:
        """Time the work of a step in the run log; yields a setter of its detail."""
        return self.run_log.step(step)

    def conflict(self, event: str, version: str = "") -> Conflict:
        """The error after a change by another deployment.

        Args:
            event: what the other deployment did, as in "moved alias live".
            version: the version whose description names that deployment; default the newest.
        """
        return Conflict(
            f"another deployment {event} while this run was deploying{self._origin(version)}",
            remedy="Its changes were kept. Run again to deploy on top of them.",
        )

    def _origin(self, version: str) -> str:
        state: FunctionState | None = None
        with contextlib.suppress(DeployError):  # it is only a detail of the message
            if version:
                state = self.clients.functions(self.region).read(self.name, version)
            else:
                state = next(iter(self.clients.versions(self.region).every(self.name)), None)
        if state is None:
            return ""
        description = f": {state.description}" if state.description else ""
        return f" (version {state.version}, {state.modified}{description})"

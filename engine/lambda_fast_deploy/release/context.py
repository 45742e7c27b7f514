"""What one release has in hand: one function in one region, and everything it needs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import Conflict, DeployError
from lambda_fast_deploy.models import (
    Action,
    Artifacts,
    Function,
    FunctionState,
    ObservedFunction,
    Plan,
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
    plan: Plan
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

    def step(self, kind: str) -> Step:
        """The planned step of a kind, such as ``code`` or ``test:health``."""
        what, _, rest = kind.partition(":")
        return self.plan.step(self.region, f"{what}:{self.name}{f':{rest}' if rest else ''}")

    def wanted(self, kind: str) -> bool:
        """Whether the plan has something to do there."""
        what, _, rest = kind.partition(":")
        step_id = f"{what}:{self.name}{f':{rest}' if rest else ''}"
        steps = self.plan.of(self.region, self.name)
        return any(step.id == step_id and step.action is not Action.SKIP for step in steps)

    @property
    def changes(self) -> bool:
        """Whether users get something new."""
        kinds = ("function", "configuration", "code", "alias")
        return any(
            step.action.changes
            for step in self.plan.of(self.region, self.name)
            if step.kind in kinds
        )

    def working(self, kind: str) -> AbstractContextManager[Callable[[str], None]]:
        """Time the step's work in the run log; yields a setter of its detail."""
        return self.run_log.step(self.step(kind))

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

"""Where something is built: one region, and all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.models import ObservedRegion, Plan, Settings, Step
from lambda_fast_deploy.run_log import RunLog


@dataclass(frozen=True, slots=True)
class RegionContext:
    """One region that is built for: what is wanted, what was found there, and the way to it."""

    settings: Settings
    plan: Plan
    observed: ObservedRegion
    clients: Clients
    run_log: RunLog

    @property
    def region(self) -> str:
        """The region's name."""
        return self.observed.region

    def step(self, kind: str, name: str) -> Step:
        """What the plan says of one thing here."""
        return self.plan.step(self.region, f"{kind}:{name}")

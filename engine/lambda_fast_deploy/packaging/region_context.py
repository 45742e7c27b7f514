"""The context of builds in one region."""

from __future__ import annotations

from dataclasses import dataclass

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.models import ObservedRegion, Plan, Settings, Step
from lambda_fast_deploy.run_log import RunLog


@dataclass(frozen=True, slots=True)
class RegionContext:
    """One region of a build: its settings, plan, observed state and clients."""

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
        """The plan's step for one artifact in this region."""
        return self.plan.step(self.region, f"{kind}:{name}")

"""Where something is built: one region, and all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.adapters.world import World
from engine.journal import Journal
from engine.model import ObservedRegion, Plan, Settings, Step


@dataclass(frozen=True, slots=True)
class Site:
    """One region that is built for: what is wanted, what was found there, and the way to it."""

    settings: Settings
    plan: Plan
    observed: ObservedRegion
    world: World
    journal: Journal

    @property
    def region(self) -> str:
        """The region's name."""
        return self.observed.region

    def step(self, kind: str, name: str) -> Step:
        """What the plan says of one thing here."""
        return self.plan.step(self.region, f"{kind}:{name}")

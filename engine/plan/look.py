"""What is there of the things that the working tree makes."""

from __future__ import annotations

from engine.adapters.world import World
from engine.errors import DeployError
from engine.journal import Journal
from engine.model import Fingerprints, ObservedRegion, Settings
from engine.plan.observe import observe

Looked = tuple[Fingerprints, dict[str, ObservedRegion], dict[str, DeployError]]


def look(settings: Settings, local: Fingerprints, world: World, journal: Journal) -> Looked:
    """The fingerprints of everything, what each region has of it, and which cannot be asked.

    Args:
        settings: what is asked for.
        local: the fingerprints of what the working tree holds.
        world: where it is asked.
        journal: takes notes.
    """
    if settings.has_images:
        from engine.plan.images import look_for_images

        return look_for_images(settings, local, world, journal)
    return local, *observe(settings, lambda: local, world)

"""Where zips go: with the API call itself, or through a bucket when they are too large for that."""

from __future__ import annotations

import base64
from typing import Any

from engine.adapters.world import World
from engine.build.budget import DIRECT_LIMIT, shown
from engine.errors import BuildFailed
from engine.journal import Journal
from engine.model import Archive, Settings, Step

PREFIX = "lambda-fast-deploy/"


class Uploads:
    """Hands zips of one region over to Lambda."""

    def __init__(self, settings: Settings, region: str, world: World, journal: Journal) -> None:
        self._store = settings.artifacts
        self._region = region
        self._world = world
        self._journal = journal

    def place(self, what: str, zipped: Archive, step: Step) -> dict[str, Any]:
        """The parameters of an API call that name a zip; a large one is in the bucket then.

        Raises:
            BuildFailed: it is too large, and there is no bucket.
        """
        if zipped.size <= DIRECT_LIMIT:
            return {"ZipFile": zipped.content}
        if self._store is None:
            raise BuildFailed(
                f"{what} is {shown(zipped.size)} zipped; Lambda takes at most "
                f"{shown(DIRECT_LIMIT)} in a call",
                remedy="Name a bucket for it: artifacts: {bucket: NAME, create: true}.",
            )
        name = self._store.name_in(self._region)
        bucket = self._world.bucket(self._region, name)
        if not bucket.exists():
            if not self._store.create:
                raise BuildFailed(
                    f"bucket {name} for {what} does not exist in {self._region}",
                    remedy="Create it, or say create: true under artifacts.",
                )
            bucket.create()
        # Addressed by content: what is there already is not sent again.
        key = f"{PREFIX}{base64.b64decode(zipped.sha256).hex()}.zip"
        if not bucket.has(key):
            bucket.upload(key, zipped.content, lambda done: self._tell(step, done, zipped.size))
        return {"S3Bucket": name, "S3Key": key}

    def _tell(self, step: Step, done: int, size: int) -> None:
        self._journal.check()
        says = f"{shown(done)} of {shown(size)} uploaded to S3"
        self._journal.advance(step.id, done, size, says, step.region)
        tenth = 10 * done // size
        self._journal.progress(
            step.id, f"{tenth * 10} % of {shown(size)} uploaded to S3", step.region
        )

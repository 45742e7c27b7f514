"""Where zips go: with the API call itself, or through a bucket when they are too large for that."""

from __future__ import annotations

import base64
from typing import Any

from engine.adapters.aws.bucket import Bucket, checksum_of
from engine.adapters.world import World
from engine.build.site import Site
from engine.errors import BuildFailed
from engine.journal import Journal
from engine.model import Archive, Step, Store
from engine.model.sizes import DIRECT_LIMIT, shown

PREFIX = "lambda-fast-deploy/"
BUCKET = "name a bucket for it: artifacts: {bucket: NAME, create: true}"


def too_large(what: str, zipped: Archive) -> str:
    """What is told of a zip that no call can have."""
    limit = shown(DIRECT_LIMIT)
    return f"{what} is {shown(zipped.size)} zipped; Lambda takes at most {limit} in a call"


def bucket_of(store: Store, region: str, world: World) -> Bucket:
    """The bucket of a region, whether it is there or not."""
    return world.bucket(region, store.name_in(region), store.owner)


def make_sure_of(bucket: Bucket, store: Store, what: str, region: str) -> None:
    """See to it that a bucket is there for ``what``.

    Raises:
        BuildFailed: it is not, and nobody has asked to create it; or it is in another region.
    """
    where = bucket.region()
    if where and where != region:
        raise elsewhere(bucket.name, what, where, region)
    if where:
        return
    if not store.create:
        raise BuildFailed(
            f"bucket {bucket.name} for {what} does not exist in {region}",
            remedy="Create it, or say create: true under artifacts.",
        )
    bucket.create()


def elsewhere(name: str, what: str, where: str, region: str) -> BuildFailed:
    """The error of a bucket that is not in the functions' region, as Lambda asks for.

    Source: Lambda API, ``FunctionCode``, S3Bucket.
    """
    return BuildFailed(
        f"bucket {name} for {what} is in {where}, and Lambda takes none from there in {region}",
        remedy="Name one for each region: artifacts: {bucket: NAME-{region}}.",
    )


def has_bytes(bucket: Bucket, key: str, checksum: str, journal: Journal) -> bool:
    """Whether an object is there and holds what its key stands for, by S3's own checksum.

    One with other bytes is told of, to be written anew like one that is absent.
    """
    found = bucket.checksum(key)
    if found and checksum and found != checksum:
        journal.note(exchanged(bucket, key))
    return bool(found) and found == checksum


def exchanged(bucket: Bucket, key: str) -> str:
    """What is told of an object that is not what was written."""
    return (
        f"s3://{bucket.name}/{key} held other bytes than were written there, and is written anew; "
        "see who else may write to the bucket."
    )


class Uploads:
    """Hands zips of one region over to Lambda."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._store = site.settings.artifacts
        self._journal = site.journal

    def place(self, what: str, zipped: Archive, step: Step) -> dict[str, Any]:
        """The parameters of an API call that name a zip; a large one is in the bucket then.

        Raises:
            BuildFailed: it is too large, and there is no bucket.
        """
        if zipped.size <= DIRECT_LIMIT:
            return {"ZipFile": zipped.content}
        if self._store is None:
            remedy = f"{BUCKET[0].upper()}{BUCKET[1:]}."
            raise BuildFailed(too_large(what, zipped), remedy=remedy)
        bucket = bucket_of(self._store, self._site.region, self._site.world)
        make_sure_of(bucket, self._store, what, self._site.region)
        # Addressed by content: what is there already is not sent again.
        key = f"{PREFIX}{base64.b64decode(zipped.sha256).hex()}.zip"
        if not has_bytes(bucket, key, checksum_of(zipped.content), self._journal):
            bucket.upload(key, zipped.content, lambda done: self._tell(step, done, zipped.size))
        return {"S3Bucket": bucket.name, "S3Key": key}

    def _tell(self, step: Step, done: int, size: int) -> None:
        self._journal.check()
        says = f"{shown(done)} of {shown(size)} uploaded to S3"
        self._journal.advance(step.id, done, size, says, step.region)
        tenth = 10 * done // size
        self._journal.progress(
            step.id, f"{tenth * 10} % of {shown(size)} uploaded to S3", step.region
        )

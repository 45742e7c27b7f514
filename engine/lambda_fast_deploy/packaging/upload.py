"""Where zips go: with the API call itself, or through a bucket when they are too large for that."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Protocol

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.bucket import Bucket, checksum_of
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.models import Archive, Settings, Step, Store
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state import bucket_keys

BUCKET = "name a bucket for it: artifacts: {bucket: NAME, create: true}"


def too_large(what: str, zipped: Archive) -> str:
    """What is told of a zip that no call can have."""
    limit = units.size(DIRECT_LIMIT)
    return f"{what} is {units.size(zipped.size)} zipped; Lambda takes at most {limit} in a call"


def bucket_of(store: Store, region: str, clients: Clients) -> Bucket:
    """The bucket of a region, whether it is there or not."""
    return clients.bucket(region, store.name_in(region), store.owner)


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


def has_bytes(bucket: Bucket, key: str, checksum: str, run_log: RunLog) -> bool:
    """Whether an object is there and holds what its key stands for, by S3's own checksum.

    One with other bytes is told of, to be written anew like one that is absent.
    """
    found = bucket.checksum(key)
    if found and checksum and found != checksum:
        run_log.note(exchanged(bucket, key))
    return bool(found) and found == checksum


def exchanged(bucket: Bucket, key: str) -> str:
    """What is told of an object that is not what was written."""
    return (
        f"s3://{bucket.name}/{key} held other bytes than were written there, and is written anew; "
        "see who else may write to the bucket."
    )


class _UploadContext(Protocol):
    """What is deployed to a region."""

    @property
    def settings(self) -> Settings: ...
    @property
    def region(self) -> str: ...
    @property
    def clients(self) -> Clients: ...
    @property
    def run_log(self) -> RunLog: ...


class Uploads:
    """Hands zips of one region over to Lambda.

    ``bucket`` takes large ones; without it, that of the settings, which is looked for then.
    """

    def __init__(self, region: _UploadContext, bucket: Bucket | None = None) -> None:
        self._region, self._bucket = region, bucket

    def place(
        self, what: str, zipped: Archive, tell: Callable[[int], None] = lambda _: None
    ) -> dict[str, Any]:
        """The parameters of an API call that name a zip; a large one is in the bucket then.

        Args:
            what: the zip is, for people.
            zipped: the zip.
            tell: takes the bytes that have arrived in the bucket so far.

        Raises:
            BuildFailed: it is too large, and there is no bucket.
        """
        if zipped.size <= DIRECT_LIMIT:
            return {"ZipFile": zipped.content}
        bucket = self._bucket or self._named_bucket(what, zipped)
        # Addressed by content: what is there already is not sent again.
        key = bucket_keys.zip_key(base64.b64decode(zipped.sha256).hex())
        if not has_bytes(bucket, key, checksum_of(zipped.content), self._region.run_log):
            bucket.upload(key, zipped.content, tell)
        return {"S3Bucket": bucket.name, "S3Key": key}

    def _named_bucket(self, what: str, zipped: Archive) -> Bucket:
        region, store = self._region, self._region.settings.artifacts
        if store is None:
            remedy = f"{BUCKET[0].upper()}{BUCKET[1:]}."
            raise BuildFailed(too_large(what, zipped), remedy=remedy)
        bucket = bucket_of(store, region.region, region.clients)
        make_sure_of(bucket, store, what, region.region)
        return bucket


def progress(run_log: RunLog, step: Step, size: int) -> Callable[[int], None]:
    """What tells how far the upload of a step is, which ends once the run is cancelled."""

    def tell(done: int) -> None:
        run_log.cancellation.check()
        says = f"{units.size(done)} of {units.size(size)} uploaded to S3"
        run_log.advance(step.id, done, size, says, step.region)
        tenth = 10 * done // size
        run_log.progress(
            step.id, f"{tenth * 10} % of {units.size(size)} uploaded to S3", step.region
        )

    return tell

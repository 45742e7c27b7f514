"""Zips on their way to Lambda: in the API call, or in a bucket if they are too large for it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Protocol

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.bucket import Bucket, checksum_of
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import BuildFailed, NotReady
from lambda_fast_deploy.models import Archive, Settings, Step, Store
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state import bucket_keys

BUCKET = "name a bucket for it: artifacts: {bucket: NAME, create: true}"


def too_large(what: str, zipped: Archive) -> str:
    """The message about a zip that is too large for an API call."""
    limit = units.size(DIRECT_LIMIT)
    return f"{what} is {units.size(zipped.size)} zipped; Lambda's limit is {limit} in a call"


def bucket_of(store: Store, region: str, clients: Clients) -> Bucket:
    """The bucket of a region, which may not exist."""
    return clients.bucket(region, store.name_in(region), store.owner)


def exists(bucket: Bucket, store: Store, what: str, region: str) -> bool:
    """Whether a bucket for ``what`` exists; if it does not, the run has to create it.

    The bucket must be in the functions' region (Lambda API, ``FunctionCode``, S3Bucket).

    Raises:
        NotReady: it does not exist and must not be created, or it is in another region.
    """
    where = bucket.region()
    if where and where != region:
        raise NotReady(
            f"bucket {bucket.name} for {what} is in {where}, but functions in {region} need one in "
            "their region",
            remedy="Name a bucket for each region: artifacts: {bucket: NAME-{region}}.",
        )
    if not (where or store.create):
        raise NotReady(
            f"bucket {bucket.name} for {what} does not exist in {region}",
            remedy="Create it, or set create: true under artifacts.",
        )
    return bool(where)


def ensure_exists(bucket: Bucket, store: Store, what: str, region: str) -> None:
    """Create a bucket for ``what`` if it does not exist and the settings say so.

    Raises:
        NotReady: it does not exist and must not be created, or it is in another region.
    """
    if not exists(bucket, store, what, region):
        bucket.create()


def has_bytes(bucket: Bucket, key: str, checksum: str, run_log: RunLog) -> bool:
    """Whether an object exists with the content that its key names, by S3's own checksum.

    An object with other content gets a note; it has to be written again, like an absent one.
    """
    observed = bucket.checksum(key)
    if observed and checksum and observed != checksum:
        run_log.note(exchanged(bucket, key))
    return bool(observed) and observed == checksum


def exchanged(bucket: Bucket, key: str) -> str:
    """The note about an object with other content than was written."""
    return (
        f"s3://{bucket.name}/{key} had other content than was written there, and is written again. "
        "Check who else can write to the bucket."
    )


class _UploadContext(Protocol):
    """The context of an upload to a region."""

    @property
    def settings(self) -> Settings: ...
    @property
    def region(self) -> str: ...
    @property
    def clients(self) -> Clients: ...
    @property
    def run_log(self) -> RunLog: ...


class Uploads:
    """Passes the zips of one region to Lambda.

    ``bucket`` is for large zips; by default it is the bucket of the settings, checked on first use.
    """

    def __init__(self, region: _UploadContext, bucket: Bucket | None = None) -> None:
        self._region, self._bucket = region, bucket

    def place(
        self, what: str, zipped: Archive, tell: Callable[[int], None] = lambda _: None
    ) -> dict[str, Any]:
        """The parameters of an API call for a zip; a large zip is uploaded to the bucket first.

        Args:
            what: the zip, for people.
            zipped: the zip.
            tell: receives the number of bytes uploaded so far.

        Raises:
            BuildFailed: the zip is too large, and the configuration names no bucket.
            NotReady: the bucket cannot be used.
        """
        if zipped.size <= DIRECT_LIMIT:
            return {"ZipFile": zipped.content}
        bucket = self._bucket or self._bucket_of_settings(what, zipped)
        # Content-addressed: an existing object is not sent again.
        key = bucket_keys.zip_key(base64.b64decode(zipped.sha256).hex())
        if not has_bytes(bucket, key, checksum_of(zipped.content), self._region.run_log):
            bucket.upload(key, zipped.content, tell)
        return {"S3Bucket": bucket.name, "S3Key": key}

    def _bucket_of_settings(self, what: str, zipped: Archive) -> Bucket:
        region, store = self._region, self._region.settings.artifacts
        if store is None:
            remedy = f"{BUCKET[0].upper()}{BUCKET[1:]}."
            raise BuildFailed(too_large(what, zipped), remedy=remedy)
        bucket = bucket_of(store, region.region, region.clients)
        ensure_exists(bucket, store, what, region.region)
        return bucket


def progress(run_log: RunLog, step: Step, size: int) -> Callable[[int], None]:
    """A callback that reports the progress of an upload; it raises if the run is cancelled."""

    def tell(sent: int) -> None:
        run_log.cancellation.check()
        says = f"{units.size(sent)} of {units.size(size)} uploaded to S3"
        run_log.advance(step.id, sent, size, says, step.region)
        tenth = 10 * sent // size
        run_log.progress(
            step.id, f"{tenth * 10} % of {units.size(size)} uploaded to S3", step.region
        )

    return tell

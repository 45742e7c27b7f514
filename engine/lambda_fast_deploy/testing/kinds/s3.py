"""Tests that an object written through the function's API is in its bucket and can be read."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lambda_fast_deploy.adapters.deadline import Deadline
from lambda_fast_deploy.arn import in_s3
from lambda_fast_deploy.errors import DeployError, FunctionTestFailed, NotReady, Place
from lambda_fast_deploy.iam.permissions import FIND_BUCKETS, TEST_BUCKETS
from lambda_fast_deploy.models import Condition, EventKind, NeededPermission, Remark
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import (
    TextShape,
)
from lambda_fast_deploy.schema.shared_keys import OWNER
from lambda_fast_deploy.testing.answers import excerpt, redirect
from lambda_fast_deploy.testing.kinds.kind import EVENT, Entry, KindOfTest

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.aws.bucket import Bucket
    from lambda_fast_deploy.adapters.clients import Clients
    from lambda_fast_deploy.adapters.http import HttpResponse
    from lambda_fast_deploy.testing.target import Target

KEY = "lambda-fast-deploy-"  # prefix of the names of a test's objects
CLEANING = 10.0  # seconds to delete a test's object after the test
_BUCKET = TextShape(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket name")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Test(KindOfTest):
    """A write and a read through the function's API, compared with the bucket.

    ``owner`` is the account of the bucket, if it is not that of the run's credentials; ``event`` is
    as in ``HttpTest``. ``place`` is the place of the bucket's name in the configuration.
    """

    key: ClassVar = "s3"
    keys: ClassVar = {
        "s3": Key(
            RecordShape(
                {
                    "bucket": Key(_BUCKET, "bucket that the function writes to", required=True),
                    "path": Key(
                        TextShape(r"/.*\{key\}.*", "a path that begins with / and holds {key}"),
                        "path of the function's API for PUT and GET of an object",
                        required=True,
                    ),
                    "prefix": Key(
                        TextShape(".*"), "prefix of {key} in the bucket", otherwise="none"
                    ),
                    "owner": OWNER,
                }
            ),
            "write an object by the API, find it in the bucket, and read it by the API",
        ),
        "event": EVENT,
    }
    default_when: ClassVar = (Condition(flag=("test-s3",)),)

    bucket: str
    path: str
    prefix: str
    place: Place
    owner: str = ""
    event: EventKind | None = None

    @classmethod
    def read(cls, entry: Entry) -> S3Test:
        value = entry.value["s3"]
        return cls(
            bucket=value["bucket"],
            path=value["path"],
            prefix=value.get("prefix", ""),
            place=entry.at("s3", "bucket"),
            owner=value.get("owner", ""),
            event=entry.value.get("event"),
            **entry.options,
        )

    def permissions(
        self, partition: str, region: str, account: str
    ) -> tuple[NeededPermission, ...]:
        del region, account  # the ARN of a bucket has neither
        objects = f"{self.bucket}/{self.prefix}{KEY}*"  # the function writes them
        return (
            NeededPermission(FIND_BUCKETS, in_s3(partition, self.bucket)),
            NeededPermission(TEST_BUCKETS, in_s3(partition, objects)),
        )

    def check(self, region: str, clients: Clients) -> Remark:
        where = clients.bucket(region, self.bucket, self.owner).region()
        if where is None:
            raise NotReady(
                f"{self.place}: bucket {self.bucket!r} of test {self.name!r} does not exist",
                remedy="Create the bucket, or correct its name.",
            )
        location = f"Bucket {self.bucket} of test {self.name} is in {where}"
        if where == region:
            return Remark(location)
        return Remark(
            f"{location}, and the function in {region}",
            advice="Use a bucket in the function's region for faster tests.",
        )

    def run(self, target: Target, deadline: Deadline) -> str:
        """Write through the API, read the object from the bucket, and read it through the API.

        Amazon S3 is strongly consistent, so a written object can be read at once. The object is
        always deleted.
        """
        bucket = target.clients.bucket(target.region, self.bucket, self.owner)
        key = f"{KEY}{secrets.token_hex(8)}"
        stored = f"{self.prefix}{key}"
        try:
            self._round_trip(key, bucket, target, deadline)
        except BaseException:
            with contextlib.suppress(DeployError):  # the test's own error is more specific
                _remove(bucket, stored)
            raise
        _remove(bucket, stored)
        return f"wrote and read s3://{bucket.name}/{stored}"

    def _round_trip(self, key: str, bucket: Bucket, target: Target, deadline: Deadline) -> None:
        path, stored = self.path.replace("{key}", key), f"{self.prefix}{key}"
        content, address = secrets.token_hex(32).encode(), target.address.by(self.event)

        def request(method: str, body: bytes = b"") -> HttpResponse:
            return deadline.bound(lambda: address.request(method, path, body), target.check)

        written = request("PUT", content)
        if not 200 <= written.status < 300:
            raise FunctionTestFailed(
                f"PUT {path} answered {written.status}{redirect(written)}: "
                f"{excerpt(written.body, target.hidden)}"
            )
        if deadline.bound(lambda: bucket.get(stored), target.check) != content:
            raise FunctionTestFailed(
                f"PUT {path} answered {written.status}, but s3://{bucket.name}/{stored} does not "
                "have the written content"
            )
        read = request("GET")
        if read.status != 200 or read.body != content:
            raise FunctionTestFailed(
                f"GET {path} answered {read.status} without the written content"
                f"{redirect(read)}: {excerpt(read.body, target.hidden)}"
            )


def _remove(bucket: Bucket, key: str) -> None:
    Deadline.after(CLEANING).bound(lambda: bucket.delete(key))

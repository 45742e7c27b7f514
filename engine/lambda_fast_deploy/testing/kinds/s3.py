"""What is written through the function's API is in its bucket, and can be read back."""

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

KEY = "lambda-fast-deploy-"  # what the names of a test's objects begin with
CLEANING = 10.0  # seconds to remove a test's object when its time is over
_BUCKET = TextShape(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket name")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Test(KindOfTest):
    """What is written through the function's API is in the bucket, and the other way round.

    ``owner`` is the account that the bucket belongs to, if it is not that of the run's credentials;
    ``event`` is as that of ``HttpTest``. ``place`` is where the bucket was written.
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
        says = f"Bucket {self.bucket} of test {self.name} is in {where}"
        if where == region:
            return Remark(says)
        return Remark(
            f"{says}, and the function in {region}", advice="A bucket in its region is nearer."
        )

    def run(self, target: Target, deadline: Deadline) -> str:
        """Write through the API and look into the bucket; read it back through the API.

        Amazon S3 is strongly consistent, so what was written is there at once. The object is
        removed whatever happens.
        """
        bucket = target.clients.bucket(target.region, self.bucket, self.owner)
        key = f"{KEY}{secrets.token_hex(8)}"
        stored = f"{self.prefix}{key}"
        try:
            self._round_trip(key, bucket, target, deadline)
        except BaseException:
            with contextlib.suppress(DeployError):  # the test's own failure says more
                _remove(bucket, stored)
            raise
        _remove(bucket, stored)
        return f"wrote, found and read back s3://{bucket.name}/{stored}"

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
                "hold what was written"
            )
        read = request("GET")
        if read.status != 200 or read.body != content:
            raise FunctionTestFailed(
                f"GET {path} answered {read.status} and not what was written"
                f"{redirect(read)}: {excerpt(read.body, target.hidden)}"
            )


def _remove(bucket: Bucket, key: str) -> None:
    Deadline.after(CLEANING).bound(lambda: bucket.delete(key))

"""Objects in a bucket (API: S3): whose the bucket is, and what the objects hold.

A name says nothing of who has the bucket: one that was deleted can be anybody's tomorrow. So every
call names the owner that is expected, and S3 refuses it where that is another one (Amazon S3 user
guide, "Verifying bucket ownership with bucket owner condition"; CreateBucket takes none).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.access_denied import denied_action
from lambda_fast_deploy.adapters.aws.partitions import partition_of
from lambda_fast_deploy.adapters.aws.session import PART, Aws
from lambda_fast_deploy.errors import Conflict, NotFound, NotPermitted, NotReady, Refused


class Bucket:
    """One bucket, reached through one region.

    ``owner`` is the account that it must belong to; that of the run's credentials, if none is
    named.
    """

    def __init__(self, aws: Aws, region: str, name: str, owner: str = "") -> None:
        self._aws = aws
        self._region = region
        self._owner = owner
        self.name = name

    def _call(self, operation: str, **parameters: Any) -> Any:
        owner = self._expected()
        named = {"Bucket": self.name, "ExpectedBucketOwner": owner, **parameters}
        try:
            return self._aws.call(self._region, "s3", operation, **named)
        except NotPermitted as error:
            raise self._refused(error, owner) from None

    def _expected(self) -> str:
        return self._owner or self._aws.account(self._region)

    def _refused(self, error: NotPermitted, owner: str) -> NotPermitted:
        """What S3 may mean: it says the same of a wrong owner as of a permission that is missing.

        Where IAM's policies are the reason, it names the action.
        """
        if denied_action(error.message):
            return error
        return NotPermitted(
            f"bucket {self.name} does not belong to account {owner}, or {error.message}",
            remedy="If it belongs to another account, name that beside the bucket (owner: "
            f"'123456789012'). {error.remedy}",
        )

    def address(self, key: str) -> str:
        """The address of an object, as CloudFormation takes it (``TemplateURL``)."""
        domain = partition_of(self._region).domain
        return f"https://s3.{self._region}.{domain}/{self.name}/{key}"

    def exists(self) -> bool:
        """Whether the bucket is there."""
        return self.region() is not None

    def region(self) -> str | None:
        """The region that the bucket is in; ``None`` if there is no such bucket."""
        try:
            found = self._call("head_bucket")
        except NotFound:
            return None
        return str(found.get("BucketRegion", self._region))

    def create(self) -> None:
        """Create the bucket: private, encrypted by S3's own keys (API: ``CreateBucket``).

        What is left of an upload that was cut short goes after a day. Where another run creates it
        at the same moment, it is tried again (Amazon S3 API, "Error responses": OperationAborted).

        Raises:
            NotReady: it is to belong to another account, for which this one cannot create it.
            Conflict: something else is being done with it all the time.
        """
        account = self._aws.account(self._region)
        if self._expected() != account:
            raise NotReady(
                f"bucket {self.name} does not exist, and account {account} cannot create it for "
                f"account {self._owner}",
                remedy="Create it there, or correct its name or its owner.",
            )
        retry.again(self._create, Conflict, attempts=6)

    def _create(self) -> None:
        place = {"LocationConstraint": self._region}
        where: dict[str, Any] = (
            {} if self._region == "us-east-1" else {"CreateBucketConfiguration": place}
        )
        try:
            self._aws.call(self._region, "s3", "create_bucket", Bucket=self.name, **where)
        except Refused as refusal:
            if refusal.code != "BucketAlreadyOwnedByYou":
                raise  # else it was this run: the answer had been lost, and it asked again
        self._call(
            "put_public_access_block",
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        self._call(
            "put_bucket_encryption",
            ServerSideEncryptionConfiguration={"Rules": [rule]},
        )
        clean: dict[str, Any] = {
            "ID": "unfinished-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
        self._call(
            "put_bucket_lifecycle_configuration",
            LifecycleConfiguration={"Rules": [clean]},
        )

    def checksum(self, key: str) -> str | None:
        """What S3 says of the bytes of an object, as ``checksum_of`` does; ``None`` if absent.

        It is empty where the object was written without one.
        """
        try:
            found = self._call("head_object", Key=key, ChecksumMode="ENABLED")
        except NotFound:
            return None
        return str(found.get("ChecksumSHA256", ""))

    def upload(
        self, key: str, content: bytes, tell: Callable[[int], None] = lambda _: None
    ) -> None:
        """Write an object: a large one in parts, each with its checksum.

        Args:
            key: the object's.
            content: what it shall hold.
            tell: takes the bytes that have arrived so far.

        Raises:
            Refused: S3 did not take it.
        """
        done, owner = 0, self._expected()

        def count(more: int) -> None:
            nonlocal done
            done += more
            tell(done)

        try:
            self._aws.upload(self._region, self.name, owner, key, content, count)
        except NotPermitted as error:
            raise self._refused(error, owner) from None

    def put(self, key: str, content: bytes, etag: str = "") -> str:
        """Write a small object, which has ``etag`` now, if that is given; its own ETag then.

        Raises:
            Conflict: somebody else has written it since (S3 user guide, "Conditional writes").
        """
        condition = {"IfMatch": etag} if etag else {}
        checked = {"ChecksumAlgorithm": "SHA256", **condition}
        try:
            return str(self._call("put_object", Key=key, Body=content, **checked).get("ETag", ""))
        except NotFound as gone:
            raise Conflict(gone.message, code=gone.code) from None

    def get(self, key: str) -> bytes | None:
        """Read an object; ``None`` if absent."""
        found = self.read(key)
        return found[0] if found else None

    def read(self, key: str) -> tuple[bytes, str] | None:
        """An object and its ETag; ``None`` if absent."""
        try:
            found = self._call("get_object", Key=key)
        except NotFound:
            return None
        return found["Body"], str(found.get("ETag", ""))

    def delete(self, key: str) -> None:
        """Delete an object; an absent one is no error."""
        self._call("delete_object", Key=key)


def checksum_of(content: bytes) -> str:
    """The checksum that S3 has of an object with this content, as ``Bucket`` writes it.

    Of what is written in parts it is one of theirs (Amazon S3 user guide, "Checking object
    integrity": composite checksums).
    """
    if len(content) < PART:
        return _sha256(content)
    parts = [content[start : start + PART] for start in range(0, len(content), PART)]
    return f"{_sha256(b''.join(hashlib.sha256(part).digest() for part in parts))}-{len(parts)}"


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()

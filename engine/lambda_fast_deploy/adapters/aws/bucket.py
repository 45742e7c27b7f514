"""Objects in a bucket (API: S3), with a check of the bucket's owner and the objects' content.

A bucket's name does not show its owner: anybody can create a deleted bucket again. So every call
names the expected owner, and S3 refuses it if the owner differs (Amazon S3 user guide, "Verifying
bucket ownership with bucket owner condition"; CreateBucket has no such parameter).
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

    ``owner`` is the account that must own it; by default that of the run's credentials.
    """

    def __init__(self, aws: Aws, region: str, name: str, owner: str = "") -> None:
        self._aws = aws
        self._region = region
        self._owner = owner
        self.name = name

    def _call(self, operation: str, **parameters: Any) -> Any:
        owner = self._expected()
        checked = {"Bucket": self.name, "ExpectedBucketOwner": owner, **parameters}
        try:
            return self._aws.call(self._region, "s3", operation, **checked)
        except NotPermitted as error:
            raise self._refused(error, owner) from None

    def _expected(self) -> str:
        return self._owner or self._aws.account(self._region)

    def _refused(self, error: NotPermitted, owner: str) -> NotPermitted:
        """The error if S3 may mean a wrong owner: its code is the same as for a permission.

        If IAM's policies are the reason, the error names the action.
        """
        if denied_action(error.message):
            return error
        return NotPermitted(
            f"bucket {self.name} does not belong to account {owner}, or {error.message}",
            remedy="If it belongs to another account, set owner next to its name (owner: "
            f"'123456789012'). {error.remedy}",
        )

    def address(self, key: str) -> str:
        """The URL of an object, as CloudFormation takes it (``TemplateURL``)."""
        domain = partition_of(self._region).domain
        return f"https://s3.{self._region}.{domain}/{self.name}/{key}"

    def exists(self) -> bool:
        """Whether the bucket exists."""
        return self.region() is not None

    def region(self) -> str | None:
        """The region of the bucket; ``None`` if it does not exist."""
        try:
            location = self._call("head_bucket")
        except NotFound:
            return None
        return str(location.get("BucketRegion", self._region))

    def create(self) -> None:
        """Create the bucket: private, encrypted by S3's own keys (API: ``CreateBucket``).

        The parts of an interrupted upload are deleted after a day. If another run creates the
        bucket at the same time, the call is retried (Amazon S3 API, "Error responses":
        OperationAborted).

        Raises:
            NotReady: it must belong to another account, where this one cannot create it.
            Conflict: other operations on it did not end in time.
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
                raise  # else this run created it: the answer was lost, and the call was retried
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
        """S3's checksum of an object, in the format of ``checksum_of``; ``None`` if absent.

        ``""`` if the object was written without a checksum.
        """
        try:
            attributes = self._call("head_object", Key=key, ChecksumMode="ENABLED")
        except NotFound:
            return None
        return str(attributes.get("ChecksumSHA256", ""))

    def upload(
        self, key: str, content: bytes, tell: Callable[[int], None] = lambda _: None
    ) -> None:
        """Write an object: a large one in parts, each with its checksum.

        Args:
            key: the object's key.
            content: its content.
            tell: receives the number of bytes sent so far.

        Raises:
            Refused: S3 refused it.
        """
        sent, owner = 0, self._expected()

        def count(more: int) -> None:
            nonlocal sent
            sent += more
            tell(sent)

        try:
            self._aws.upload(self._region, self.name, owner, key, content, count)
        except NotPermitted as error:
            raise self._refused(error, owner) from None

    def put(self, key: str, content: bytes, etag: str = "") -> str:
        """Write a small object, over the one with ``etag`` if set; returns its new ETag.

        Raises:
            Conflict: it was changed outside this run (S3 user guide, "Conditional writes").
        """
        condition = {"IfMatch": etag} if etag else {}
        checked = {"ChecksumAlgorithm": "SHA256", **condition}
        try:
            return str(self._call("put_object", Key=key, Body=content, **checked).get("ETag", ""))
        except NotFound as gone:
            raise Conflict(gone.message, code=gone.code) from None

    def get(self, key: str) -> bytes | None:
        """Read an object; ``None`` if absent."""
        stored = self.read(key)
        return stored[0] if stored else None

    def read(self, key: str) -> tuple[bytes, str] | None:
        """An object and its ETag; ``None`` if absent."""
        try:
            answer = self._call("get_object", Key=key)
        except NotFound:
            return None
        return answer["Body"], str(answer.get("ETag", ""))

    def delete(self, key: str) -> None:
        """Delete an object, if it exists."""
        self._call("delete_object", Key=key)


def checksum_of(content: bytes) -> str:
    """S3's checksum of an object with this content, as ``Bucket`` writes it.

    For an upload in parts it is the composite checksum (Amazon S3 user guide, "Checking object
    integrity": composite checksums).
    """
    if len(content) < PART:
        return _sha256(content)
    parts = [content[start : start + PART] for start in range(0, len(content), PART)]
    return f"{_sha256(b''.join(hashlib.sha256(part).digest() for part in parts))}-{len(parts)}"


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()

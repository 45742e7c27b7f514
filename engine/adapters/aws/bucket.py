"""Objects in a bucket (API: S3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.adapters.aws.session import Aws
from engine.errors import NotFound, Refused


class Bucket:
    """One bucket, reached through one region."""

    def __init__(self, aws: Aws, region: str, name: str) -> None:
        self._aws = aws
        self._region = region
        self.name = name

    def address(self, key: str) -> str:
        """The address of an object, as CloudFormation takes it (``TemplateURL``)."""
        domain = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return f"https://s3.{self._region}.{domain}/{self.name}/{key}"

    def exists(self) -> bool:
        """Whether the bucket is there."""
        return self.region() is not None

    def region(self) -> str | None:
        """The region that the bucket is in; ``None`` if there is no such bucket."""
        try:
            found = self._aws.call(self._region, "s3", "head_bucket", Bucket=self.name)
        except NotFound:
            return None
        return str(found.get("BucketRegion", self._region))

    def create(self) -> None:
        """Create the bucket: private, encrypted by S3's own keys (API: ``CreateBucket``).

        What is left of an upload that was cut short goes after a day.
        """
        place = {"LocationConstraint": self._region}
        where: dict[str, Any] = (
            {} if self._region == "us-east-1" else {"CreateBucketConfiguration": place}
        )
        try:
            self._aws.call(self._region, "s3", "create_bucket", Bucket=self.name, **where)
        except Refused as refusal:
            if refusal.code != "BucketAlreadyOwnedByYou":
                raise  # else it was this run: the answer had been lost, and it asked again
        self._aws.call(
            self._region,
            "s3",
            "put_public_access_block",
            Bucket=self.name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        self._aws.call(
            self._region,
            "s3",
            "put_bucket_encryption",
            Bucket=self.name,
            ServerSideEncryptionConfiguration={"Rules": [rule]},
        )
        clean: dict[str, Any] = {
            "ID": "unfinished-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
        self._aws.call(
            self._region,
            "s3",
            "put_bucket_lifecycle_configuration",
            Bucket=self.name,
            LifecycleConfiguration={"Rules": [clean]},
        )

    def has(self, key: str) -> bool:
        """Whether an object is there."""
        try:
            self._aws.call(self._region, "s3", "head_object", Bucket=self.name, Key=key)
        except NotFound:
            return False
        return True

    def upload(self, key: str, content: bytes, tell: Callable[[int], None]) -> None:
        """Write a large object, in parts, each with its checksum.

        Args:
            key: the object's.
            content: what it shall hold.
            tell: takes the bytes that have arrived so far.

        Raises:
            Refused: S3 did not take it.
        """
        done = 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            tell(done)

        self._aws.upload(self._region, self.name, key, content, count)

    def put(self, key: str, content: bytes) -> None:
        """Write an object."""
        self._aws.call(self._region, "s3", "put_object", Bucket=self.name, Key=key, Body=content)

    def get(self, key: str) -> bytes | None:
        """Read an object; ``None`` if absent."""
        try:
            found = self._aws.call(self._region, "s3", "get_object", Bucket=self.name, Key=key)
        except NotFound:
            return None
        content: bytes = found["Body"].read()
        return content

    def delete(self, key: str) -> None:
        """Delete an object; an absent one is no error."""
        self._aws.call(self._region, "s3", "delete_object", Bucket=self.name, Key=key)

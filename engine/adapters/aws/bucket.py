"""Objects in a bucket (API: S3)."""

from __future__ import annotations

from engine.adapters.aws.session import Aws
from engine.errors import NotFound


class Bucket:
    """One bucket, reached through one region."""

    def __init__(self, aws: Aws, region: str, name: str) -> None:
        self._aws = aws
        self._region = region
        self.name = name

    def exists(self) -> bool:
        """Whether the bucket is there."""
        try:
            self._aws.call(self._region, "s3", "head_bucket", Bucket=self.name)
        except NotFound:
            return False
        return True

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

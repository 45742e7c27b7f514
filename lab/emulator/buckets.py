"""S3: a request that names the owner of its bucket is refused where the bucket has another.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html

All buckets are the lab's own account's. One is told to be somebody else's, who lets everybody in,
by its tag ``lab:owner`` = the number of an account.
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import s3

from lab.emulator.answers import Answer

TAG = "lab:owner"
HEADER = "x-amz-expected-bucket-owner"

_handle_request = s3.handle_request


async def handle_request(
    method: str, path: str, headers: dict[str, str], *more: Any, **named: Any
) -> Answer:
    """Answer a request, if the bucket belongs to whom it should."""
    bucket, key = s3._parse_bucket_key(path, headers)
    wanted = headers.get(HEADER)
    if wanted and bucket in s3._buckets and wanted != owner(bucket):
        refusal: Answer = s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{key}")
        return refusal
    answer: Answer = await _handle_request(method, path, headers, *more, **named)
    return answer


def owner(bucket: str) -> str:
    """The account that a bucket belongs to."""
    return str(s3._bucket_tags.get(bucket, {}).get(TAG) or get_account_id())


def teach() -> None:
    """Replace how MiniStack's S3 answers."""
    s3.handle_request = handle_request

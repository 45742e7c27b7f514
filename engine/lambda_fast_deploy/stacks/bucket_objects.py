"""Content-addressed objects in the bucket of stacks, and checks of their content."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from pathlib import PurePosixPath

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.zips import UNREADABLE


def is_as_named(bucket: Bucket, key: str) -> bool:
    """Whether an object exists and has the content that its name identifies.

    S3's checksum suffices if the name is a hash of the bytes and the upload had one part.
    Otherwise the object is read.
    """
    checksum, name = bucket.checksum(key), PurePosixPath(key).stem
    if checksum is None:
        return False
    if checksum == base64.b64encode(bytes.fromhex(name)).decode():
        return True
    content = bucket.get(key)
    return content is not None and name in (digest(content), _digest_of_zip(content))


def digest(content: bytes) -> str:
    """The name of a template, or of a zip without installed packages: a hash of the bytes."""
    return hashlib.sha256(content).hexdigest()


def content_digest(content: bytes) -> str:
    """The name of any other zip: a hash of its files, because deflate differs between versions.

    Raises:
        zipfile.BadZipFile: it is not a zip.
    """
    manifest = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        for info in opened.infolist():
            line = f"{info.filename}\n{info.external_attr}\n{digest(opened.read(info))}\n"
            manifest.update(line.encode())
    return manifest.hexdigest()


def _digest_of_zip(content: bytes) -> str:
    try:
        return content_digest(content)
    except UNREADABLE:
        return ""  # not a zip of this project

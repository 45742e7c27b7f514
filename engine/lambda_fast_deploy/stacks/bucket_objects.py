"""Objects in the bucket of stacks are named by what they hold, which can be held against them."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
import zlib
from pathlib import PurePosixPath

from lambda_fast_deploy.adapters.aws.bucket import Bucket


def is_as_named(bucket: Bucket, key: str) -> bool:
    """Whether an object is there and holds what its name says.

    S3's checksum tells it of what is named by its bytes and was not written in parts; all else is
    read.
    """
    found, name = bucket.checksum(key), PurePosixPath(key).stem
    if found is None:
        return False
    if found == base64.b64encode(bytes.fromhex(name)).decode():
        return True
    content = bucket.get(key)
    return content is not None and name in (digest(content), _unless_broken(content))


def digest(content: bytes) -> str:
    """The name of a template, or of a zip that holds nothing but the user's own files."""
    return hashlib.sha256(content).hexdigest()


def held(content: bytes) -> str:
    """The name of any other zip: by what it holds, as deflate differs between versions.

    Raises:
        zipfile.BadZipFile: it is none.
    """
    manifest = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        for info in opened.infolist():
            line = f"{info.filename}\n{info.external_attr}\n{digest(opened.read(info))}\n"
            manifest.update(line.encode())
    return manifest.hexdigest()


def _unless_broken(content: bytes) -> str:
    try:
        return held(content)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError):
        return ""  # whatever somebody has put there

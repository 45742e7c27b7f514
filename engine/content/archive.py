"""Zips whose bytes depend on nothing but their content."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from engine.adapters.files import read_listed
from engine.model import Archive

_COMPRESSED = (".gz", ".zip", ".whl", ".png", ".jpg", ".xz", ".bz2")  # little more can be had
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold


def archive(files: Mapping[str, Path], *, compress: bool) -> Archive:
    """Zip files under the given names.

    Code is stored, not compressed: deflate's output differs between zlib versions, and
    ``CodeSha256`` decides whether code is uploaded again. A layer is known by its fingerprint
    instead, so it can be compressed.

    Raises:
        Invalid: a file cannot be read, or changed since it was listed.
    """
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    buffer = io.BytesIO()
    unzipped = 0
    with zipfile.ZipFile(buffer, "w", method) as zipped:
        for name in sorted(files):
            content, is_program = read_listed(files[name])
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix, whatever this machine is
            info.external_attr = (0o100755 if is_program else 0o100644) << 16
            info.compress_type = zipfile.ZIP_STORED if name.endswith(_COMPRESSED) else method
            zipped.writestr(info, content)
            unzipped += len(content)
    content = buffer.getvalue()
    sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return Archive(content=content, sha256=sha256, unzipped=unzipped)

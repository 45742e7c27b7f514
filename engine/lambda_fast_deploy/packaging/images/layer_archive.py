"""A layer of an image as an archive, whose bytes depend on its content only.

Times are fixed. A small archive is stored in gzip's format without compression: deflate's output
differs between zlib versions. A larger one is compressed, as for code.

Sources: OCI image specification, "Image Layer Filesystem Changeset"; RFC 1951, 3.2.4; RFC 1952.
"""

from __future__ import annotations

import hashlib
import struct
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lambda_fast_deploy.adapters.aws.image_blobs import Blob
from lambda_fast_deploy.adapters.files import link_of, mode_of, opened_listed
from lambda_fast_deploy.models.image_layers import Layer, LayerEntry

_STORED = 8 << 20  # bytes of files: the most that is stored
_BLOCK = 0xFFFF  # bytes of a stored block
_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, no system
_TIME = 315532800  # 1980-01-01, as in the zips of code


@dataclass(frozen=True, slots=True)
class LayerArchive:
    """A layer in the registry's format; ``diff`` is the digest of its archive uncompressed."""

    blob: Blob
    diff: str


def write_layer(layer: Layer, root: Path, to: Path) -> LayerArchive:
    """Write a layer to a file.

    Args:
        layer: its entries.
        root: the folder of the build context.
        to: the new file.

    Raises:
        Invalid: a file cannot be read, or changed since it was listed.
    """
    files = [root / entry.source for entry in layer.values() if entry.kind == "file"]
    compress = sum(path.lstat().st_size for path in files) > _STORED
    with to.open("wb") as file:
        out = _GzipWriter(file, compress=compress)
        with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
            for name, entry in layer.items():
                _add(tar, name, entry, root)
        out.finish()
    digest, size = f"sha256:{out.compressed.hexdigest()}", out.size
    return LayerArchive(
        Blob(digest, size, lambda: to.open("rb")), f"sha256:{out.plain.hexdigest()}"
    )


def _add(tar: tarfile.TarFile, name: str, entry: LayerEntry, root: Path) -> None:
    info = tarfile.TarInfo(name)
    info.mtime = _TIME
    info.uid, info.gid = entry.owner
    path = root / entry.source
    info.mode = (mode_of(path) if entry.mode is None else entry.mode) & 0o7777
    if entry.kind == "file":
        with opened_listed(path) as (content, size):
            info.size = size
            tar.addfile(info, content)
        return
    info.type = tarfile.DIRTYPE if entry.kind == "folder" else tarfile.SYMTYPE
    info.linkname = (link_of(path) or "") if entry.kind == "link" else ""
    tar.addfile(info)


class _GzipWriter:
    """Writes gzip's format, and the digests of both sides."""

    def __init__(self, file: IO[bytes], *, compress: bool) -> None:
        self._file = file
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS) if compress else None
        self._waiting = bytearray()
        self._crc = self._length = self.size = 0
        self.plain, self.compressed = hashlib.sha256(), hashlib.sha256()
        self._put(_GZIP)

    def write(self, content: bytes) -> int:
        """Take uncompressed bytes."""
        self.plain.update(content)
        self._crc = zlib.crc32(content, self._crc)
        self._length += len(content)
        if self._deflate:
            self._put(self._deflate.compress(content))
            return len(content)
        self._waiting += content
        while len(self._waiting) > _BLOCK:
            self._put(_stored(self._waiting[:_BLOCK], is_last=False))
            del self._waiting[:_BLOCK]
        return len(content)

    def finish(self) -> None:
        """Write what is left, and the end."""
        rest = self._deflate.flush() if self._deflate else _stored(self._waiting, is_last=True)
        self._put(rest + struct.pack("<II", self._crc, self._length & 0xFFFFFFFF))

    def _put(self, content: bytes) -> None:
        self._file.write(content)
        self.compressed.update(content)
        self.size += len(content)


def _stored(content: bytes | bytearray, *, is_last: bool) -> bytes:
    return struct.pack("<BHH", is_last, len(content), len(content) ^ _BLOCK) + content

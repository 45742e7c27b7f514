"""Zips and jars that a build tool has made, with bytes that depend on their files only.

Build tools write the time of the build into each entry, so that the same classes never make the
same zip twice (Maven and Gradle unless told otherwise). The entries of the zip are written again as
those of a folder are. A jar inside it stays compressed as it is, and gets entries without times.
"""

from __future__ import annotations

import io
import posixpath
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.files import read_bytes
from lambda_fast_deploy.adapters.zips import UNREADABLE
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.fingerprints.archive import EPOCH, FILE, LINK, PROGRAM, zip_of
from lambda_fast_deploy.models import Archive
from lambda_fast_deploy.models.quotas import UNZIPPED_LIMIT

_FIRST = ("META-INF/", "META-INF/MANIFEST.MF")  # of a jar, where streams look for them
_ENCRYPTED = 0x1  # flag of an entry (APPNOTE of the zip format, 4.4.4)
_ENTRIES = 100_000  # at 2.6 kB each, Lambda's limit


@dataclass(frozen=True, slots=True)
class PrebuiltZip:
    """The content of a zip or jar, and its file."""

    path: Path
    content: bytes

    @classmethod
    def read(cls, path: Path) -> PrebuiltZip:
        """Read a file.

        Raises:
            Invalid: it cannot be read, or is larger than Lambda's limit.
        """
        return cls(path, read_bytes(path, UNZIPPED_LIMIT))

    @property
    def names(self) -> list[str]:
        """The names of its files.

        Raises:
            Invalid: it is not a zip that Lambda could unpack.
        """
        return [entry.filename for entry in self._entries()]

    def archive(self, *, compress: bool) -> Archive:
        """The zip to deploy.

        Args:
            compress: whether it is deflated.

        Raises:
            Invalid: it is not a zip that Lambda could unpack.
        """
        entries: Mapping[str, zipfile.ZipInfo] = {each.filename: each for each in self._entries()}
        with zipfile.ZipFile(io.BytesIO(self.content)) as source:

            def read(name: str) -> tuple[bytes, int]:
                try:
                    content = source.read(entries[name])
                except UNREADABLE as error:
                    raise self._invalid(f"{name} cannot be unpacked: {error}") from None
                if name.endswith(".jar"):
                    content = without_times(content)
                return content, _mode_of(entries[name])

            return zip_of(sorted(entries), read, compress=compress)

    def _entries(self) -> Iterator[zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(io.BytesIO(self.content)) as source:
                entries = [each for each in source.infolist() if not each.is_dir()]
        except UNREADABLE as error:
            raise self._invalid(f"is not a zip: {error}") from None
        size = sum(each.file_size for each in entries)
        seen: dict[str, zipfile.ZipInfo] = {}
        if size > UNZIPPED_LIMIT:
            limit = units.size(UNZIPPED_LIMIT)
            raise self._invalid(f"is {units.size(size)} unzipped; Lambda's limit is {limit}")
        if not entries or len(entries) > _ENTRIES:
            raise self._invalid(f"has {len(entries)} files; the limit is 1 to {_ENTRIES:,}")
        for each in entries:
            name = each.filename
            if name != posixpath.normpath(name) or name.startswith(("/", "..")) or "\\" in name:
                raise self._invalid(f"{name!r} is not a path inside the function's folder")
            if each.flag_bits & _ENCRYPTED:
                raise self._invalid(f"{name} is encrypted, and Lambda cannot unpack it")
            first = seen.setdefault(name, each)
            if (first.CRC, first.file_size) != (each.CRC, each.file_size):
                raise self._invalid(f"{name} is in it twice, with different content")
            if first is each:  # tools that merge jars write licences several times
                yield each

    def _invalid(self, says: str) -> Invalid:
        return Invalid([Problem(says, Place(str(self.path)))])


def _mode_of(entry: zipfile.ZipInfo) -> int:
    """The mode of a file; only zips made on Unix have it."""
    mode = entry.external_attr >> 16
    if stat.S_ISLNK(mode):
        return LINK
    is_program = mode & 0o100 if mode else entry.filename == "bootstrap"
    return PROGRAM if is_program else FILE


def without_times(content: bytes) -> bytes:
    """A jar with the same entries in a fixed order, without times; others stay as they are.

    The compressed bytes of each entry are copied.
    """
    try:
        return _without_times(content)
    except UNREADABLE:
        return content


def _without_times(content: bytes) -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(target, "w") as written,
    ):
        for old in sorted(source.infolist(), key=_order):
            begin = _data_of(content, old)
            new = zipfile.ZipInfo(old.filename, EPOCH)
            new.create_system = 3  # Unix, on every machine
            new.compress_type, new.CRC = old.compress_type, old.CRC
            new.compress_size, new.file_size = old.compress_size, old.file_size
            new.external_attr = (_mode_of(old) << 16) if not old.is_dir() else 0o40755 << 16
            new.header_offset = target.tell()
            target.write(new.FileHeader())
            target.write(content[begin : begin + old.compress_size])
            written.filelist.append(new)
            written.NameToInfo[new.filename] = new
            written.start_dir = target.tell()
        written.comment = source.comment  # marks it as changed
    return target.getvalue()


def _order(entry: zipfile.ZipInfo) -> tuple[bool, str]:
    return entry.filename not in _FIRST, entry.filename


def _data_of(content: bytes, entry: zipfile.ZipInfo) -> int:
    """Where the bytes of an entry begin, after its local header (APPNOTE, 4.3.7)."""
    begin = entry.header_offset
    if content[begin : begin + 4] != b"PK\x03\x04":
        raise zipfile.BadZipFile
    name, extra = (
        int.from_bytes(content[begin + at : begin + at + 2], "little") for at in (26, 28)
    )
    return begin + 30 + name + extra

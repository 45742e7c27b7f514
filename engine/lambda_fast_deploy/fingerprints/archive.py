"""Zips whose bytes depend on their content only."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from lambda_fast_deploy.adapters.files import read_listed
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.fingerprints.file_tree import link_target
from lambda_fast_deploy.models import Archive

# They compress little further.
_COMPRESSED = (".gz", ".zip", ".jar", ".whl", ".png", ".jpg", ".xz", ".bz2")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can have
LINK, PROGRAM, FILE = 0o120777, 0o100755, 0o100644  # modes of entries
_AT_ONCE = 4_000_000  # bytes: fewer are not worth a thread


def code_archive(
    root: Path, names: Iterable[str], *, compress: bool = False, prefix: str = ""
) -> Archive:
    """Zip the files of a directory; some links stay links. The arguments are those of ``archive``.

    Args:
        root: the directory.
        names: the files in it.
        compress: whether the zip is deflated.
        prefix: added in front of each name in the zip.
    """
    listed = list(names)
    links = {f"{prefix}{name}": target for name in listed if (target := link_target(root, name))}
    return archive(
        {f"{prefix}{name}": root / name for name in listed}, compress=compress, links=links
    )


def archive(
    files: Mapping[str, Path], *, compress: bool, links: Mapping[str, str] | None = None
) -> Archive:
    """Zip files under the given names.

    Code is stored, not compressed: deflate's output differs between zlib versions, and
    ``CodeSha256`` decides whether code is uploaded again. A layer is identified by its fingerprint
    instead, so it can be compressed.

    Args:
        files: the files, by their names in the zip.
        compress: whether the zip is deflated, on all processors.
        links: the targets of links that stay links, by their names.

    Raises:
        Invalid: a file cannot be read, or changed since it was listed.
    """

    def read(name: str) -> tuple[bytes, int]:
        if links and name in links:
            return os.fsencode(links[name]), LINK
        content, is_program = read_listed(files[name])
        return content, PROGRAM if is_program else FILE

    names = sorted(files)
    if not compress:
        return zip_of(names, read, compress=False)
    sizes = [0 if links and name in links else files[name].stat().st_size for name in names]
    zips = together(lambda some: _zipped(some, read, zipfile.ZIP_DEFLATED), _divided(names, sizes))
    return _archive(_joined([buffer for buffer, _ in zips]), sum(size for _, size in zips))


def zip_of(
    names: Sequence[str], read: Callable[[str], tuple[bytes, int]], *, compress: bool
) -> Archive:
    """Zip contents under the given names, in this order.

    Args:
        names: the names.
        read: returns the content and the mode of the file of a name.
        compress: whether the zip is deflated.
    """
    return _archive(*_zipped(names, read, zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED))


def _zipped(
    names: Sequence[str], read: Callable[[str], tuple[bytes, int]], method: int
) -> tuple[io.BytesIO, int]:
    """A zip of some files, and their size in bytes."""
    buffer, unzipped = io.BytesIO(), 0
    with zipfile.ZipFile(buffer, "w", method) as zip_file:
        for name in names:
            content, mode = read(name)
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 3  # Unix, on every machine
            info.external_attr = mode << 16
            stored = name.endswith(_COMPRESSED) or mode == LINK
            info.compress_type = zipfile.ZIP_STORED if stored else method
            zip_file.writestr(info, content)
            unzipped += len(content)
    return buffer, unzipped


def _archive(zipped: io.BytesIO, unzipped: int) -> Archive:
    content = zipped.getvalue()
    sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return Archive(content=content, sha256=sha256, unzipped=unzipped)


def _divided(names: Sequence[str], sizes: Sequence[int]) -> list[list[str]]:
    """Groups of adjacent files of about the same size, one per processor."""
    share = max(_AT_ONCE, sum(sizes) // (2 * (os.cpu_count() or 1)) + 1)
    groups: list[list[str]] = [[]]
    filled = 0
    for name, size in zip(names, sizes, strict=True):
        if filled and filled + size > share:
            groups.append([])
            filled = 0
        groups[-1].append(name)
        filled += size
    return groups


def _joined(zips: Sequence[io.BytesIO]) -> io.BytesIO:
    """Several zips as one, as if written at once: entries are copied unchanged."""
    first = zips[0]
    if len(zips) == 1:
        return first
    with zipfile.ZipFile(first, "a") as target:
        end = target.start_dir  # where the list of entries begins, which is written again
        for each in zips[1:]:
            with zipfile.ZipFile(each) as addition:
                entries, length = addition.infolist(), addition.start_dir
            first.seek(end)
            first.write(each.getbuffer()[:length])
            for info in entries:
                info.header_offset += end
                target.filelist.append(info)
                target.NameToInfo[info.filename] = info
            end += length
        target.start_dir = end
        target.comment = target.comment  # marks it as changed
    return first

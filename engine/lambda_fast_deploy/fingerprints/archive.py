"""Zips whose bytes depend on nothing but their content."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lambda_fast_deploy.adapters.files import read_listed
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.fingerprints.file_tree import kept_link
from lambda_fast_deploy.models import Archive

_COMPRESSED = (".gz", ".zip", ".whl", ".png", ".jpg", ".xz", ".bz2")  # little more can be had
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold
_LINK, _PROGRAM, _FILE = 0o120777, 0o100755, 0o100644
_AT_ONCE = 4_000_000  # bytes: less is not worth a thread


def code_archive(
    root: Path, names: Iterable[str], *, compress: bool = False, prefix: str = ""
) -> Archive:
    """Zip files of a directory, of which some links stay links; as of ``archive``.

    Args:
        root: the directory.
        names: of the files in it.
        compress: whether it is deflated.
        prefix: goes before each name in the zip.
    """
    listed = list(names)
    links = {f"{prefix}{name}": target for name in listed if (target := kept_link(root, name))}
    return archive(
        {f"{prefix}{name}": root / name for name in listed}, compress=compress, links=links
    )


def archive(
    files: Mapping[str, Path], *, compress: bool, links: Mapping[str, str] | None = None
) -> Archive:
    """Zip files under the given names.

    Code is stored, not compressed: deflate's output differs between zlib versions, and
    ``CodeSha256`` decides whether code is uploaded again. A layer is known by its fingerprint
    instead, so it can be compressed.

    Args:
        files: what is zipped, by its name in the zip.
        compress: whether it is deflated, on all processors.
        links: where those lead that stay links, by their names.

    Raises:
        Invalid: a file cannot be read, or changed since it was listed.
    """
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED

    def zipped(names: Sequence[str]) -> tuple[io.BytesIO, int]:
        """Some of the files, and the bytes that they hold."""
        buffer, unzipped = io.BytesIO(), 0
        with zipfile.ZipFile(buffer, "w", method) as made:
            for name in names:
                if links and name in links:
                    content, mode = os.fsencode(links[name]), _LINK
                else:
                    content, is_program = read_listed(files[name])
                    mode = _PROGRAM if is_program else _FILE
                info = zipfile.ZipInfo(name, _EPOCH)
                info.create_system = 3  # Unix, whatever this machine is
                info.external_attr = mode << 16
                stored = name.endswith(_COMPRESSED) or mode == _LINK
                info.compress_type = zipfile.ZIP_STORED if stored else method
                made.writestr(info, content)
                unzipped += len(content)
        return buffer, unzipped

    names = sorted(files)
    made = together(zipped, _divided(names, files)) if compress else [zipped(names)]
    content = _joined([buffer for buffer, _ in made]).getvalue()
    sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return Archive(content=content, sha256=sha256, unzipped=sum(size for _, size in made))


def _divided(names: Sequence[str], files: Mapping[str, Path]) -> list[list[str]]:
    """Neighbours together, in as many groups of about one size as there are processors."""
    sizes = [files[name].stat().st_size for name in names]
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
    """One zip of several, as if it had been written in one go: entries are moved as they are."""
    first = zips[0]
    if len(zips) == 1:
        return first
    with zipfile.ZipFile(first, "a") as whole:
        end = whole.start_dir  # where the list of entries begins, which is written anew
        for each in zips[1:]:
            with zipfile.ZipFile(each) as read:
                entries, length = read.infolist(), read.start_dir
            first.seek(end)
            first.write(each.getbuffer()[:length])
            for info in entries:
                info.header_offset += end
                whole.filelist.append(info)
                whole.NameToInfo[info.filename] = info
            end += length
        whole.start_dir = end
        whole.comment = whole.comment  # which marks it as changed
    return first

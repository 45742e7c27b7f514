"""A build context as the Docker engine's own builder takes it: a tar archive."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lambda_fast_deploy.adapters.files import link_of, mode_of, opened_listed
from lambda_fast_deploy.models import ImageBuild

_NAME = ".dockerfile"
_IGNORE = ".dockerignore"
_TYPES = {
    "folder": tarfile.DIRTYPE,
    "link": tarfile.SYMTYPE,
    "pipe": tarfile.FIFOTYPE,
    "file": tarfile.REGTYPE,
}


@contextmanager
def archived(image: ImageBuild) -> Iterator[tuple[IO[bytes], str]]:
    """The context of an image, and the name of its Dockerfile in it.

    The pinned Dockerfile gets a separate name, since it differs from the one in the working tree.
    An ignore file in the context excludes it, so that no image contains it.

    Raises:
        Invalid: a file disappeared, or changed while it was read.
    """
    name = next(
        each for n in range(len(image.kinds) + 1) if (each := f"{_NAME}{n}") not in image.kinds
    )
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for path, kind in image.kinds.items():
                _add(tar, image.context / path, path, kind)
            _put(tar, name, image.text)
            if _IGNORE not in image.kinds:
                _put(tar, _IGNORE, f"{name}\n{_IGNORE}\n")
        file.seek(0)
        yield file, name


def _add(tar: tarfile.TarFile, path: Path, name: str, kind: str) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.mode = _TYPES[kind], mode_of(path) & 0o7777
    if kind == "link":
        info.linkname = link_of(path) or ""
    if kind != "file":
        tar.addfile(info)
        return
    with opened_listed(path) as (file, size):
        info.size = size
        tar.addfile(info, file)


def _put(tar: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))

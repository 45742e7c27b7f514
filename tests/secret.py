"""Secrets planted where a run can see them, and the search for them in all that it left behind."""

from __future__ import annotations

import base64
import gzip
import io
import re
import secrets
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_plus

PART = 12  # characters that nothing else has; half a secret is too much as well
TEXT = 1_000_000  # bytes; what is larger is no text, and is searched as it is
_ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{16,}")


def planted(*names: str) -> dict[str, str]:
    """A secret for each name, with what programs write in other ways: quotes, blanks, accents."""
    return {name: f"{secrets.token_hex(9)}\"'é {secrets.token_urlsafe(12)}" for name in names}


def token() -> str:
    """A secret of characters that a header takes."""
    return secrets.token_urlsafe(30)


def found_in(what: str, content: bytes, hidden: dict[str, str]) -> Iterator[str]:
    """Where secrets are in some content: plain, encoded, or in files of an archive.

    Args:
        what: the name of it.
        content: the bytes.
        hidden: the secrets, by name.
    """
    seen = set()
    for inner, data in _opened(what, content):
        for name, secret in hidden.items():
            parts = {part for each in _words(secret) for part in (each[:PART], each[-PART:])}
            if (name, inner) not in seen and any(part in data for part in parts):
                seen.add((name, inner))
                yield f"{name} in {inner}"


def found_below(folder: Path, hidden: dict[str, str], *but: Path) -> list[str]:
    """Where secrets are in the files below a folder, but for those that hold them on purpose."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in but:
            found += found_in(str(path.relative_to(folder)), path.read_bytes(), hidden)
    return found


def _words(secret: str) -> list[bytes]:
    """The parts of a secret that every program writes in the same way."""
    return [word.encode() for word in re.findall(r"[\w-]{12,}", secret, re.ASCII)]


def _opened(what: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Content as it is, as it reads without its encodings, and what it holds as an archive."""
    yield what, content
    if len(content) < TEXT:
        yield from _decoded(what, content)
    if content.startswith(b"\x1f\x8b"):
        yield from _opened(what, gzip.decompress(content))
    elif content.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from _opened(f"{what}!{name}", archive.read(name))
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as files:
            for member in files:
                if member.isfile() and (file := files.extractfile(member)):
                    yield from _opened(f"{what}!{member.name}", file.read())


def _decoded(what: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if b"%" in content:
        plain = unquote_plus(content.decode("latin-1"), "latin-1")
        yield f"{what} (as an address)", plain.encode("latin-1", "replace")
    for run in _ENCODED.findall(content):
        usual = run.translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):
            cut = usual[start:]
            yield f"{what} (base64)", base64.b64decode(cut[: len(cut) // 4 * 4])

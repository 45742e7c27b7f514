"""Objects that are named by what they hold."""

from __future__ import annotations

import io
import zipfile
from typing import Any, cast

import pytest

from lambda_fast_deploy.adapters.aws.bucket import checksum_of
from lambda_fast_deploy.stacks.bucket_objects import content_digest, digest, is_as_named


class Stored:
    """A bucket with one object, and whether that was read."""

    def __init__(self, content: bytes | None, checksum: str) -> None:
        self._content, self._checksum = content, checksum
        self.is_read = False

    def checksum(self, _key: str) -> str | None:
        return None if self._content is None else self._checksum

    def get(self, _key: str) -> bytes | None:
        self.is_read = True
        return self._content


def zipped(level: int, text: str = "x" * 5000) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as made:
        made.writestr(zipfile.ZipInfo("app.py"), text, zipfile.ZIP_DEFLATED, level)
    return buffer.getvalue()


def judged(name: str, content: bytes | None, checksum: str = "") -> tuple[bool, bool]:
    """Whether it is as named, and whether it had to be read."""
    stored = Stored(content, checksum)
    return is_as_named(cast(Any, stored), f"lambda-fast-deploy/{name}.zip"), stored.is_read


def test_what_s3_says_of_the_bytes_spares_reading_them() -> None:
    assert judged(digest(b"a"), b"a", checksum_of(b"a")) == (True, False)


def test_what_was_written_in_parts_or_without_a_checksum_is_read() -> None:
    assert judged(digest(b"a"), b"a", "composite-2") == (True, True)
    assert judged(digest(b"a"), b"b") == (False, True)


def test_a_zip_may_be_named_by_what_it_holds() -> None:
    assert zipped(1) != zipped(9)
    assert judged(content_digest(zipped(1)), zipped(9)) == (True, True)
    assert judged(content_digest(zipped(1)), zipped(9, "y")) == (False, True)


@pytest.mark.parametrize("content", [None, b"", b"PK", zipped(9)[:-30], zipped(9, "y" * 900)])
def test_all_else_is_something_else(content: bytes | None) -> None:
    assert judged(content_digest(zipped(9)), content)[0] is False


def test_a_broken_zip_is_something_else() -> None:
    content = bytearray(zipped(9))
    content[40:50] = b"\xff" * 10
    assert judged(content_digest(zipped(9)), bytes(content))[0] is False

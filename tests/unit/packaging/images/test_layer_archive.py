"""The archive of a layer: the same bytes for the same content."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models.image_layers import LayerEntry
from lambda_fast_deploy.packaging.images.layer_archive import LayerArchive, write_layer

LAYER = {
    "app": LayerEntry("folder", mode=0o755),
    "app/link": LayerEntry("link", (5, 6), 0o777, "link"),
    f"app/{'ü' * 120}": LayerEntry("file", (5, 6), None, "main.py"),
}


def written(root: Path, to: Path, text: bytes = b"main") -> tuple[LayerArchive, bytes]:
    """A layer, and its blob."""
    root.mkdir()
    (root / "main.py").write_bytes(text)
    (root / "main.py").chmod(0o640)
    (root / "link").symlink_to("main.py")
    layer = write_layer(LAYER, root, to)
    with layer.blob.open() as stream:
        return layer, stream.read()


@pytest.mark.parametrize("size", [0, 4, 0xFFFF, 200_000, 9 << 20])
def test_a_layer_is_what_its_digests_say(tmp_path: Path, size: int) -> None:
    text = b"x" * size
    layer, blob = written(tmp_path / "a", tmp_path / "1", text)
    archive = gzip.decompress(blob)
    assert layer.blob.digest == f"sha256:{hashlib.sha256(blob).hexdigest()}"
    assert layer.blob.size == len(blob)
    assert layer.diff == f"sha256:{hashlib.sha256(archive).hexdigest()}"
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        folder, link, file = tar.getmembers()
        assert (folder.name, folder.type, folder.mode) == ("app", tarfile.DIRTYPE, 0o755)
        assert (link.linkname, link.uid, link.gid) == ("main.py", 5, 6)
        assert (file.mode, file.size, file.mtime) == (0o640, size, 315532800)
        content = tar.extractfile(file)
        assert content
        assert content.read() == text
    assert (len(blob) < size) == (size > 8 << 20)  # only large ones are compressed


def test_times_and_places_do_not_matter(tmp_path: Path) -> None:
    one, _ = written(tmp_path / "a", tmp_path / "1")
    other, blob = written(tmp_path / "b", tmp_path / "2")
    os.utime(tmp_path / "a/main.py", (1, 1))
    assert write_layer(LAYER, tmp_path / "a", tmp_path / "3") == one == other
    # A digest that was computed elsewhere: the format must not change unnoticed.
    assert hashlib.sha256(gzip.decompress(blob)).hexdigest().startswith("821766481d0ba540")
    assert one.blob.digest.startswith("sha256:f142a7763ac32e81")


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    written(tmp_path / "a", tmp_path / "1")
    (tmp_path / "a/main.py").unlink()
    with pytest.raises((Invalid, OSError)):
        write_layer(LAYER, tmp_path / "a", tmp_path / "2")

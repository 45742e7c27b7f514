"""Zips whose bytes are their content and nothing else."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.fingerprints.archive import archive
from lambda_fast_deploy.models import Archive

FILES = {"app.py": b"print()\n", "package/__init__.py": b"", "package/data.bin": bytes(range(256))}


def written(root: Path, files: dict[str, bytes], *, backwards: bool = False) -> dict[str, Path]:
    found = {}
    for name in sorted(files, reverse=backwards):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])
        found[name] = path
    return found


def zipped(root: Path, files: dict[str, bytes] = FILES, *, compress: bool = False) -> Archive:
    return archive(written(root, files), compress=compress)


def test_the_hash_is_the_one_that_lambda_computes(tmp_path: Path) -> None:
    made = zipped(tmp_path)
    assert made.sha256 == base64.b64encode(hashlib.sha256(made.content).digest()).decode()


def test_a_zip_holds_the_files_under_their_names_and_counts_their_bytes(tmp_path: Path) -> None:
    made = zipped(tmp_path)
    with zipfile.ZipFile(io.BytesIO(made.content)) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == FILES
        assert opened.testzip() is None
    assert made.unzipped == sum(map(len, FILES.values()))
    assert made.size == len(made.content)


@pytest.mark.parametrize("compress", [False, True])
def test_times_do_not_count(tmp_path: Path, compress: bool) -> None:
    before = zipped(tmp_path, compress=compress)
    for name in FILES:
        os.utime(tmp_path / name, (1, 1_000_000_000))
    assert archive({n: tmp_path / n for n in FILES}, compress=compress) == before


def test_the_place_of_the_checkout_and_the_order_of_files_do_not_count(tmp_path: Path) -> None:
    one = archive(written(tmp_path / "one", FILES), compress=False)
    other = archive(written(tmp_path / "deep" / "er", FILES, backwards=True), compress=False)
    assert one.content == other.content


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o666, 0o444])
def test_the_umask_of_the_checkout_does_not_count(tmp_path: Path, mode: int) -> None:
    before = zipped(tmp_path)
    for name in FILES:
        (tmp_path / name).chmod(mode)
    assert archive({n: tmp_path / n for n in FILES}, compress=False) == before


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o775])
def test_the_executable_bit_counts_and_is_kept(tmp_path: Path, mode: int) -> None:
    before = zipped(tmp_path)
    (tmp_path / "app.py").chmod(mode)
    after = archive({n: tmp_path / n for n in FILES}, compress=False)
    assert after.sha256 != before.sha256
    with zipfile.ZipFile(io.BytesIO(after.content)) as opened:
        modes = {i.filename: i.external_attr >> 16 for i in opened.infolist()}
    assert stat.S_IMODE(modes["app.py"]) == 0o755
    assert stat.S_IMODE(modes["package/__init__.py"]) == 0o644
    assert all(stat.S_ISREG(mode) for mode in modes.values())


def test_code_is_stored_because_deflate_differs_between_zlib_versions(tmp_path: Path) -> None:
    stored, packed = zipped(tmp_path), zipped(tmp_path, compress=True)
    with zipfile.ZipFile(io.BytesIO(stored.content)) as opened:
        assert {i.compress_type for i in opened.infolist()} == {zipfile.ZIP_STORED}
    with zipfile.ZipFile(io.BytesIO(packed.content)) as opened:
        assert {i.compress_type for i in opened.infolist()} == {zipfile.ZIP_DEFLATED}
    assert stored.unzipped == packed.unzipped


NAMES = st.from_regex(r"[a-z]{1,8}\.py", fullmatch=True)
TREES = st.dictionaries(NAMES, st.binary(max_size=20), max_size=4)


@given(TREES, TREES)
def test_two_zips_are_equal_exactly_when_their_files_are(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    left = zipped(tmp_path_factory.mktemp("left"), one)
    right = zipped(tmp_path_factory.mktemp("right"), other)
    assert (left.sha256 == right.sha256) is (one == other)
    assert zipped(tmp_path_factory.mktemp("again"), one).content == left.content

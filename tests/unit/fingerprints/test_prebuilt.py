"""Zips and jars of build tools: the same files are the same bytes, whenever they were built."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.prebuilt import PrebuiltZip, without_times
from lambda_fast_deploy.models import Archive

Files = dict[str, bytes]


def zip_of(files: Files, year: int = 2026, *, unix: bool = True, method: int = 8) -> bytes:
    """A zip as a build tool makes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as zipped:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, (year, 1, 2, 3, 4, 6))
            info.create_system = 3 if unix else 0
            info.external_attr = (0o100755 if name == "run" else 0o100640) << 16 if unix else 0x20
            info.extra = b"UT\x05\x00\x01" + year.to_bytes(4, "little")
            info.compress_type = method
            zipped.writestr(info, content)
    return buffer.getvalue()


def archived(tmp_path: Path, content: bytes) -> Archive:
    path = tmp_path / "function.zip"
    path.write_bytes(content)
    return PrebuiltZip.read(path).archive(compress=False)


FILES: Files = {"app.py": b"x = 1\n", "lib/": b"", "lib/a.py": b"y = 2\n", "run": b"#!/bin/sh\n"}


def test_times_order_and_compression_do_not_count(tmp_path: Path) -> None:
    one = archived(tmp_path, zip_of(FILES, 2025))
    backwards = dict(reversed(FILES.items()))
    assert archived(tmp_path, zip_of(backwards, 2026, method=0)).sha256 == one.sha256
    changed = FILES | {"app.py": b"x = 2\n"}
    assert archived(tmp_path, zip_of(changed, 2025)).sha256 != one.sha256
    assert one.unzipped == sum(map(len, FILES.values()))


def test_files_and_their_modes_are_those_of_the_zip(tmp_path: Path) -> None:
    made = archived(tmp_path, zip_of(FILES))
    with zipfile.ZipFile(io.BytesIO(made.content)) as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == {
            name: content for name, content in FILES.items() if not name.endswith("/")
        }
        modes = {each.filename: each.external_attr >> 16 for each in zipped.infolist()}
    assert modes == {"app.py": 0o100644, "lib/a.py": 0o100644, "run": 0o100755}


def test_a_bootstrap_without_a_mode_is_executable(tmp_path: Path) -> None:
    made = archived(tmp_path, zip_of({"bootstrap": b"\x7fELF", "a": b""}, unix=False))
    with zipfile.ZipFile(io.BytesIO(made.content)) as zipped:
        modes = {each.filename: each.external_attr >> 16 for each in zipped.infolist()}
    assert modes == {"a": 0o100644, "bootstrap": 0o100755}


def test_a_jar_inside_keeps_its_bytes_and_loses_its_times(tmp_path: Path) -> None:
    classes = {"b/A.class": b"classes" * 100, "META-INF/": b"", "META-INF/MANIFEST.MF": b"M: 1"}
    jars = [zip_of(classes, 2025), zip_of(dict(reversed(classes.items())), 2026)]
    assert jars[0] != jars[1]
    assert without_times(jars[0]) == without_times(jars[1])
    with zipfile.ZipFile(io.BytesIO(without_times(jars[0]))) as jar:
        assert jar.testzip() is None
        assert jar.namelist() == ["META-INF/", "META-INF/MANIFEST.MF", "b/A.class"]
        assert {name: jar.read(name) for name in classes} == classes
    outer = [archived(tmp_path, zip_of({"lib/own.jar": jar})) for jar in jars]
    assert outer[0].sha256 == outer[1].sha256
    assert without_times(b"no jar") == b"no jar"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no zip", "is not a zip"),
        (zip_of({}), "has 0 files"),
        (zip_of({"../a": b""}), "'../a' is not a path inside the function's folder"),
        (zip_of({"/a": b""}), "'/a' is not a path inside the function's folder"),
        (zip_of({"a//b": b""}), "is not a path inside the function's folder"),
        (zip_of({"a": b"ab"}, method=0).replace(b"ab", b"cd", 1), "a cannot be unpacked"),
    ],
)
def test_what_lambda_could_not_unpack_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        archived(tmp_path, content)
    assert says in str(caught.value.problems[0])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_in_it_twice_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("a", b"1")
        zipped.writestr("a", b"2")
    with pytest.raises(Invalid, match="a is in it twice, with different content"):
        archived(tmp_path, buffer.getvalue())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_file_twice_is_one_file(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name in ("META-INF/LICENSE", "a", "META-INF/LICENSE"):
            zipped.writestr(name, name)
    once = zip_of({name: name.encode() for name in ("a", "META-INF/LICENSE")}, unix=False)
    assert archived(tmp_path, buffer.getvalue()).unzipped == archived(tmp_path, once).unzipped


@pytest.mark.parametrize("method", [0, 8, 12, 14])
def test_a_damaged_zip_is_refused_whatever_is_wrong(tmp_path: Path, method: int) -> None:
    whole = zip_of({"app.py": b"x = 1\n" * 20, "lib/a.jar": zip_of(FILES)}, method=method)
    for at in range(len(whole)):
        for byte in (0x00, 0x7F, 0xFF):
            content = whole[:at] + bytes([byte]) + whole[at + 1 :]
            with suppress(Invalid):
                PrebuiltZip(tmp_path / "function.zip", content).archive(compress=False)

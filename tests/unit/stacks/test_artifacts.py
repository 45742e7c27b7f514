"""Zips of a stack that were made elsewhere."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid, Place
from lambda_fast_deploy.fingerprints.layers.fingerprint import of_layer
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.packages_in_code import with_packages
from lambda_fast_deploy.stacks.artifact_properties import PROPERTIES, SERVERLESS_FUNCTION
from lambda_fast_deploy.stacks.artifacts import _fingerprint, _layer, _own
from lambda_fast_deploy.stacks.code_builds import LocalArtifact

KEYS = ("Resources", "Greeter", "Properties", "CodeUri")


def part(path: Path, kind: str = SERVERLESS_FUNCTION) -> LocalArtifact:
    return LocalArtifact("Greeter", (), KEYS, PROPERTIES[kind][0], path, Place("template.yaml", 3))


def test_a_zip_that_was_made_elsewhere_tells_what_it_holds(tmp_path: Path) -> None:
    made = tmp_path / "code.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("app.py", bytes(10**6))
    found = _own(part(made))
    assert (found.unzipped, found.content) == (10**6, made.read_bytes())
    text = tmp_path / "api.yaml"
    text.write_text("openapi: 3.0.1\n")
    assert _own(part(text, "AWS::Serverless::Api")).unzipped == 0


def test_a_file_of_code_is_zipped_and_another_file_is_not(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("def handler(event, context): ...\n")
    with zipfile.ZipFile(io.BytesIO(_own(part(file)).content)) as zipped:
        assert zipped.read("app.py") == file.read_bytes()
    assert _own(part(file, "AWS::Glue::Job")).content == file.read_bytes()


@pytest.mark.parametrize(
    ("own", "gone"),
    [
        ("idna/core.py", {"idna/__pycache__/core.cpython-311.pyc", "idna/core.pyc"}),
        ("six.py", {"__pycache__/six.cpython-311.pyc"}),
        ("idna/core.txt", set()),
        ("core.py", set()),
    ],
)
def test_an_own_module_never_loses_to_what_an_installed_one_was_compiled_to(
    tmp_path: Path, own: str, gone: set[str]
) -> None:
    installed = {
        *("idna/core.py", "idna/__pycache__/core.cpython-311.pyc", "idna/core.pyc"),
        *("idna/__pycache__/core2.cpython-311.pyc", "six.py", "__pycache__/six.cpython-311.pyc"),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for name in installed:
            zipped.writestr(f"python/{name}", "installed")
    file = tmp_path / own
    file.parent.mkdir(exist_ok=True)
    file.write_text("own")
    found = with_packages(made.getvalue(), _own(part(tmp_path)))
    with zipfile.ZipFile(io.BytesIO(found.content)) as zipped:
        assert set(zipped.namelist()) == (installed | {own}) - gone
        assert zipped.read(own) == b"own"


def test_modules_of_the_working_tree_stay_out_where_they_are_installed(tmp_path: Path) -> None:
    for name in ("app.mjs", "package-lock.json", "node_modules/ms/index.js", ".npmrc"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    lock = tmp_path / "package-lock.json"
    installs = replace(part(tmp_path), requirements=lock, left_out=("node_modules/",))
    for each, names in (
        (installs, ["app.mjs"]),
        (part(tmp_path), ["app.mjs", "node_modules/ms/index.js", "package-lock.json"]),
    ):
        with zipfile.ZipFile(io.BytesIO(_own(each).content)) as zipped:
            assert zipped.namelist() == names


@pytest.mark.parametrize(
    ("manifest", "requires", "changed"),
    [
        (
            "requirements.txt",
            "./shared/common-1.0-py3-none-any.whl\n",
            "common-1.0-py3-none-any.whl",
        ),
        ("requirements.txt", "./shared\n", "common/__init__.py"),
        ("package.json", '{"dependencies": {"common": "file:../shared"}}', "index.js"),
    ],
)
def test_a_requirement_of_the_working_tree_is_known_by_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: str, requires: str, changed: str
) -> None:
    monkeypatch.chdir(tmp_path)  # where paths in a requirements.txt begin
    for name, text in {
        f"src/{manifest}": requires,
        "shared/pyproject.toml": '[project]\nname = "common"\n',
        "shared/package.json": '{"name": "common"}',
        f"shared/{changed}": "one",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    runtime = Runtime("nodejs22.x" if manifest == "package.json" else "python3.13")
    code = tmp_path / "src"
    built = replace(part(code), requirements=code / manifest, runtime=runtime)
    prints = {_fingerprint(built, of_layer(_layer(built)), _own(built)) for _ in range(2)}
    (tmp_path / "shared" / changed).write_text("two")
    prints.add(_fingerprint(built, of_layer(_layer(built)), _own(built)))
    assert len(prints) == 2


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    made = tmp_path / "code.zip"
    with made.open("wb") as file:
        file.truncate(10**12)  # which no memory holds
    with pytest.raises(Invalid, match=r"code\.zip: is larger than 262,144,000 bytes"):
        _own(part(made))

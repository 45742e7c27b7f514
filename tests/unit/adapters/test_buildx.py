"""Buildx, by a ``docker`` that notes how it was called."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.aws.registry import Login
from lambda_fast_deploy.adapters.buildx import Buildx
from lambda_fast_deploy.adapters.docker_engine import Docker
from lambda_fast_deploy.models import ImageBuild

DOCKER = """\
#!/bin/sh
case "$2" in
inspect) printf 'Name: own\\nDriver: docker-container\\nNodes:\\n' ;;
build)
    printf '%s\n' "$@" > "$NOTES.arguments"
    stat -c '%a %n' "$DOCKER_CONFIG" "$DOCKER_CONFIG"/* > "$NOTES"
    cp -r "$DOCKER_CONFIG" "$NOTES.d"
    for argument; do
        case "$argument" in
        --metadata-file=*) echo '{"containerimage.digest": "sha256:d"}' > "${argument#*=}" ;;
        esac
    done ;;
esac
"""


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the ``docker`` on PATH notes how it was called."""
    program = tmp_path / "bin/docker"
    program.parent.mkdir()
    program.write_text(DOCKER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    return tmp_path / "notes"


def build(folder: Path, *, writes_cache: bool = True) -> None:
    """Build an image."""
    image = ImageBuild(
        "image", ("r/i:t",), folder, folder / "Dockerfile", {}, "linux/amd64", "FROM scratch\n"
    )
    Buildx(Docker(print), "", print).build(
        image,
        repository="r/i",
        cache="r/i:cache",
        writes_cache=writes_cache,
        logins=[Login("r", "AWS", "secret")],
        on_line=print,
        beat=lambda: None,
    )


def test_a_login_is_read_by_nobody_else(tmp_path: Path, notes: Path) -> None:
    before = os.umask(0)
    try:
        build(tmp_path)
    finally:
        os.umask(before)
    modes = [line.split()[0] for line in notes.read_text().splitlines()]
    assert modes == ["700", "600"]
    config = json.loads((tmp_path / "notes.d/config.json").read_text())
    assert config["auths"].keys() == {"r"}
    folder = notes.read_text().splitlines()[0].split()[1]
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("writes_cache", "has_github", "written"),
    [
        (True, True, ["registry"]),
        (True, False, ["registry"]),
        (False, True, ["gha"]),
        (False, False, []),
    ],
)
def test_one_cache_is_written_and_every_one_read(
    tmp_path: Path,
    notes: Path,
    monkeypatch: pytest.MonkeyPatch,
    writes_cache: bool,
    has_github: bool,
    written: list[str],
) -> None:
    if has_github:
        monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", "a.e30.c")
        monkeypatch.setenv("ACTIONS_RESULTS_URL", "https://results.example")
    build(tmp_path, writes_cache=writes_cache)
    arguments = Path(f"{notes}.arguments").read_text().splitlines()

    def caches(option: str) -> list[str]:
        found = (a.partition("type=")[2] for a in arguments if a.startswith(f"--cache-{option}="))
        return [each.partition(",")[0] for each in found]

    assert caches("from") == ["registry", *["gha"] * has_github]
    assert caches("to") == written

"""Buildx, by a ``docker`` that notes how it was called."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from engine.adapters.aws.registry import Login
from engine.adapters.buildx import Buildx
from engine.adapters.docker import Docker
from engine.model import ImageBuild

DOCKER = """\
#!/bin/sh
case "$2" in
inspect) printf 'Name: own\\nDriver: docker-container\\nNodes:\\n' ;;
build)
    stat -c '%a %n' "$DOCKER_CONFIG" "$DOCKER_CONFIG"/* > "$NOTES"
    cp -r "$DOCKER_CONFIG" "$NOTES.d"
    for argument; do
        case "$argument" in
        --metadata-file=*) echo '{"containerimage.digest": "sha256:d"}' > "${argument#*=}" ;;
        esac
    done ;;
esac
"""


def test_a_login_is_read_by_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, notes = tmp_path / "bin/docker", tmp_path / "notes"
    program.parent.mkdir()
    program.write_text(DOCKER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("NOTES", str(notes))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    image = ImageBuild(
        "image", ("r/i:t",), tmp_path, tmp_path / "Dockerfile", {}, "linux/amd64", "FROM scratch\n"
    )
    before = os.umask(0)
    try:
        Buildx(Docker(print), "", print).build(
            image,
            repository="r/i",
            cache="r/i:cache",
            writes_cache=True,
            logins=[Login("r", "AWS", "secret")],
            on_line=print,
            beat=lambda: None,
        )
    finally:
        os.umask(before)
    modes = [line.split()[0] for line in notes.read_text().splitlines()]
    assert modes == ["700", "600"]
    config = json.loads((tmp_path / "notes.d/config.json").read_text())
    assert config["auths"].keys() == {"r"}
    folder = notes.read_text().splitlines()[0].split()[1]
    assert not Path(folder).exists()

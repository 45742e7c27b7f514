"""What a layer holds is what the package manager of the project installs.

Each manager locks and installs small projects of its own; the layer that is made of the same lock
must hold the same distributions in the same versions, with the same modules. ``JUDGES=thorough``
judges all of them, and otherwise a share that ``JUDGES_SEED`` chooses.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.build.layer import build_layer
from engine.model import Architecture, Layer, Pruning
from tests.judges.packages.index import Index, private_index
from tests.judges.packages.managers import RUNTIME, environment
from tests.judges.packages.python import PROJECTS, Judged, distributions

SEED = int(os.environ.get("JUDGES_SEED", "15"))
SHARE = 6


def _share() -> list[str]:
    if os.environ.get("JUDGES") == "thorough":
        return list(PROJECTS)
    return sorted(random.Random(SEED).sample(sorted(PROJECTS), SHARE))


@pytest.fixture
def index() -> Iterator[Index]:
    with private_index() as running:
        yield running


def layer_of(judged: Judged) -> Layer:
    """The layer of a project, with all that its packages hold."""
    return Layer(
        name="judged",
        requirements=judged.root / judged.asked,
        runtime=RUNTIME,
        architecture=Architecture.X86_64,
        pruning=Pruning("none"),
        bytecode="none",
        **judged.more,
    )


@pytest.mark.parametrize("name", _share())
def test_a_layer_holds_what_the_manager_installs(
    name: str, tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = PROJECTS[name](tmp_path, index)
    monkeypatch.chdir(judged.root)
    for variable in set(os.environ) - set(environment()):
        monkeypatch.delenv(variable)
    for variable, value in {**environment(), **judged.environment}.items():
        monkeypatch.setenv(variable, value)
    built = build_layer(layer_of(judged))
    content = built.parts["judged"].archive.content
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        zipped.extractall(tmp_path / "layer")
    root = tmp_path / "layer" / "python"
    assert distributions(root) == distributions(judged.site)
    assert _modules(root) >= _modules(judged.site)
    for link in root.rglob("*.pth"):
        assert str(tmp_path) not in link.read_text()
    assert not list(root.rglob("direct_url.json"))


def _modules(site: Path) -> set[tuple[str, str]]:
    """The modules of what is installed, by content; of an editable package there are none."""
    return {
        (path.relative_to(site).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in site.rglob("*.py")
        if not path.relative_to(site)
        .parts[0]
        .startswith(("pip", "setuptools", "_", "pkg_res", "wheel"))
    }

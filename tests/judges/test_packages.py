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
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lambda_fast_deploy.config.sections.layers import default_layer
from lambda_fast_deploy.models import Architecture, Layer, PruningRules
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.layers.layer_build import build_layer
from tests.judges.packages.index import Index, private_index
from tests.judges.packages.managers import RUNTIME, environment, manager
from tests.judges.packages.node import PROJECTS as NODE_PROJECTS
from tests.judges.packages.node import versions
from tests.judges.packages.python import PROJECTS, Judged, distributions

SEED = int(os.environ.get("JUDGES_SEED", "15"))
SHARE = 5  # of so many projects one is judged


def _share(projects: Mapping[str, object]) -> list[str]:
    if os.environ.get("JUDGES") == "thorough":
        return list(projects)
    return sorted(random.Random(SEED).sample(sorted(projects), len(projects) // SHARE))


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
        pruning=PruningRules("none"),
        bytecode="none",
        **judged.more,
    )


@pytest.mark.parametrize("name", _share(PROJECTS))
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
    assert distributions(root) == distributions(judged.context)
    assert _modules(root) >= _modules(judged.context)
    for link in root.rglob("*.pth"):
        assert str(tmp_path) not in link.read_text()
    assert not list(root.rglob("direct_url.json"))


def _modules(context: Path) -> set[tuple[str, str]]:
    """The modules of what is installed, by content; of an editable package there are none."""
    return {
        (path.relative_to(context).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in context.rglob("*.py")
        if not path.relative_to(context)
        .parts[0]
        .startswith(("pip", "setuptools", "_", "pkg_res", "wheel"))
    }


@pytest.mark.parametrize("name", _share(NODE_PROJECTS))
def test_a_layer_of_node_holds_what_the_manager_installs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = NODE_PROJECTS[name](tmp_path / "project")
    if judged.manager:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / judged.manager.partition("-")[0]).symlink_to(manager(judged.manager))
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    before = _tree(judged.root)
    lock = judged.root / judged.lock
    built = build_layer(default_layer("judged", lock, Runtime("nodejs20.x"), Architecture.X86_64))
    with zipfile.ZipFile(io.BytesIO(built.parts["judged"].archive.content)) as zipped:
        assert not [each for each in zipped.infolist() if each.external_attr >> 28 == 0o12]
        zipped.extractall(tmp_path / "layer")
    modules = tmp_path / "layer" / "nodejs" / "node_modules"
    assert versions(modules) == versions(judged.modules)
    assert not list(modules.rglob("*.test.js"))
    assert not [note for note in built.notes if "cannot be" in note]
    assert _tree(judged.root) == before  # nothing is left in the checkout


def _tree(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}

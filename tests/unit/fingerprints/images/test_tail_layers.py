"""What the COPYs of a tail write; tests/judges compares that with BuildKit."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.fingerprints.images.context_paths import ContextPaths
from lambda_fast_deploy.fingerprints.images.recipe import of_image
from lambda_fast_deploy.fingerprints.images.tail_layers import UncertainLayer, layers_of
from lambda_fast_deploy.models.image_layers import Donor, Layer, LayerEntry
from tests.unit import make

FOLDER, FILE = LayerEntry("folder", (7, 8), 0o711), LayerEntry("file")
ATTRIBUTES = {"config": {"Env": ["TASK=/var/task"], "WorkingDir": "/srv"}}


def layers(root: Path, copies: str, *donor: Layer) -> tuple[Layer, ...]:
    """The layers of some COPYs, on a donor with these layers."""
    (root / "app/sub").mkdir(parents=True)
    (root / "app/main.py").write_text("main")
    (root / "app/sub/x").write_text("x")
    (root / "link").symlink_to("app")
    (root / "Dockerfile").write_text(f"FROM a\n{copies}\n")
    source = make.image_source(dockerfile=root / "Dockerfile", context=root, base=None)
    recipe = of_image(make.image_request(source))
    return layers_of(
        recipe.tail, ContextPaths(recipe.content), Donor({}, "", ATTRIBUTES, tuple(donor))
    )


def shown(layer: Layer) -> list[str]:
    """Each entry in a line."""
    return [
        f"{path} {each.kind} {each.mode and oct(each.mode)} {each.owner} {each.source}"
        for path, each in layer.items()
    ]


def test_a_linked_copy_makes_its_folders(tmp_path: Path) -> None:
    (layer,) = layers(tmp_path, "COPY --link --chown=5 link ${TASK}/app")
    assert shown(layer) == [
        "var folder 0o755 (5, 5) ",
        "var/task folder 0o755 (5, 5) ",
        "var/task/app folder 0o755 (5, 5) ",
        "var/task/app/main.py file None (5, 5) app/main.py",
        "var/task/app/sub folder None (5, 5) app/sub",
        "var/task/app/sub/x file None (5, 5) app/sub/x",
    ]


def test_a_copy_with_chmod_is_not_linked(tmp_path: Path) -> None:
    (layer,) = layers(
        tmp_path, "COPY --link --chown=5 --chmod=600 app/main.py /srv/", {"srv": FOLDER}
    )
    assert shown(layer) == ["srv folder 0o711 (7, 8) ", "srv/main.py file 0o600 (5, 5) app/main.py"]


@pytest.mark.parametrize(
    ("copies", "donor", "expected"),
    [
        ("COPY app/main.py lib", {"srv": FOLDER, "srv/lib": FILE}, "srv/lib"),
        ("COPY app/main.py lib", {"srv": FOLDER, "srv/lib": FOLDER}, "srv/lib/main.py"),
        ("COPY app/main.py ./", {"srv": FOLDER}, "srv/main.py"),
        ("COPY app/*.py /", {}, "main.py"),
        ("COPY app/sub /srv/..", {}, "x"),
    ],
)
def test_another_copy_takes_over_what_is_below(
    tmp_path: Path, copies: str, donor: Layer, expected: str
) -> None:
    (layer,) = layers(tmp_path, copies, donor)
    assert [*layer][-1] == expected
    assert layer.get("srv", FOLDER) == FOLDER


@pytest.mark.parametrize(
    ("copies", "donor", "says"),
    [
        ("COPY app /new", {}, "what the image has at /new is not known"),
        ("COPY app/main.py lib", {"srv": FOLDER}, "what the image has at /srv/lib is not known"),
        ("COPY app lib", {"srv": LayerEntry("link")}, "/srv is not a folder"),
        ("COPY app/main.py /x", {"x": LayerEntry("link")}, "/x is a link"),
        ("COPY --link app $OTHER/x", {}, "$OTHER/x in line 2 is not known"),
        ("COPY --link *.none /x", {}, "COPY in line 2 copies nothing"),
        ("COPY --link app/*.none /x", {}, "app does not exist"),
    ],
)
def test_what_is_not_certain_is_told(tmp_path: Path, copies: str, donor: Layer, says: str) -> None:
    with pytest.raises(UncertainLayer) as told:
        layers(tmp_path, copies, donor)
    assert str(told.value) == says


def test_a_layer_stands_on_those_before_it(tmp_path: Path) -> None:
    copies = "COPY --link app /a\nCOPY app/sub /a/sub"
    donor = {"a": FOLDER, "a/main.py": FILE, "a/sub": FOLDER, "a/sub/x": FILE}
    first, second = layers(tmp_path, copies, donor, {"a": FOLDER, "a/sub": FOLDER, "a/sub/x": FILE})
    assert second["a/sub"] == first["a/sub"]  # the folder of the tree, and not that of the donor


def test_what_a_former_tree_had_is_not_what_the_image_has(tmp_path: Path) -> None:
    donor = {"a": FOLDER, "a/gone": FOLDER}
    with pytest.raises(UncertainLayer, match="/a/gone is not known"):
        layers(tmp_path, "COPY --link app /a\nCOPY app/sub /a/gone", donor, donor)


@pytest.mark.parametrize(
    ("to", "twin", "says"),
    [
        ("/", {"main.py": FILE}, ""),
        ("/usr/local/", {"usr": FOLDER, "usr/local": FOLDER}, "/usr/local/sub is not known"),
        ("/srv/", {"srv": FOLDER}, ""),
        ("/var/task/", {"var": FOLDER, "var/task": FOLDER}, ""),
        ("/srv/node_modules/", {"srv": FOLDER, "srv/node_modules": FOLDER}, "is not known"),
        ("/usr/", {"usr": FOLDER, "usr/sub": FOLDER}, ""),
        ("/usr/", {"usr": FOLDER, "usr/sub": LayerEntry("link")}, "is not known"),
    ],
)
def test_a_new_folder_may_meet_a_link_of_the_image(
    tmp_path: Path, to: str, twin: Layer, says: str
) -> None:
    if not says:
        assert layers(tmp_path, f"COPY app {to}", twin)
        return
    with pytest.raises(UncertainLayer, match=says):
        layers(tmp_path, f"COPY app {to}", twin)
    (linked,) = layers(tmp_path / "linked", f"COPY --link app {to}")
    assert linked

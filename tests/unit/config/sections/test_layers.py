"""Layers of lambda-deploy.yml: by ARN, of a folder, shared; and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Event, FolderLayer, Settings, ZipSource

VENDOR = "arn:aws:lambda:{region}:464622532012:layer:Datadog-Python313"
CONFIG = f"""\
layers:
  common: {{code: common, share: [o-a1b2c3d4e5, 123456789012]}}
functions:
  orders:
    zip:
      code: src
      handler: app.handler
      runtime: python3.13
      layers: [common, "{VENDOR}:110"]
      detach: ["arn:aws:lambda:eu-central-1:580247275435:layer:Insights"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with code and a folder for a layer."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "common/python").mkdir(parents=True)
    return tmp_path


def settings(root: Path, text: str = "", **given: str) -> Settings:
    if text:
        (root / "lambda-deploy.yml").write_text(text)
    environ = {"AWS_REGION": "eu-central-1"}
    return load(
        GivenInputs(given), environ, Event("push"), root, lambda: frozenset({"eu-central-1"})
    )


def source(root: Path, text: str = "", **given: str) -> ZipSource:
    found = settings(root, text, **given).functions[0].source
    assert isinstance(found, ZipSource)
    return found


def problems(root: Path, text: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        settings(root, text)
    return [str(problem).removeprefix("lambda-deploy.yml:") for problem in caught.value.problems]


def test_a_function_has_layers_by_name_and_by_arn(root: Path) -> None:
    found = source(root, CONFIG)
    assert found.layers == ("common", f"{VENDOR}:110")
    assert found.layers_by_arn == (f"{VENDOR}:110",)
    assert found.detach == ("arn:aws:lambda:eu-central-1:580247275435:layer:Insights",)
    assert settings(root).names_layers_by_arn


def test_a_file_can_have_layers_alone(root: Path) -> None:
    found = settings(root, "layers:\n  common: {code: common}\nfunctions: {}\n")
    assert found.functions == ()
    assert list(found.layers) == ["common"]


def test_a_layer_of_a_folder_is_for_all_runtimes_unless_it_names_one(root: Path) -> None:
    found = settings(root, CONFIG).layers
    share = ("123456789012", "o-a1b2c3d4e5")
    assert found == {"common": FolderLayer("common", root / "common", share=share)}
    one = CONFIG.replace("code: common,", "code: common, runtime: python3.12, share: [],")
    assert problems(root, one.replace("share: [o-a1b2c3d4e5, 123456789012]", ""))[0].startswith(
        "9: layer 'common' is built for python3.12"
    )


def test_the_inputs_list_arns_beside_the_layer_of_the_requirements(root: Path) -> None:
    (root / "requirements.txt").write_text("")
    function = {"function": "orders", "code": "src", "handler": "app.handler"}
    given = {**function, "runtime": "python3.13", "layers": f"{VENDOR}:110\n\n{VENDOR}-Extension\n"}
    arns = (f"{VENDOR}:110", f"{VENDOR}-Extension")
    assert source(root, **given).layers == arns
    found = source(root, **given, requirements="requirements.txt")
    assert found.layers == ("orders-dependencies", *arns)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("layers: [common,", f'layers: [common, "{VENDOR}",', "is twice in layers"),
        ("layers: [common,", "layers: [common, common,", "layer 'common' is twice in layers"),
        ("eu-central-1:580247275435:layer:Insights", VENDOR[15:], "in both layers and detach"),
        (f'      layers: [common, "{VENDOR}:110"]\n', "", "detach requires layers"),
        ("464622532012", "464622532", "expected a layer's name or ARN"),
        ("code: common,", "code: common, prune: none,", "prune requires requirements"),
        ("code: common,", "code: absent,", "directory 'absent' does not exist"),
        ("code: common,", "", "exactly one of 'requirements' or 'code' is required"),
        ("123456789012]", "12345]", "expected an account (12 digits), an organisation"),
        ("code: common,", "requirements: [six],", "'runtime' is missing"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(root: Path, old: str, new: str, says: str) -> None:
    assert old in CONFIG
    assert any(says in each for each in problems(root, CONFIG.replace(old, new))), says


def test_ten_layers_with_those_by_arn_are_too_many(root: Path) -> None:
    five = ", ".join(f'"{VENDOR}{number}"' for number in range(5))
    text = CONFIG.replace(f'"{VENDOR}:110"', five)
    assert "9: 6 layers; a Lambda function can have at most 5" in problems(root, text)


def test_a_module_at_the_top_of_a_layer_is_not_found_by_python(root: Path) -> None:
    (root / "common/python").rmdir()
    (root / "common/shared.py").write_text("")
    (problem,) = problems(root, CONFIG)
    assert problem == (
        "2: shared.py is at the top of layer common, where Python does not look for it; move it "
        "to python/ in common"
    )

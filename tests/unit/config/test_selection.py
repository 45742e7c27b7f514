"""One or some of many functions, with what belongs to them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Event, Settings

REGION = "eu-central-1"
CONFIG = f"""\
regions: [{REGION}]
bases: {{python: {{dockerfile: Dockerfile}}, other: {{dockerfile: Dockerfile}}}}
layers:
  deps: {{requirements: requirements.txt, runtime: python3.13, services: [from-code]}}
  more: {{requirements: requirements.txt, runtime: python3.13}}
functions:
  orders: {{zip: {{code: orders, handler: app.handler, runtime: python3.13, layers: [deps]}}}}
  bills: {{zip: {{code: bills, handler: app.handler, runtime: python3.13, layers: [deps, more]}}}}
  images: {{image: {{dockerfile: Dockerfile, base: python}}}}
"""
CODE = "import boto3\nclient = boto3.client({!r})\ndef handler(event, context): ...\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder, service in (("orders", "s3"), ("bills", "sqs")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "app.py").write_text(CODE.format(service))
    (tmp_path / "requirements.txt").write_text("boto3\n")
    (tmp_path / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    (tmp_path / "lambda-deploy.yml").write_text(CONFIG)
    return tmp_path


def loaded(root: Path, functions: str) -> Settings:
    """The settings with an option ``functions``."""
    given = GivenInputs({"functions": functions})
    return load(given, {}, Event("push"), root, lambda: frozenset({REGION}))


@pytest.mark.parametrize(
    ("functions", "names", "layers", "bases"),
    [
        ("", ["orders", "bills", "images"], ["deps", "more"], ["python", "other"]),
        ("orders", ["orders"], ["deps"], []),
        ("images\nbills", ["bills", "images"], ["deps", "more"], ["python"]),
        ("orders orders", ["orders"], ["deps"], []),
    ],
)
def test_only_the_named_functions_and_what_they_use_are_deployed(
    root: Path, functions: str, names: list[str], layers: list[str], bases: list[str]
) -> None:
    settings = loaded(root, functions)
    assert [each.name for each in settings.functions] == names
    assert [*settings.layers] == layers
    assert [*settings.bases] == bases
    assert {*settings.left_out} == {"orders", "bills", "images"} - {*names}


def test_a_shared_layer_is_the_same_for_one_function_as_for_all(root: Path) -> None:
    assert loaded(root, "orders").layers["deps"] == loaded(root, "").layers["deps"]


@pytest.mark.parametrize("how", ["a zip", "built", "absent"])
def test_services_of_code_that_cannot_be_read_must_be_listed(root: Path, how: str) -> None:
    if how == "built":
        build = "code: bills, build: {command: [make], from: [requirements.txt]}"
        (root / "lambda-deploy.yml").write_text(CONFIG.replace("code: bills", build))
    else:
        shutil.rmtree(root / "bills")
    if how == "a zip":
        (root / "bills.zip").write_text("")
        (root / "lambda-deploy.yml").write_text(CONFIG.replace("code: bills", "code: bills.zip"))
    with pytest.raises(Invalid) as caught:
        loaded(root, "orders")
    (problem,) = caught.value.problems
    assert problem.place.line == 4
    assert problem.message == (
        "which clients the code of bills creates is not known, since it is not a directory here; "
        "list the services"
    )


def test_files_of_the_other_functions_may_be_absent(root: Path) -> None:
    shutil.rmtree(root / "bills")
    (root / "lambda-deploy.yml").write_text(CONFIG.replace(", services: [from-code]", ""))
    assert [each.name for each in loaded(root, "orders").functions] == ["orders"]
    with pytest.raises(Invalid, match="directory 'bills' does not exist"):
        loaded(root, "bills")


def test_an_unknown_name_is_an_error(root: Path) -> None:
    with pytest.raises(Invalid) as caught:
        loaded(root, "order bills")
    assert str(caught.value) == (
        "argument FUNCTION: unknown function 'order'; did you mean 'orders'?"
    )


def test_a_stack_is_deployed_as_a_whole(root: Path) -> None:
    (root / "template.yaml").write_text("Resources: {}\n")
    (root / "lambda-deploy.yml").write_text(f"regions: [{REGION}]\nstack: {{name: shop}}\n")
    with pytest.raises(Invalid, match="a stack is deployed as a whole"):
        loaded(root, "Orders")

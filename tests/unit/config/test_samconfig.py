"""samconfig.toml: what a team that uses the SAM CLI has said already."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.config.samconfig import SamConfig, read_samconfig
from lambda_fast_deploy.errors import Problem


def read(folder: Path, text: str, environment: str = "") -> tuple[SamConfig, list[str]]:
    (folder / "samconfig.toml").write_text(text)
    problems: list[Problem] = []
    return read_samconfig(folder, environment, problems), [each.message for each in problems]


def test_deploy_goes_before_what_is_said_for_all_commands(tmp_path: Path) -> None:
    text = """
version = 0.1
[default.global.parameters]
stack_name = "all"
region = "eu-west-1"
[default.deploy.parameters]
stack_name = "shop"
s3_bucket = "files"
capabilities = "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"
[prod.deploy.parameters]
stack_name = "shop-prod"
capabilities = ["CAPABILITY_NAMED_IAM"]
"""
    found, problems = read(tmp_path, text)
    assert problems == []
    assert (found.stack_name, found.region, found.bucket) == ("shop", "eu-west-1", "files")
    assert found.capabilities == ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
    prod, _ = read(tmp_path, text, "prod")
    assert (prod.stack_name, prod.region, prod.capabilities) == (
        "shop-prod",
        "",
        ("CAPABILITY_NAMED_IAM",),
    )


@pytest.mark.parametrize(
    "written",
    [
        '"Stage=prod Name=\\"a b\\""',
        '\'Stage="prod" Name="a b"\'',
        '["Stage=prod", "Name=\'a b\'"]',
        "\"ParameterKey=Stage,ParameterValue=prod ParameterKey=Name,ParameterValue='a b'\"",
    ],
)
def test_parameters_come_in_every_form(tmp_path: Path, written: str) -> None:
    found, _ = read(tmp_path, f"[default.deploy.parameters]\nparameter_overrides = {written}\n")
    assert found.parameters == {"Stage": "prod", "Name": "a b"}


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    assert read(tmp_path, "[[")[1][0].startswith("not valid TOML")
    assert read(tmp_path, "[default]\n", "prod")[1] == [
        "unknown environment 'prod'; the file has: default"
    ]
    problems: list[Problem] = []
    assert read_samconfig(tmp_path / "absent", "", problems) == SamConfig()
    assert problems == []
    read_samconfig(tmp_path / "absent", "prod", problems)
    assert "has no samconfig.toml" in problems[0].message


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("stack_name = 3", "stack_name: expected a stack's name, got '3'"),
        ("stack_name = {a = 1}", "stack_name: expected a stack's name, got a mapping"),
        ('s3_bucket = "A_B"', "s3_bucket: expected a bucket name, got 'A_B'"),
        ("region = []", "region: expected text, got a list"),
        ('parameter_overrides = "A=\'b"', "not valid shell words: No closing quotation"),
        ('capabilities = "CAPABILITY_ALL"', "expected 'CAPABILITY_IAM' or"),
        ("region = " + "9" * 5000, "not valid TOML"),
        ("region = " + "[" * 5000, "nested more than 100 levels deep"),
    ],
)
def test_a_value_of_another_kind_is_said(tmp_path: Path, written: str, says: str) -> None:
    _, problems = read(tmp_path, f"[default.deploy.parameters]\n{written}\n")
    (problem,) = problems
    assert problem.startswith(says)


def test_what_is_no_toml_is_said_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text("version = 0.1\n[default.deploy\n")
    problems: list[Problem] = []
    found = read_samconfig(tmp_path, "", problems)
    assert not found.is_read
    says = "Expected ']' at the end of a table declaration"
    assert [(each.place.line, each.message) for each in problems] == [
        (2, f"not valid TOML: {says}")
    ]


def test_another_encoding_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_bytes(b"a = 1\nb = '\xe9'\n")
    problems: list[Problem] = []
    read_samconfig(tmp_path, "", problems)
    assert [problem.place.line for problem in problems] == [2]
    assert "is not UTF-8 text" in problems[0].message


DEPLOY = "default:\n  deploy:\n    parameters: {stack_name: shop, parameter_overrides: [A=1]}\n"


def test_the_file_can_be_yaml_or_have_another_name(tmp_path: Path) -> None:
    problems: list[Problem] = []
    (tmp_path / "samconfig.yaml").write_text(DEPLOY)
    found = read_samconfig(tmp_path, "", problems)
    assert (found.stack_name, found.parameters) == ("shop", {"A": "1"})
    (tmp_path / "other.yml").write_text(DEPLOY.replace("shop", "other"))
    assert read_samconfig(tmp_path, "", problems, tmp_path / "other.yml").stack_name == "other"
    assert problems == []
    (tmp_path / "other.yml").write_text("- a\n")
    read_samconfig(tmp_path, "", problems, tmp_path / "other.yml")
    assert [str(each) for each in problems] == [f"{tmp_path}/other.yml: must be a mapping"]


def test_a_built_template_has_the_file_of_its_project(tmp_path: Path) -> None:
    (tmp_path / "samconfig.yaml").write_text(DEPLOY)
    assert read_samconfig(tmp_path / ".aws-sam/build", "", []).stack_name == "shop"


def test_repositories_of_images_are_known_by_their_addresses(tmp_path: Path) -> None:
    host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    text = f'image_repositories = ["Web={host}/shop/web"]\nimage_repository = "{host}/rest"\n'
    found, problems = read(tmp_path, f"[default.deploy.parameters]\n{text}")
    assert (found.repositories, problems) == ({"Web": "shop/web", "": "rest"}, [])
    _, problems = read(tmp_path, '[default.deploy.parameters]\nimage_repository = "shop"\n')
    assert problems == ["expected the address of a repository in ECR, got 'shop'"]

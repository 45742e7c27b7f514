"""The stack of lambda-deploy.yml, of samconfig.toml and of input template."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Event, Settings

CONFIG = """\
stack:
  template: template.yaml
  name: shop
  parameters: {Stage: prod, Token: "${TOKEN}"}
  tests: {Orders: [health]}
  log-retention: 30
artifacts: {bucket: files}
tests:
  health: {http: /health}
"""
SAM = """\
[default.deploy.parameters]
stack_name = "sam-shop"
s3_bucket = "sam-files"
parameter_overrides = "Stage=dev Other=1"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a template."""
    (tmp_path / "template.yaml").write_text("")
    return tmp_path


def settings(root: Path, text: str = "", **given: str) -> Settings:
    if text:
        (root / "lambda-deploy.yml").write_text(text)
    environ = {"AWS_REGION": "eu-west-1", "TOKEN": "very-secret"}
    return load(
        GivenInputs({}, given),
        environ,
        Event(),
        root,
        lambda: frozenset({"eu-west-1", "eu-central-1"}),
    )


def problems(root: Path, text: str = "", **given: str) -> str:
    with pytest.raises(Invalid) as raised:
        settings(root, text, **given)
    return str(raised.value)


def test_a_stack_is_read_with_its_tests(root: Path) -> None:
    stack = settings(root, CONFIG).stack
    assert stack is not None
    assert (stack.name, stack.template, stack.log_retention) == ("shop", root / "template.yaml", 30)
    assert [test.name for test in stack.tests["Orders"]] == ["health"]


def test_what_is_written_goes_before_samconfig(root: Path) -> None:
    (root / "samconfig.toml").write_text(SAM)
    found = settings(root, CONFIG)
    assert found.stack is not None
    assert found.artifacts is not None
    assert (found.stack.name, found.artifacts.bucket) == ("shop", "files")
    assert found.stack.parameters == {"Stage": "prod", "Other": "1", "Token": "very-secret"}
    assert found.stack.shared_parameters == {"Other"}


def test_input_template_and_samconfig_are_enough(root: Path) -> None:
    (root / "samconfig.toml").write_text(SAM + 'region = "eu-central-1"\n')
    found = settings(root, template="template.yaml")
    assert found.stack is not None
    assert found.artifacts is not None
    assert (found.stack.name, found.artifacts.bucket) == ("sam-shop", "sam-files")
    assert found.regions == ("eu-central-1",)


def test_a_value_of_a_parameter_is_shown_nowhere(root: Path) -> None:
    assert settings(root, CONFIG).secrets == ("very-secret",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("template.yaml", "absent.yaml"), "2: file 'absent.yaml' does not exist"),
        (("  name: shop\n", ""), "1: set name here or stack_name in"),
        (("artifacts: {bucket: files}\n", ""), "1: set a bucket: artifacts, or s3_bucket in"),
        (("[health]", "[helth]"), "unknown test 'helth'; did you mean 'health'?"),
        (("retention: 30", "retention: 31"), "CloudWatch keeps logs for one of 1, 3, 5"),
        (("tests:\n  h", "functions: {}\ntests:\n  h"), "exactly one of 'functions' or 'stack'"),
        (
            ("tests:\n  h", "layers: {}\ntests:\n  h"),
            "layers does not apply to stacks; use the template",
        ),
        (("Orders:", "Or-ders:"), "expected the logical id of a function, got 'Or-ders'"),
    ],
)
def test_each_mistake_is_said(root: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in CONFIG
    assert said in problems(root, CONFIG.replace(*change, 1))


@pytest.mark.parametrize(
    ("sam", "given"),
    [("[default.deploy", ""), (SAM.replace('"Stage', "\"'Stage"), ""), (SAM, "samconfig: prd, ")],
)
def test_what_samconfig_would_say_is_not_missed_where_it_cannot_be_read(
    root: Path, sam: str, given: str
) -> None:
    (root / "samconfig.toml").write_text(sam)
    (root / "lambda-deploy.yml").write_text(f"stack: {{{given}template: template.yaml}}\n")
    with pytest.raises(Invalid) as raised:
        load(GivenInputs({}, {}), {}, Event(), root, frozenset)
    (problem,) = raised.value.problems
    assert problem.place.source == str(root / "samconfig.toml")


def test_each_name_that_the_template_must_know_has_its_place(root: Path) -> None:
    (root / "samconfig.toml").write_text(SAM)
    text = CONFIG.replace("{Stage: prod, ", "\n    Stage: prod\n    ").replace(
        'TOKEN}"}', 'TOKEN}"'
    )
    found = settings(root, text.replace("  log", "  may-replace:\n  - Table\n  log")).stack
    assert found is not None
    assert str(found.at("parameters", "Stage")) == "lambda-deploy.yml:5"
    assert str(found.at("parameters", "Token")) == "lambda-deploy.yml:6"
    assert str(found.at("parameters", "Other")) == str(root / "samconfig.toml")
    assert str(found.at("tests", "Orders")) == "lambda-deploy.yml:7"
    assert str(found.at("may-replace", "Table")) == "lambda-deploy.yml:9"
    assert str(found.at("may-replace", "Absent")) == "lambda-deploy.yml:1"


def test_code_only_is_for_stacks(root: Path) -> None:
    (root / "samconfig.toml").write_text(SAM)
    assert settings(root, template="template.yaml", **{"code-only": "true"}).code_only
    assert "input code-only: expected true or false, got 'yes'" in problems(
        root, template="template.yaml", **{"code-only": "yes"}
    )
    assert "input code-only: cannot be combined with rollback" in problems(
        root, template="template.yaml", rollback="previous", **{"code-only": "true"}
    )
    function = {"function": "f", "code": ".", "handler": "a.b", "runtime": "python3.13"}
    assert "input code-only: only applies to stacks" in problems(
        root, **function, **{"code-only": "true"}
    )


def test_template_goes_with_no_other_source(root: Path) -> None:
    said = problems(root, template="template.yaml", function="orders", memory="512")
    assert "input memory: is only for input function; set it in template.yaml" in said
    assert "input function: cannot be combined with template" in said

"""Values of parameters that only a stack has."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.aws.stack_shapes import StackState
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.kept_parameters import check_kept_parameters
from lambda_fast_deploy.stacks.template import read_template

TEMPLATE = """\
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Folder: {Type: String, Default: one}
  Runtime: {Type: String, Default: python3.12}
  Names: {Type: CommaDelimitedList, Default: "A,B"}
  Stage: {Type: String, Default: dev}
Resources:
  Web:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: !Ref Folder, Handler: app.handler, Runtime: !Ref Runtime}
  Fn::ForEach::Queues: [Name, !Ref Names, {"Queue${Name}": {Type: AWS::SQS::Queue}}]
Outputs: {Stage: {Value: !Ref Stage}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with two folders of code."""
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text("def handler(event, context): ...\n")
    return tmp_path


def check(root: Path, given: dict[str, str], **kept: str) -> None:
    stack = Stack(root / "template.yaml", "shop", given)
    state = StackState("id", "shop", "UPDATE_COMPLETE", "", kept, {}, {}, ())
    check_kept_parameters(read_template(stack.template), stack, state)


@pytest.mark.parametrize(
    ("name", "value", "line"), [("Folder", "two", 3), ("Folder", "absent", 3), ("Names", "A", 5)]
)
def test_a_kept_value_that_gives_another_package_is_refused(
    root: Path, name: str, value: str, line: int
) -> None:
    with pytest.raises(Invalid) as raised:
        check(root, {}, Stage="prod", **{name: value})
    (problem,) = raised.value.problems
    assert str(problem).startswith(
        f"{root}/template.yaml:{line}: parameter {name} is '{value}' in the stack, but what is"
    )
    check(root, {name: "one" if name == "Folder" else "A,B"}, **{name: value})


def test_a_kept_value_that_nothing_is_built_from_stays(root: Path) -> None:
    check(root, {}, Stage="prod", Runtime="python3.13", Former="x", Folder="one", Names="****")
    (root / "one/requirements.txt").write_text("idna\n")
    with pytest.raises(Invalid, match=r"parameter Runtime is 'python3\.13' in the stack"):
        check(root, {}, Runtime="python3.13")

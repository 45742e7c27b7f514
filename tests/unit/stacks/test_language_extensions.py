"""Loops among resources become the resources that CloudFormation makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.stacks.local_artifacts import parts_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import parse_template

HEAD = "Transform: [AWS::LanguageExtensions]\nParameters: {Names: {Type: CommaDelimitedList}}\n"


def resources(text: str, **values: str) -> Resources:
    return Resources(parse_template(text, Path("template.yaml")), values)


def found(text: str, **values: str) -> dict[str, Any]:
    return dict(resources(HEAD + text, **values).template.resources)


def test_a_loop_makes_a_resource_for_each_value_with_its_line() -> None:
    text = """Resources:
  Fn::ForEach::Queues:
    - Name
    - [a.b, C]
    - "Queue&{Name}":
        Type: AWS::SQS::Queue
        Properties: {QueueName: !Sub "${Name}-x", Tag: !Ref Name}
  Last: {Type: T}
"""
    made = resources(HEAD + text).template
    assert made.resources == {
        "Queueab": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": {"Fn::Sub": "a.b-x"}, "Tag": "a.b"},
        },
        "QueueC": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": {"Fn::Sub": "C-x"}, "Tag": "C"},
        },
        "Last": {"Type": "T"},
    }
    assert made.place("Resources", "QueueC", "Properties", "Tag").line == 9


def test_loops_in_loops_and_values_of_parameters() -> None:
    text = """Resources:
  Fn::ForEach::Outer:
    - X
    - !Ref Names
    - Fn::ForEach::Inner${X}: [Y, ["1", !Ref X], {"${X}${Y}": {Type: T, Properties: {Y: "${Y}"}}}]
"""
    assert {name: each["Properties"]["Y"] for name, each in found(text, Names="a, b").items()} == {
        "a1": "1",
        "aa": "a",
        "b1": "1",
        "bb": "b",
    }


def test_values_are_texts_as_cloudformation_writes_them() -> None:
    text = "Resources:\n  Fn::ForEach::L: [X, [true, 1], {'A${X}': {Type: T}}]\n"
    assert list(found(text)) == ["Atrue", "A1"]


def test_the_code_of_each_function_of_a_loop_is_packaged(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text("def handler(event, context): ...\n")
    text = """Resources:
  Fn::ForEach::Functions:
    - Name
    - [one, two]
    - Web${Name}:
        Type: AWS::Serverless::Function
        Properties: {CodeUri: !Ref Name, Handler: app.handler, Runtime: python3.13}
"""
    template = parse_template(HEAD + text, tmp_path / "template.yaml")
    parts = parts_of(Resources(template, {}))
    assert {each.logical: each.path.name for each in parts} == {"Webone": "one", "Webtwo": "two"}


ROUNDS = ", ".join(map(str, range(80)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Fn::ForEach::L: [X, !Ref Names, {A: {Type: T}}]", ":4: the values of Fn::ForEach::L are"),
        ("Fn::ForEach::L: [X, [a, b], {A: {Type: T}}]", ":4: a loop makes A twice"),
        ("Fn::ForEach::L: [X, [a-b], {'${X}': {Type: T}}]", ":4: 'a-b' is not a logical id"),
        ("Fn::ForEach::L: [X, [a]]", ":4: Fn::ForEach::L must be [identifier, values, {name"),
        (
            f"Fn::ForEach::L: [X, [{ROUNDS}], {{Fn::ForEach::M: [Y, [{ROUNDS}], {{}}]}}]",
            ":4: loops have more than 5000 rounds",
        ),
    ],
)
def test_a_loop_that_cannot_be_expanded_is_refused(text: str, says: str) -> None:
    with pytest.raises(Invalid) as raised:
        found(f"Resources:\n  {text}\n")
    assert says in str(raised.value)


def test_a_loop_needs_its_macro() -> None:
    text = "Resources:\n  Fn::ForEach::L: [X, [a], {A: {Type: T}}]\n"
    with pytest.raises(Invalid, match="needs AWS::LanguageExtensions in Transform"):
        resources(text)

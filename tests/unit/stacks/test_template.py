"""Templates: what they say, at which line, and what cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.stacks.template import parse_template, plain

PATH = Path("template.yaml")


def value(written: str) -> Any:
    """What a value of a resource reads as."""
    text = f"Resources: {{A: {{Type: T, Properties: {{X: {written}}}}}}}\n"
    return parse_template(text, PATH).resources["A"]["Properties"]["X"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("!Ref Stage", {"Ref": "Stage"}),
        ("!Condition IsProd", {"Condition": "IsProd"}),
        ("!GetAtt A.Outputs.B", {"Fn::GetAtt": ["A", "Outputs.B"]}),
        ("!GetAtt [A, Arn]", {"Fn::GetAtt": ["A", "Arn"]}),
        ('!Sub "${A}-b"', {"Fn::Sub": "${A}-b"}),
        ("!Sub ['${A}', {A: !Ref B}]", {"Fn::Sub": ["${A}", {"A": {"Ref": "B"}}]}),
        ("!If [C, 1, !Ref AWS::NoValue]", {"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]}),
        ("!Join ['', [a, !GetAZs '']]", {"Fn::Join": ["", ["a", {"Fn::GetAZs": ""}]]}),
        ("!Base64 text", {"Fn::Base64": "text"}),
        ("!ImportValue x", {"Fn::ImportValue": "x"}),
        ("{Fn::Sub: x}", {"Fn::Sub": "x"}),
        ("2010-09-09", "2010-09-09"),
        ("'012345678901'", "012345678901"),
        ("yes", True),
        ("0.5", 0.5),
        ("", None),
        ("&a [1, 2]", [1, 2]),
    ],
)
def test_every_form_is_read(written: str, read: object) -> None:
    assert value(written) == read


def test_what_is_merged_goes_behind_what_is_said() -> None:
    text = "X: &x {a: 1, b: 2}\nResources: {A: {Type: T, Properties: {<<: *x, b: 3}}}\n"
    assert parse_template(text, PATH).resources["A"]["Properties"] == {"a": 1, "b": 3}


def test_places_are_lines_of_the_template() -> None:
    template = parse_template("Resources:\n  A:\n    Type: T\n    Properties:\n      X: 1\n", PATH)
    assert str(template.place("Resources", "A", "Properties", "X")) == "template.yaml:5"
    assert str(template.place("Resources", "A", "Properties", "Y")) == "template.yaml:4"
    assert str(template.place("Outputs")) == "template.yaml:1"


def test_json_is_read_as_well() -> None:
    template = parse_template('{"Resources": {"A": {"Type": "T"}}}', PATH)
    assert template.resources == {"A": {"Type": "T"}}
    assert plain('{"Resources": {"A": {"Type": "T"}}}') == template.body


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Resources: [", "template.yaml:2: not valid YAML"),
        ("a: b\n", "template.yaml:1: is not a template: it has no Resources"),
        ("", "template.yaml:1: is not a template"),
        ("- a\n", "template.yaml:1: is not a template"),
        ("Resources:\n  A: {}\n", "template.yaml:2: resource A has no Type"),
        ("Resources: &r\n  A: *r\n", "template.yaml:1: contains itself by an alias"),
    ],
)
def test_what_is_no_template_is_said_at_its_line(text: str, said: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_template(text, PATH)
    assert any(line.startswith(said) for line in str(raised.value).splitlines())


def test_the_last_of_two_equal_keys_is_taken_with_a_note() -> None:
    template = parse_template("Resources:\n  A: {Type: T}\n  A: {Type: U}\n", PATH)
    assert template.resources == {"A": {"Type": "U"}}
    assert template.notes == ("template.yaml:3: A is written twice; CloudFormation takes this one",)


def test_loops_and_macros_are_no_resources() -> None:
    text = "Resources:\n  Fn::Transform: {Name: N}\n  Fn::ForEach::L: [x, [], {}]\n  A: {Type: T}\n"
    assert list(parse_template(text, PATH).resources) == ["A"]

"""Where the values of parameters come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.aws.stack_shapes import StackState
from lambda_fast_deploy.errors import Invalid, Place
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.parameters import (
    Parameters,
    notes_of,
    parameters_of,
    unheeded_defaults,
)
from lambda_fast_deploy.stacks.template import parse_template


def chosen(declared: str, given: dict[str, str], has: dict[str, str] | None = None) -> Parameters:
    """The parameters of a deployment of a stack that has some already."""
    text = f"Parameters: {{{declared}}}\nResources: {{A: {{Type: T}}}}\n"
    template = parse_template(text, Path("t.yaml"))
    state = None
    if has is not None:
        state = StackState("id", "shop", "UPDATE_COMPLETE", "", has, {}, {}, ())
    return parameters_of(template, Stack(Path("t.yaml"), "shop", given), state)


def test_what_is_given_goes_before_what_the_stack_has_and_that_before_the_default() -> None:
    declared = "A: {Default: 1}, B: {Default: true}, C: {Default: x}"
    found = chosen(declared, {"A": "9"}, {"A": "5", "C": "y"})
    assert found.shown == {"A": "9", "B": "true", "C": "y"}
    assert found.are_known


def test_a_secret_is_kept_apart_and_stays_as_it_is() -> None:
    declared = "S: {NoEcho: true}"
    assert chosen(declared, {"S": "word"}).hidden == {"S": "word"}
    assert not chosen(declared, {"S": "word"}, {"S": "****"}).are_known
    kept = chosen(declared, {}, {"S": "****"})
    assert kept.all == {"S": None}
    assert kept.are_known
    assert "word" not in repr(chosen(declared, {"S": "word"}))


def test_what_is_looked_up_elsewhere_is_known_to_aws_alone() -> None:
    assert not chosen("A: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}", {}).are_known


@pytest.mark.parametrize(
    ("declared", "given", "said"),
    [
        ("A: {}", {}, "t.yaml:1: parameter A has no value and no Default"),
        ("S: {NoEcho: true}", {}, "t.yaml:1: parameter S has no value and no Default"),
        ("Stage: {Default: x}", {"Stagge": "y"}, "no parameter 'Stagge'; did you mean 'Stage'"),
    ],
)
def test_what_is_missing_or_unknown_is_said(
    declared: str, given: dict[str, str], said: str
) -> None:
    with pytest.raises(Invalid) as raised:
        chosen(declared, given)
    assert said in str(raised.value)


def test_what_is_unknown_is_said_where_it_is_given() -> None:
    place = Place("lambda-deploy.yml", 5)
    places = {("parameters", "Staeg"): place}
    stack = Stack(Path("t.yaml"), "shop", {"Staeg": "prod"}, places=places)
    template = parse_template("Resources: {A: {Type: T}}\n", Path("t.yaml"))
    with pytest.raises(Invalid) as raised:
        parameters_of(template, stack, None)
    assert [each.place for each in raised.value.problems] == [place]


def test_a_parameter_of_a_samconfig_that_several_templates_share_has_a_note() -> None:
    template = parse_template("Resources: {A: {Type: T}}\n", Path("t.yaml"))
    shared = frozenset({"Stage"})
    stack = Stack(template.path, "shop", {"Stage": "prod"}, shared_parameters=shared)
    assert parameters_of(template, stack, None).all == {}
    (note,) = notes_of(template, stack)
    assert "the template has no parameter 'Stage'" in note


@pytest.mark.parametrize(
    ("declared", "value", "said"),
    [
        ("AllowedValues: [dev, prod]", "prod", ""),
        (
            "AllowedValues: [dev, prod]",
            "prd",
            "'prd' is not one of its AllowedValues; did you mean",
        ),
        (
            "AllowedValues: [dev, prod]",
            "x",
            "is not one of its AllowedValues; expected one of: dev, prod",
        ),
        ("Type: Number, AllowedValues: [1, 2]", "2", ""),
        ("Type: Number, AllowedValues: [1, 2]", "3", "'3' is not one of"),
        ("AllowedValues: [true, false]", "true", ""),
        ("AllowedValues: [true, false]", "maybe", "'maybe' is not one of"),
        ("AllowedValues: [3.10]", "3.10", ""),
        ("Type: CommaDelimitedList, AllowedValues: [a, b]", "a, b", ""),
        ("Type: CommaDelimitedList, AllowedValues: [a, b]", "a,c", "is not one of"),
        ("AllowedPattern: '[a-z]+'", "abc", ""),
        ("AllowedPattern: '[a-z]+'", "abc1", "'abc1' does not match its AllowedPattern [a-z]+"),
        ("AllowedPattern: '[a-z&&[^b]]+'", "a]", ""),  # Java's, which Python reads otherwise
        ("AllowedPattern: '\\p{Alpha}+'", "1", ""),
        ("AllowedPattern: '['", "1", ""),
        ("MinLength: 2, MaxLength: '3'", "abc", ""),
        ("MinLength: 2", "a", "'a' has a length below its MinLength 2"),
        ("MaxLength: '3'", "abcd", "'abcd' has a length above its MaxLength 3"),
        ("Type: Number, MinValue: 1, MaxValue: 2.5", "2.5", ""),
        ("Type: Number, MinValue: 1", "0", "'0' is below its MinValue 1"),
        ("Type: Number, MaxValue: 2.5", "3", "'3' is above its MaxValue 2.5"),
        ("Type: Number", "many", "'many' is not a number"),
        ("Type: 'AWS::SSM::Parameter::Value<String>', AllowedValues: [a]", "/name", ""),
        ("AllowedValues: [a]", "{{resolve:ssm:/name}}", ""),
    ],
)
def test_a_value_that_the_template_does_not_allow_is_said(
    declared: str, value: str, said: str
) -> None:
    written = f"A: {{{declared}}}"
    if not said:
        assert chosen(written, {"A": value}).shown == {"A": value}
        return
    with pytest.raises(Invalid, match="parameter A: ") as raised:
        chosen(written, {"A": value})
    assert said in str(raised.value)
    assert raised.value.problems[0].place == Place("stack")
    with pytest.raises(Invalid, match=r"t.yaml:1: parameter A: "):
        chosen(written, {}, {"A": value})


def test_a_secret_that_the_template_does_not_allow_is_not_told() -> None:
    for asks in ("AllowedValues: [words]", "AllowedPattern: x", "MinLength: 9", "MaxLength: 1"):
        with pytest.raises(Invalid, match="parameter S: its value ") as raised:
            chosen(f"S: {{NoEcho: true, {asks}}}", {"S": "word!"})
        assert "word!" not in str(raised.value)
    assert chosen("S: {NoEcho: true, MinLength: 9}", {}, {"S": "****"}).hidden == {"S": None}


@pytest.mark.parametrize(
    ("given", "has", "says"),
    [
        ({}, "1", "t.yaml:1: parameter A stays '1', as the stack has it; its new Default is for"),
        ({}, "7", ""),
        ({"A": "1"}, "1", ""),
    ],
)
def test_a_new_default_that_the_stack_does_not_heed_is_noted(
    given: dict[str, str], has: str, says: str
) -> None:
    text = "Parameters: {A: {Default: 2}, B: {Default: x}, C: {}}\nResources: {R: {Type: T}}\n"
    template, stack = parse_template(text, Path("t.yaml")), Stack(Path("t.yaml"), "shop", given)
    before: dict[str, dict[str, object]] = {
        "A": {"Default": 1},
        "B": {"Default": "x"},
        "D": {"Default": "y"},
    }
    notes = unheeded_defaults(template, before, stack, Parameters({"A": has, "B": "x"}, {}))
    assert [note[: len(says)] for note in notes] == ([says] if says else [])

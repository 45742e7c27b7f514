"""Where the values of parameters come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.adapters.aws.stacks import StackState
from engine.errors import Invalid, Place
from engine.model import Stack
from engine.stack.parameters import Parameters, parameters_of
from engine.stack.template import parse_template


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

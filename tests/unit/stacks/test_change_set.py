"""Changes in words, and data that is not lost without a yes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.aws.stack_shapes import Change
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Action, Stack
from lambda_fast_deploy.stacks.change_set import check_data, steps_of
from lambda_fast_deploy.stacks.template import parse_template

TABLE = "AWS::DynamoDB::Table"
TEMPLATE = parse_template(
    "Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: x\n",
    Path("t.yaml"),
)


@pytest.mark.parametrize(
    ("change", "action", "reason"),
    [
        (Change("Add", "T", TABLE), Action.CREATE, TABLE),
        (Change("Remove", "T", TABLE), Action.REMOVE, TABLE),
        (
            Change("Remove", "T", TABLE, policy="Retain"),
            Action.REMOVE,
            f"{TABLE}; the old one is retained",
        ),
        (Change("Modify", "T", TABLE, "False", names=("A", "B")), Action.UPDATE, f"{TABLE}: A, B"),
        (Change("Modify", "T", TABLE, "True", names=("A",)), Action.REPLACE, f"{TABLE}: A"),
        (
            Change("Modify", "T", TABLE, "Conditional", names=("A",)),
            Action.UPDATE,
            f"{TABLE}: A; possibly replaced",
        ),
        (
            Change("Modify", "T", TABLE, "Conditional"),
            Action.UPDATE,
            f"{TABLE}: a resource that it refers to",
        ),
    ],
)
def test_a_change_is_a_step_of_the_plan(change: Change, action: Action, reason: str) -> None:
    (step,) = steps_of([change], "eu-west-1")
    assert (step.id, step.action, step.reason) == ("resource:T", action, reason)
    assert step.action.changes


LOST = [
    (Change("Remove", "T", TABLE), "t.yaml:2: T (AWS::DynamoDB::Table) would be removed"),
    (
        Change("Modify", "T", TABLE, "True", names=("TableName",)),
        "t.yaml:5: T (AWS::DynamoDB::Table) would be replaced and its data lost",
    ),
    (
        Change("Modify", "T", TABLE, "Conditional", names=("TableName",)),
        "t.yaml:5: T (AWS::DynamoDB::Table) would be replaced and its data lost, unless AWS",
    ),
    (
        Change("Modify", "T", TABLE, "True", policy="ReplaceAndRetain", names=("TableName",)),
        "t.yaml:5: T (AWS::DynamoDB::Table) would be replaced and its data lost",
    ),
]


@pytest.mark.parametrize(("change", "said"), LOST)
def test_data_is_not_lost_without_a_yes(change: Change, said: str) -> None:
    with pytest.raises(Invalid) as raised:
        check_data([change], Stack(Path("t.yaml"), "shop"), TEMPLATE)
    assert str(raised.value).startswith(said)
    assert "add T to may-replace" in str(raised.value)
    check_data([change], Stack(Path("t.yaml"), "shop", may_replace=("T",)), TEMPLATE)


@pytest.mark.parametrize(
    "change",
    [
        Change("Add", "T", TABLE),
        Change("Remove", "T", TABLE, policy="Retain"),
        Change("Modify", "T", TABLE, "False", names=("BillingMode",)),
        Change("Modify", "T", TABLE, "Conditional"),
        Change("Modify", "F", "AWS::Lambda::Function", "True", names=("FunctionName",)),
    ],
)
def test_what_loses_nothing_needs_no_yes(change: Change) -> None:
    check_data([change], Stack(Path("t.yaml"), "shop"), TEMPLATE)

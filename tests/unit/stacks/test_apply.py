"""Stacks that take no change: what is so, and what helps."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.adapters.aws.stack_shapes import StackEvent, StackState
from lambda_fast_deploy.stacks.apply import StackUpdateResult, _is_cause, stuck


def state(status: str) -> StackState:
    return StackState("arn:x", "shop", status, "it failed", {}, {}, {}, ())


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("ROLLBACK_COMPLETE", "aws cloudformation delete-stack --stack-name shop"),
        ("DELETE_FAILED", "aws cloudformation delete-stack --stack-name shop"),
        (
            "UPDATE_ROLLBACK_FAILED",
            "--stack-name shop (add --resources-to-skip T",
        ),
        ("UPDATE_FAILED", "aws cloudformation rollback-stack --stack-name shop"),
    ],
)
def test_a_stuck_stack_says_what_helps(status: str, remedy: str) -> None:
    event = StackEvent("1", "T", "AWS::DynamoDB::Table", "UPDATE_FAILED", "no", "t")
    error = stuck(state(status), [event])
    assert f"({status})" in error.message.splitlines()[0]
    assert remedy in error.remedy
    assert error.exit_code == 3


def test_the_first_failure_is_the_reason() -> None:
    event = StackEvent("1", "T", "AWS::DynamoDB::Table", "UPDATE_FAILED", "no room", "t")
    error = StackUpdateResult(state("UPDATE_ROLLBACK_COMPLETE"), event).error("shop")
    assert str(error).splitlines()[0] == "T (AWS::DynamoDB::Table): no room"
    assert error.remedy == ""
    other = StackEvent("2", "F", "AWS::Lambda::Function", "UPDATE_FAILED", "no way", "f")
    stuck_there = StackUpdateResult(state("UPDATE_ROLLBACK_FAILED"), event, (other,)).error("shop")
    assert "continue-update-rollback" in stuck_there.remedy
    assert "--resources-to-skip F " in stuck_there.remedy


@pytest.mark.parametrize(
    ("status", "reason", "is_cause"),
    [
        ("ROLLBACK_IN_PROGRESS", "No export named shop-vpc found.", True),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "Export shop cannot be deleted as it is in use", True),
        ("CREATE_FAILED", "Unresolved output Wrong", True),
        ("ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [T].", False),
        ("ROLLBACK_IN_PROGRESS", "Rollback requested by user.", False),
        ("UPDATE_IN_PROGRESS", "User Initiated", False),
        ("ROLLBACK_COMPLETE", "", False),
    ],
)
def test_an_output_or_export_fails_as_an_event_of_the_stack(
    status: str, reason: str, is_cause: bool
) -> None:
    event = StackEvent("1", "shop", "AWS::CloudFormation::Stack", status, reason, "arn:x")
    assert _is_cause(event) is is_cause
    result = StackUpdateResult(state("ROLLBACK_COMPLETE"), event)
    assert result.error("shop").message == f"stack shop: {reason}"


def test_what_follows_from_another_failure_is_none_of_its_own() -> None:
    cancelled = "Resource creation cancelled"
    assert not StackEvent("1", "T", "X", "CREATE_FAILED", cancelled, "t").failed
    assert not StackEvent("1", "T", "X", "CREATE_COMPLETE", "", "t").failed
    assert StackEvent("1", "T", "X", "CREATE_FAILED", "no room", "t").failed

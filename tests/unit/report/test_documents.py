"""What other programs read: the plan, report.json and the action's outputs."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from lambda_fast_deploy.errors import (
    DeployError,
    DeployFailed,
    Invalid,
    NotReady,
    NotRestored,
    Place,
    Problem,
)
from lambda_fast_deploy.models import Action, AttributeChange, FunctionOutcome, Outcome, Plan, Step
from lambda_fast_deploy.report.documents import (
    SCHEMA,
    error_document,
    outputs,
    plan_document,
    report_document,
)
from lambda_fast_deploy.run_log import RunLog
from tests.unit import make

PLAN = Plan(
    (
        Step("layer:deps", make.REGION, Action.REUSE, "the same", "d" * 16),
        Step(
            "configuration:orders",
            make.REGION,
            Action.UPDATE,
            "memory 128 MB → 512 MB",
            changes=(
                AttributeChange("memory", "128 MB", "512 MB"),
                AttributeChange("environment", added=("LEVEL",)),
            ),
            parameters={"Environment": {"Variables": {"LEVEL": "a secret"}}},
        ),
    )
)
IMAGE = f"{make.REGISTRY}/orders@{make.DIGEST}"


def test_the_plan_has_the_shape_that_is_promised() -> None:
    assert plan_document(PLAN) == {
        "steps": [
            {
                "id": "layer:deps",
                "region": make.REGION,
                "action": "reuse",
                "reason": "the same",
                "fingerprint": "d" * 16,
                "changes": [],
            },
            {
                "id": "configuration:orders",
                "region": make.REGION,
                "action": "update",
                "reason": "memory 128 MB → 512 MB",
                "fingerprint": "",
                "changes": [
                    {
                        "attribute": "memory",
                        "before": "128 MB",
                        "after": "512 MB",
                        **dict.fromkeys(("added", "removed", "changed", "kept"), ()),
                    },
                    {
                        "attribute": "environment",
                        "before": "",
                        "after": "",
                        "added": ("LEVEL",),
                        **dict.fromkeys(("removed", "changed", "kept"), ()),
                    },
                ],
            },
        ],
        "changed": True,
    }


@pytest.mark.parametrize(("action", "changed"), [(a, a.changes) for a in Action])
def test_a_plan_is_changed_by_steps_that_change_something(action: Action, changed: bool) -> None:
    assert changed is (action not in (Action.REUSE, Action.SKIP, Action.TEST))
    assert plan_document(Plan((Step("a:b", "r", action, ""),)))["changed"] is changed


def test_an_error_names_every_problem_with_file_and_line() -> None:
    error = Invalid([Problem("second", Place("f.yml", 9)), Problem("first", Place("f.yml", 2))])
    found = error_document(error)
    assert found["exit_code"] == 2
    assert found["problems"] == [
        {"message": "first", "file": "f.yml", "line": 2},
        {"message": "second", "file": "f.yml", "line": 9},
    ]


@pytest.mark.parametrize(
    ("outcome", "error", "code"),
    [
        (Outcome(PLAN, (make.delivery(),)), None, 0),
        (Outcome(PLAN, (make.delivery("unchanged"),)), None, 0),
        (Outcome(PLAN, (make.delivery("planned"),)), None, 0),
        (Outcome(PLAN, (make.delivery(), make.delivery("rolled-back"))), None, 1),
        (Outcome(PLAN, (make.delivery("failed"),)), None, 1),
        (Outcome(PLAN, (make.delivery("rolled-back", left=("x",)), make.delivery())), None, 4),
        (None, Invalid([Problem("x", Place("f"))]), 2),
        (None, NotReady("x"), 3),
        (None, DeployFailed("x"), 1),
        (None, NotRestored("x"), 4),
        (None, None, 1),
    ],
)
def test_the_report_is_json_with_the_exit_code_whatever_happened(
    outcome: Outcome | None, error: DeployError | None, code: int
) -> None:
    run_log = RunLog()
    run_log.note("a note")
    with run_log.work("observe", "read") as detail:
        detail("\ud83d half a pair")
    found = json.loads(json.dumps(report_document(outcome, run_log, error)))
    assert (found["schema"], found["exit_code"]) == (SCHEMA, code)
    assert found["notes"] == ["a note"]
    assert found["work"][0]["id"] == "observe"
    assert (found["plan"] is None) is (outcome is None)
    assert len(found["functions"]) == (len(outcome.deliveries) if outcome else 0)
    assert (found["error"] is None) is (error is None)


def test_the_report_holds_everything_about_a_function() -> None:
    (found,) = report_document(Outcome(PLAN, (make.delivery(),)), RunLog())["functions"]
    assert set(found) == {field.name for field in fields(FunctionOutcome)}


def test_the_outputs_of_one_function_are_its_own() -> None:
    one = make.delivery(
        url="https://x/",
        image_uri=IMAGE,
        base_image_uri="base@sha256:1",
        code_sha256="abc",
        layer_arns=("a", "b"),
    )
    found = outputs(Outcome(PLAN, (one,)), "/tmp/report.json")
    assert found["function-arn"] == make.ARN
    assert (found["version"], found["alias"], found["function-url"]) == ("8", "live", "https://x/")
    assert (found["image-uri"], found["image-digest"]) == (IMAGE, make.DIGEST)
    assert (found["base-image-uri"], found["code-sha256"]) == ("base@sha256:1", "abc")
    assert found["layer-arns"] == '["a", "b"]'
    assert (found["changed"], found["rolled-back"]) == ("true", "false")
    assert found["report"] == "/tmp/report.json"
    assert found["plan"] == json.dumps(plan_document(PLAN))
    assert json.loads(found["functions"])[0]["version"] == "8"


def test_the_outputs_of_several_functions_are_in_the_list() -> None:
    both = (make.delivery(), make.delivery("rolled-back", function="other"))
    found = outputs(Outcome(PLAN, both), "")
    assert (found["function-arn"], found["version"], found["image-digest"]) == ("", "", "")
    assert found["layer-arns"] == "[]"
    assert [d["function"] for d in json.loads(found["functions"])] == ["orders", "other"]
    assert (found["changed"], found["rolled-back"]) == ("true", "true")


@pytest.mark.parametrize(
    ("outcome", "changed", "rolled_back"),
    [
        ("deployed", "true", "false"),
        ("unchanged", "false", "false"),
        ("rolled-back", "false", "true"),
        ("failed", "false", "false"),
    ],
)
def test_changed_and_rolled_back_are_words_that_a_workflow_compares(
    outcome: str, changed: str, rolled_back: str
) -> None:
    found = outputs(Outcome(PLAN, (make.delivery(outcome),)), "")
    assert (found["changed"], found["rolled-back"]) == (changed, rolled_back)


def test_a_plan_without_functions_has_changes() -> None:
    assert outputs(Outcome(PLAN, ()), "")["changed"] == "true"
    assert outputs(Outcome(Plan(()), ()), "")["changed"] == "false"


def test_every_output_is_text() -> None:
    found = outputs(Outcome(PLAN, (make.delivery(),)), "r")
    assert all(isinstance(value, str) for value in found.values())

"""report.json is what its schema says, in every outcome."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from lambda_fast_deploy.errors import DeployError, DeployFailed, Invalid, Place, Problem
from lambda_fast_deploy.models import Action, Outcome, PastVersion, Plan, Speed, Step
from lambda_fast_deploy.report.documents import report_document
from lambda_fast_deploy.report.schema import report_schema
from lambda_fast_deploy.run_log import RunLog
from tests.unit import make

PLAN = Plan((Step("code:orders", make.REGION, Action.UPDATE, "the code changed", "f" * 16),))
PAST = (PastVersion("6", None, Speed(0.4, None), 10),)
OUTCOMES = [
    (Outcome(PLAN, (make.delivery(history=PAST, layer_sizes={"deps": 5}),)), None),
    (
        Outcome(PLAN, (make.delivery("rolled-back", error="e", rolled_back=("a",), left=("b",)),)),
        None,
    ),
    (Outcome(PLAN, (), ("uri",)), None),
    (None, Invalid([Problem("wrong", Place("f.yml", 3))])),
    (None, DeployFailed("m", remedy="r", detail="d")),
]


@pytest.mark.parametrize(("outcome", "error"), OUTCOMES)
def test_a_report_is_what_its_schema_says(
    outcome: Outcome | None, error: DeployError | None
) -> None:
    run_log = RunLog()
    run_log.note("a note")
    with run_log.work("code:orders", "update", "why", make.REGION) as detail:
        detail("done")
    document = json.loads(json.dumps(report_document(outcome, run_log, error)))
    schema = report_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    document["functions"].append({"region": make.REGION})
    assert not Draft202012Validator(schema).is_valid(document)

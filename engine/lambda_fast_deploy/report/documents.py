"""The documents of a run in JSON: the plan, report.json and the action's outputs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from lambda_fast_deploy.errors import DeployError, Invalid
from lambda_fast_deploy.models import FunctionOutcome, Outcome, Plan
from lambda_fast_deploy.run_log import RunLog

SCHEMA = 1  # incremented when a key of report.json is removed or changes its meaning


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON."""
    return {
        "steps": [
            {
                "id": step.id,
                "region": step.region,
                "action": str(step.action),
                "reason": step.reason,
                "fingerprint": step.fingerprint,
                "changes": [asdict(change) for change in step.changes],
            }
            for step in plan.steps
        ],
        "changed": plan.changed,
    }


def error_document(error: DeployError) -> dict[str, Any]:
    """An error as JSON."""
    document: dict[str, Any] = {
        "message": error.message,
        "detail": error.detail,
        "remedy": error.remedy,
        "exit_code": error.exit_code,
    }
    if isinstance(error, Invalid):
        document["problems"] = [
            {"message": p.message, "file": p.place.shown, "line": p.place.line}
            for p in error.problems
        ]
    return document


def report_document(
    outcome: Outcome | None, run_log: RunLog, error: DeployError | None = None
) -> dict[str, Any]:
    """report.json. Times are seconds since the run began."""
    return {
        "schema": SCHEMA,
        "exit_code": error.exit_code if error else outcome.exit_code if outcome else 1,
        "seconds": round(run_log.elapsed, 3),
        "plan": plan_document(outcome.plan) if outcome else None,
        "functions": [asdict(delivery) for delivery in outcome.deliveries] if outcome else [],
        "work": [asdict(entry) for entry in run_log.entries],
        "notes": list(run_log.notes),
        "error": error_document(error) if error else None,
    }


def outputs(outcome: Outcome, report: str) -> dict[str, str]:
    """The action's outputs. Those of one function are empty if a run has several functions."""
    alone = (
        outcome.deliveries[0]
        if len(outcome.deliveries) == 1
        else FunctionOutcome("", "", "planned")
    )
    is_about_one_base = not outcome.deliveries and len(outcome.bases) == 1
    return {
        "function-arn": alone.arn,
        "version": alone.version,
        "alias": alone.alias,
        "function-url": alone.url,
        "image-uri": alone.image_uri,
        "image-digest": alone.image_uri.partition("@")[2],
        "base-image-uri": alone.base_image_uri or (outcome.bases[0] if is_about_one_base else ""),
        "code-sha256": alone.code_sha256,
        "layer-arns": json.dumps(list(alone.layer_arns)),
        "changed": json.dumps(
            any(
                d.outcome == "deployed" or (d.outcome == "planned" and outcome.plan.changed)
                for d in outcome.deliveries
            )
            or (not outcome.deliveries and outcome.plan.changed)
        ),
        "rolled-back": json.dumps(any(d.outcome == "rolled-back" for d in outcome.deliveries)),
        "functions": json.dumps([asdict(delivery) for delivery in outcome.deliveries]),
        "report": report,
        "plan": json.dumps(plan_document(outcome.plan)),
    }

"""Steps are found by what they are about, not by texts that every reader puts together."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.models import Action, Plan, Step
from tests.unit import make


def plan(**actions: Action) -> Plan:
    steps = [Step(f"{kind}:orders", make.REGION, action, "") for kind, action in actions.items()]
    return Plan((*steps, Step("code:bills", make.REGION, Action.UPDATE, "")))


def test_a_function_has_the_steps_of_its_plan_and_no_others() -> None:
    steps = plan(code=Action.SKIP, alias=Action.SKIP).function(make.REGION, "orders")
    assert steps.code
    assert (steps.code.id, steps.code.is_due) == ("code:orders", False)
    assert (steps.function, steps.configuration, steps.canary, steps.url) == (None,) * 4
    assert steps.setting("tags") is None
    assert not plan().function("eu-west-1", "bills").steps


@pytest.mark.parametrize(
    ("kind", "action", "changes"),
    [
        ("function", Action.CREATE, True),
        ("configuration", Action.UPDATE, True),
        ("code", Action.SKIP, False),
        ("tags", Action.UPDATE, False),  # which no version has
        ("url", Action.CREATE, False),
    ],
)
def test_users_get_something_new_only_by_some_steps(
    kind: str, action: Action, *, changes: bool
) -> None:
    steps = plan(alias=Action.SKIP, **{kind: action}).function(make.REGION, "orders")
    assert steps.changes == changes


def test_a_test_is_found_by_its_name() -> None:
    steps = [
        Step(f"test:orders:{name}", make.REGION, Action.TEST, "")
        for name in ("health", "s3-health")
    ]
    step = Plan(tuple(steps)).function(make.REGION, "orders").test("health")
    assert step.id == "test:orders:health"


def test_a_missing_step_is_an_error_that_no_loop_swallows() -> None:
    steps = plan(code=Action.SKIP).function(make.REGION, "orders")
    with pytest.raises(KeyError, match="health"):
        steps.test("health")
    for kind in ("alias", "version", "latest"):
        with pytest.raises(KeyError):
            list(filter(lambda name: getattr(steps, name), [kind]))

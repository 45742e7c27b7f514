"""The steps of one function hold what they change, and what the release sends."""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy.models import (
    Action,
    Architecture,
    AttributeChange,
    Canary,
    Configuration,
    Event,
    Function,
    FunctionUrl,
    LayerReference,
    ObservedFunction,
    Step,
)
from lambda_fast_deploy.models.function_url import Url
from lambda_fast_deploy.planning.configuration import Layers
from lambda_fast_deploy.planning.function_plan import FunctionPlan
from tests.unit import make

LAYERS = (make.LAYER_ARN,)


def steps(
    function: Function,
    observed: ObservedFunction | None = None,
    layers: Layers = LAYERS,
    content: str = "wanted-sha",
) -> dict[str, Step]:
    plan = FunctionPlan(function, make.REGION, Event("push"), layers, content, observed)
    return {step.kind: step for step in plan.steps()}


def function(**changes: Any) -> Function:
    return make.function(configuration=Configuration(**changes))


def test_a_configuration_holds_all_that_was_given_and_tells_what_changes() -> None:
    wanted = function(memory=128, timeout=10, environment={"LEVEL": "a secret"})
    step = steps(wanted, make.existing(make.state(environment={"KEPT": "another"})))[
        "configuration"
    ]
    assert step.changes == (
        AttributeChange("timeout", "3 s", "10 s"),
        AttributeChange("environment", added=("LEVEL",)),
    )
    assert step.reason == "timeout 3 s → 10 s, environment +LEVEL"
    assert step.parameters == {
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Role": make.ROLE,
        "MemorySize": 128,
        "Timeout": 10,
        "Environment": {"Variables": {"KEPT": "another", "LEVEL": "a secret"}},
        "Layers": [make.LAYER_ARN],
    }
    assert "a secret" not in repr(step)


def test_a_layer_that_is_yet_to_be_built_is_named() -> None:
    reference = LayerReference("deps")
    step = steps(make.function(), make.existing(make.state()), (reference,))["configuration"]
    assert step.changes == (AttributeChange("layers", added=("deps",), removed=("deps:3",)),)
    assert step.parameters["Layers"] == [reference]


def test_a_creation_holds_everything_and_tags_with_it() -> None:
    plan = steps(function(memory=512, tags={"team": "shop"}))
    assert plan["function"].action is Action.CREATE
    assert AttributeChange("memory", after="512 MB") in plan["function"].changes
    assert plan["function"].parameters["Tags"] == {"team": "shop"}
    assert plan["function"].fingerprint == "wanted-sha"
    assert "tags" not in plan


def test_tags_are_sent_that_differ() -> None:
    wanted = function(tags={"team": "shop", "same": "1", "new": "2"})
    observed = make.existing(make.state(tags={"team": "other", "same": "1", "theirs": "3"}))
    step = steps(wanted, observed)["tags"]
    assert step.changes == (AttributeChange("tags", added=("new",), changed=("team",)),)
    assert step.parameters == {"Tags": {"team": "shop", "new": "2"}}
    assert not steps(wanted, make.existing(make.state(tags=wanted.configuration.tags)))[
        "tags"
    ].is_due


def test_code_alias_canary_and_url_tell_from_what_to_what() -> None:
    wanted = make.function(
        architecture=Architecture.ARM64,
        canary=Canary(0.1, 60),
        url=Url("public"),
        tests=(make.HEALTH,),
    )
    live = make.existing(make.state(code_sha256="abcdefghijklmnop"))
    observed = ObservedFunction(live.latest, live.alias, live.live, FunctionUrl("x", "iam"))
    plan = steps(wanted, observed, content="qrstuvwxyzabcdef")
    assert plan["code"].changes == (
        AttributeChange("architecture", "x86_64", "arm64"),
        AttributeChange("code", "abcdefghijkl", "qrstuvwxyzab"),
    )
    assert plan["alias"].changes == (AttributeChange("alias", "version 7", "the new version"),)
    assert plan["canary"].changes == (AttributeChange("weight", "0 %", "10 %"),)
    assert plan["url"].changes == (AttributeChange("url", "iam", "public"),)


def test_where_users_have_all_of_it_no_step_changes_anything() -> None:
    plan = steps(make.function(), make.existing(make.state()))
    assert not any(step.changes or step.parameters for step in plan.values())

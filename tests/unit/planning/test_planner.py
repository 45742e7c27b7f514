"""The plan is a pure function of what is wanted and what is there."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.errors import Invalid, Place
from lambda_fast_deploy.models import (
    LATEST,
    Action,
    Architecture,
    Canary,
    Configuration,
    Event,
    Function,
    FunctionUrl,
    ObservedFunction,
    ObservedRegion,
    Plan,
    Settings,
)
from lambda_fast_deploy.models.function_url import Url
from lambda_fast_deploy.planning.planner import make_plan
from tests.unit import make

IMAGE = make.function(source=make.image_source())
UNCHANGED = make.observed({"orders": make.existing(make.state())})
CHANGED = make.observed({"orders": make.existing(make.state(code_sha256="old"))})
IMAGE_UNCHANGED = make.observed({"orders": make.existing(make.image_state())})


def planned(
    *functions: Function,
    there: Mapping[str, ObservedRegion] = UNCHANGED,
    event: Event | None = None,
    **prints: Any,
) -> Plan:
    return make_plan(make.settings(*functions, event=event), make.fingerprints(**prints), there)


def actions(plan: Plan) -> dict[str, str]:
    return {step.id: str(step.action) for step in plan.steps}


def flagged(*flags: str, name: str = "push") -> Event:
    return Event(name, flags=frozenset(flags))


NOTHING_TO_DO = {
    "layer:deps": "reuse",
    "configuration:orders": "skip",
    "code:orders": "skip",
    "version:orders": "skip",
    "alias:orders": "skip",
}


# ---------------------------------------------------------------- nothing there, nothing to do


def test_where_nothing_is_everything_is_made_in_order() -> None:
    plan = planned(there=make.observed(layers={}))
    assert [(step.id, str(step.action)) for step in plan.steps] == [
        ("layer:deps", "build"),
        ("function:orders", "create"),
        ("version:orders", "publish"),
        ("alias:orders", "create"),
    ]
    assert plan.changed


def test_where_no_image_is_the_base_comes_before_it() -> None:
    plan = planned(IMAGE, there=make.observed(bases={}, images={}))
    assert [(step.id, str(step.action)) for step in plan.steps] == [
        ("base:python", "build"),
        ("image:orders", "build"),
        ("function:orders", "create"),
        ("version:orders", "publish"),
        ("alias:orders", "create"),
    ]


def test_what_is_already_there_is_left_alone() -> None:
    plan = planned()
    assert actions(plan) == NOTHING_TO_DO
    assert not plan.changed


def test_an_image_that_is_already_there_is_left_alone() -> None:
    plan = planned(IMAGE, there=IMAGE_UNCHANGED)
    assert set(actions(plan).values()) == {"reuse", "skip"}
    assert not plan.changed


def test_a_draft_in_latest_is_nobodys_business_while_the_alias_serves_what_is_wanted() -> None:
    drifted = make.state(version="$LATEST", code_sha256="a draft", memory=3008)
    there = make.observed({"orders": make.existing(make.state(), drifted)})
    assert actions(planned(there=there)) == NOTHING_TO_DO


def test_a_description_is_the_functions_since_that_of_a_version_tells_of_its_release() -> None:
    live = make.state(description="commit 1a2b3c deployed 2026-01-02T03:04:05.678+00:00")
    for said, changed in (("takes orders", False), ("takes others", True)):
        latest = make.state(version="$LATEST", description=said)
        there = make.observed({"orders": make.existing(live, latest)})
        wanted = make.function(configuration=Configuration(description="takes orders"))
        assert planned(wanted, there=there).changed is changed


def test_every_step_says_why_and_what_it_is_known_by() -> None:
    plan = planned(there=make.observed(layers={}))
    assert all(step.reason and step.region == make.REGION for step in plan.steps)
    assert plan.step(make.REGION, "layer:deps").fingerprint == "d" * 16


def test_planning_changes_nothing_of_what_it_is_given() -> None:
    settings, prints = make.settings(IMAGE), make.fingerprints()
    there = make.observed({"orders": make.existing(make.image_state())}, images={})
    before = copy.deepcopy((settings, prints, there))
    first, second = (make_plan(settings, prints, there) for _ in range(2))
    assert first == second
    assert (settings, prints, there) == before


# ---------------------------------------------------------------- code


def test_changed_code_becomes_a_version_that_the_alias_moves_to() -> None:
    there = make.observed({"orders": make.existing(make.state(code_sha256="old"))})
    plan = planned(there=there)
    assert actions(plan) == NOTHING_TO_DO | {
        "code:orders": "update",
        "version:orders": "publish",
        "alias:orders": "move",
    }
    assert plan.step(make.REGION, "code:orders").reason == "the code changed"
    assert plan.changed


def test_code_that_a_failed_run_left_in_latest_is_not_uploaded_again() -> None:
    left = make.state(version="$LATEST")
    there = make.observed({"orders": make.existing(make.state(code_sha256="old"), left)})
    assert actions(planned(there=there)) == NOTHING_TO_DO | {
        "version:orders": "publish",
        "alias:orders": "move",
    }


def test_a_new_architecture_is_new_code() -> None:
    arm = make.function(architecture=Architecture.ARM64)
    plan = planned(arm)
    assert plan.step(make.REGION, "code:orders").reason == "the architecture changes to arm64"
    assert plan.step(make.REGION, "code:orders").action is Action.UPDATE


@pytest.mark.parametrize("flags", [(), ("no-cache",)])
def test_a_new_image_is_built_and_its_base_reused(flags: tuple[str, ...]) -> None:
    there = replace(IMAGE_UNCHANGED[make.REGION], images={} if not flags else {"orders": "x"})
    plan = planned(IMAGE, there={make.REGION: there}, event=flagged(*flags))
    assert actions(plan) == {
        "base:python": "reuse",
        "image:orders": "build",
        "configuration:orders": "skip",
        "code:orders": "update",
        "version:orders": "publish",
        "alias:orders": "move",
    }


def test_an_image_of_an_earlier_commit_is_reused_when_it_is_wanted_again() -> None:
    there = make.observed(
        {"orders": make.existing(make.image_state(image_digest=f"sha256:{'2' * 64}"))}
    )
    assert actions(planned(IMAGE, there=there)) == {
        "base:python": "reuse",
        "image:orders": "reuse",
        "configuration:orders": "skip",
        "code:orders": "update",
        "version:orders": "publish",
        "alias:orders": "move",
    }


# ---------------------------------------------------------------- bases and layers


def test_a_base_that_no_image_has_to_be_built_on_is_not_built_either() -> None:
    there = replace(IMAGE_UNCHANGED[make.REGION], bases={})
    assert actions(planned(IMAGE, there={make.REGION: there}))["base:python"] == "skip"


def test_rebuild_base_builds_the_base_and_what_stands_on_it() -> None:
    alone = make.function(name="alone", source=make.image_source(base=None))
    there = make.observed(
        {name: make.existing(make.image_state()) for name in ("orders", "alone")},
        images={"orders": make.DIGEST, "alone": make.DIGEST},
    )
    prints = {"images": {"orders": "f" * 16, "alone": "e" * 16}}
    plan = planned(IMAGE, alone, there=there, event=flagged("rebuild-base"), **prints)
    found = actions(plan)
    assert (found["base:python"], found["image:orders"]) == ("build", "build")
    assert (found["image:alone"], found["alias:alone"]) == ("reuse", "skip")
    assert plan.step(make.REGION, "base:python").reason == "the commit message says [rebuild-base]"


def test_no_cache_builds_images_and_leaves_the_base() -> None:
    plan = planned(IMAGE, there=IMAGE_UNCHANGED, event=flagged("no-cache"))
    assert actions(plan)["base:python"] == "reuse"
    assert plan.step(make.REGION, "image:orders").reason == "the commit message says [no-cache]"


def test_a_layer_that_is_not_there_is_built_and_configured() -> None:
    there = replace(UNCHANGED[make.REGION], layers={})
    plan = planned(there={make.REGION: there})
    assert actions(plan) == {
        "layer:deps": "build",
        "configuration:orders": "update",
        "code:orders": "skip",
        "version:orders": "publish",
        "alias:orders": "move",
    }
    assert plan.step(make.REGION, "configuration:orders").reason == "layers +deps −deps:3"


def test_a_layer_that_is_reused_says_which_version() -> None:
    assert planned().step(make.REGION, "layer:deps").reason == "version 3 has this content"


# ---------------------------------------------------------------- configuration, alias, URL


def test_a_layer_that_no_function_uses_is_only_built_where_there_are_no_functions() -> None:
    none, unused = make.observed(layers={}), make.function(source=make.zip_source(layers=()))
    settings = replace(make.settings(unused), layers={"deps": make.layer()})
    alone = replace(settings, functions=())
    for each, action in (
        (settings, "skip"),
        (alone, "build"),
        (replace(alone, left_out=("orders",)), "skip"),
    ):
        assert actions(make_plan(each, make.fingerprints(), none))["layer:deps"] == action


def test_changed_configuration_alone_uploads_no_code() -> None:
    orders = make.function(configuration=Configuration(memory=512, environment={"A": "1"}))
    plan = planned(orders)
    assert actions(plan) == NOTHING_TO_DO | {
        "configuration:orders": "update",
        "version:orders": "publish",
        "alias:orders": "move",
    }
    assert (
        plan.step(make.REGION, "configuration:orders").reason
        == "memory 128 MB → 512 MB, environment +A"
    )


def test_an_alias_that_is_missing_is_created_on_a_new_version() -> None:
    there = make.observed({"orders": ObservedFunction(make.state(version="$LATEST"), None, None)})
    plan = planned(there=there)
    assert actions(plan) == NOTHING_TO_DO | {
        "version:orders": "publish",
        "alias:orders": "create",
    }
    assert plan.step(make.REGION, "version:orders").reason == "no alias serves it yet"


@pytest.mark.parametrize(
    ("wanted", "there", "action"),
    [
        ("public", "", "create"),
        ("iam", "", "create"),
        ("public", "https://x.lambda-url.on.aws/", "skip"),
        ("iam", "https://x.lambda-url.on.aws/", "update"),
        (None, "https://x.lambda-url.on.aws/", None),
        (None, "", None),
    ],
)
def test_a_url_is_made_when_it_is_not_there_and_closed_when_it_is_open(
    wanted: Any, there: str, action: str | None
) -> None:
    url = FunctionUrl(there, "public") if there else None
    orders = replace(make.existing(make.state()), url=url)
    plan = planned(
        make.function(url=wanted and Url(wanted)), there=make.observed({"orders": orders})
    )
    assert actions(plan).get("url:orders") == action
    assert plan.changed is (action in ("create", "update"))


def test_a_new_function_gets_its_url_after_its_alias() -> None:
    plan = planned(make.function(url=Url("public")), there=make.observed())
    assert [step.id for step in plan.steps][-2:] == ["alias:orders", "url:orders"]


@pytest.mark.parametrize("there", [make.observed(), CHANGED, UNCHANGED])
def test_a_version_is_tested_before_the_alias_moves(there: Mapping[str, ObservedRegion]) -> None:
    function = make.function(tests=(make.HEALTH,), canary=Canary(0.1, 60.0))
    plan = planned(function, there=there)
    kinds = [step.id.partition(":")[0] for step in plan.steps]
    assert kinds[kinds.index("version") :] == ["version", "test", "canary", "alias"]


def test_without_an_alias_the_tests_follow_the_change() -> None:
    plan = planned(make.function(alias=LATEST, tests=(make.HEALTH,)), there=CHANGED)
    assert [step.id for step in plan.steps][-2:] == ["alias:orders", "test:orders:health"]


# ---------------------------------------------------------------- what cannot be done


def test_a_package_type_that_differs_cannot_be_deployed() -> None:
    with pytest.raises(Invalid) as caught:
        planned(replace(IMAGE, place=Place("lambda-deploy.yml", 2)), there=UNCHANGED)
    assert str(caught.value) == (
        f"lambda-deploy.yml:2: function orders is packaged as Zip in {make.REGION}, and Lambda "
        "cannot change that to Image; deploy it under another name"
    )


def test_a_function_that_is_to_be_created_needs_a_role() -> None:
    function = make.function(role=None, place=Place("lambda-deploy.yml", 2))
    says = r"^lambda-deploy\.yml:2: function orders does not exist in .* needs a role"
    with pytest.raises(Invalid, match=says):
        planned(function, there=make.observed())


def test_a_function_that_exists_needs_no_role() -> None:
    assert not planned(make.function(role=None)).changed


def test_everything_that_cannot_be_done_is_said_at_once() -> None:
    missing = make.function(name="missing", role=None)
    prints = make.fingerprints(
        archives=dict.fromkeys(("orders", "missing"), make.fingerprints().archives["orders"])
    )
    regions = (make.REGION, "us-east-1")
    settings = replace(make.settings(IMAGE, missing), regions=regions)
    there = {r: replace(UNCHANGED[make.REGION], region=r) for r in regions}
    with pytest.raises(Invalid) as caught:
        make_plan(settings, prints, there)
    said = sorted(tuple(p.message.split()[1:4]) for p in caught.value.problems)
    assert said == [("missing", "does", "not")] * 2 + [("orders", "is", "packaged")] * 2
    assert "us-east-1" in str(caught.value)


# ---------------------------------------------------------------- tests of the deployment


@pytest.mark.parametrize(
    ("event", "there", "health", "storage"),
    [
        (flagged(), UNCHANGED, "skip", "skip"),
        (flagged(), CHANGED, "test", "skip"),
        (flagged(), make.observed(), "test", "skip"),
        (flagged("test-s3"), CHANGED, "test", "test"),
        (flagged("test-s3"), UNCHANGED, "skip", "test"),
        (flagged("test-all"), CHANGED, "test", "test"),
        (flagged("test-all"), UNCHANGED, "test", "test"),
        (flagged(name="release"), UNCHANGED, "test", "test"),
        (flagged(name="release"), CHANGED, "test", "test"),
        (flagged("no-cache"), UNCHANGED, "skip", "skip"),
        (flagged(name="workflow_dispatch"), CHANGED, "test", "skip"),
    ],
)
def test_which_tests_run_in_which_run(
    event: Event, there: Mapping[str, ObservedRegion], health: str, storage: str
) -> None:
    orders = make.function(tests=(make.HEALTH, make.STORAGE))
    found = actions(planned(orders, there=there, event=event))
    assert (found["test:orders:health"], found["test:orders:storage"]) == (health, storage)


def test_running_tests_alone_changes_nothing() -> None:
    orders = make.function(tests=(make.HEALTH,))
    assert not planned(orders, event=flagged("test-all")).changed


# ---------------------------------------------------------------- properties

STATES = st.builds(
    lambda sha, memory, architecture: make.state(
        code_sha256=sha, memory=memory, architecture=architecture
    ),
    st.sampled_from(["wanted-sha", "old"]),
    st.sampled_from([128, 512]),
    st.sampled_from(["x86_64", "arm64"]),
)
REGIONS = st.builds(
    lambda live, latest, layers: make.observed(
        {"orders": make.existing(live, latest)} if live else {},
        layers=UNCHANGED[make.REGION].layers if layers else {},
    ),
    st.none() | STATES,
    st.none() | STATES,
    st.booleans(),
)
WANTED = make.function(configuration=Configuration(memory=128))


@given(REGIONS)
def test_the_alias_moves_exactly_when_a_version_is_published(
    there: Mapping[str, ObservedRegion],
) -> None:
    found = actions(planned(WANTED, there=there))
    assert (found["version:orders"] == "publish") is (found["alias:orders"] != "skip")


@given(REGIONS)
def test_users_are_left_alone_exactly_when_they_are_served_what_is_wanted(
    there: Mapping[str, ObservedRegion],
) -> None:
    region = there[make.REGION]
    orders = region.functions.get("orders")
    served = bool(orders and orders.live == make.state() and region.layers)
    assert planned(WANTED, there=there).changed is not served


@given(REGIONS)
def test_step_ids_are_unique_within_a_region(there: Mapping[str, ObservedRegion]) -> None:
    settings: Settings = replace(make.settings(WANTED), regions=(make.REGION, "us-east-1"))
    both = {r: replace(there[make.REGION], region=r) for r in settings.regions}
    steps = make_plan(settings, make.fingerprints(), both).steps
    assert len({(step.region, step.id) for step in steps}) == len(steps)


@pytest.mark.parametrize(
    ("there", "wanted", "is_too_much"),
    [
        ({}, "x" * (4096 - len('{"LARGE":""}')), False),
        ({}, "x" * (4097 - len('{"LARGE":""}')), True),
        ({}, "é" * 2042, False),
        ({}, "é" * 2043, True),
        ({"LARGE": "x" * 4000}, "small", False),
        ({"OTHER": "x" * 4000}, "x" * 100, True),
    ],
)
def test_an_environment_is_measured_with_what_is_there(
    there: dict[str, str], wanted: str, is_too_much: bool
) -> None:
    function = make.function(configuration=Configuration(environment={"LARGE": wanted}))
    observed = make.observed({"orders": make.existing(make.state(environment=there))})
    if not is_too_much:
        step = planned(function, there=observed).step(make.REGION, "configuration:orders")
        assert step.action is Action.UPDATE
        return
    with pytest.raises(Invalid, match="existing variables; Lambda's limit is 4,096; largest: "):
        planned(function, there=observed)


def test_a_new_function_takes_no_more_environment() -> None:
    function = make.function(configuration=Configuration(environment={"LARGE": "x" * 4096}))
    with pytest.raises(Invalid, match=r"4,108 bytes in [a-z0-9-]+; .*: LARGE \(4,108\)"):
        planned(function, there=make.observed())


def test_layers_of_others_count() -> None:
    layers = tuple(f"{make.ARN}:layer:theirs-{number}:1" for number in range(5))
    there = replace(make.existing(make.state(layers=layers)), foreign=frozenset(layers))
    with pytest.raises(Invalid, match="orders would have 6 layers"):
        planned(there=make.observed({"orders": there}))


def test_code_is_sent_again_after_an_update_that_failed() -> None:
    """Which code Lambda tells of then is not known."""
    latest = make.state(version="$LATEST", memory=512, update_status="Failed")
    there = make.observed({"orders": make.existing(make.state(memory=512), latest)})
    function = make.function(configuration=Configuration(memory=256))
    step = planned(function, there=there).step(make.REGION, "code:orders")
    assert (step.action, step.reason) == (Action.UPDATE, "the last update of $LATEST failed")


@pytest.mark.parametrize("change", [{"role": "new"}, {"dead_letters": "new"}])
def test_a_canary_is_of_two_versions_that_lambda_divides_calls_between(
    change: dict[str, Any],
) -> None:
    live = make.state()
    function = make.function(canary=Canary(0.1, 60), role=None)
    for latest, action in ((live, Action.TEST), (replace(live, **change), Action.SKIP)):
        latest = replace(latest, version="$LATEST", code_sha256="another")
        there = make.observed({"orders": make.existing(replace(live, code_sha256="old"), latest)})
        assert planned(function, there=there).step(make.REGION, "canary:orders").action is action


def test_weights_that_aws_gives_are_no_canary() -> None:
    live = make.existing(make.state())
    assert live.alias
    for weights, action in (({"6": 1.0}, Action.SKIP), ({"6": 0.9}, Action.MOVE)):
        alias = replace(live.alias, weights=weights)
        there = make.observed({"orders": replace(live, alias=alias)})
        assert planned(there=there).step(make.REGION, "alias:orders").action is action

"""What users have of each function, and what the working tree has otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lambda_fast_deploy.models import (
    AliasState,
    Configuration,
    Event,
    Function,
    LayerVersion,
    ObservedFunction,
    Speed,
)
from lambda_fast_deploy.state import descriptions
from lambda_fast_deploy.status import Status, compared
from tests.unit import make

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
IMAGE = make.function(source=make.image_source())
OTHER_LAYER = make.LAYER_ARN.replace("layer:deps:3", "layer:other:1")


def status_of(function: Function, there: ObservedFunction | None, layers: Any = None) -> Status:
    observed = make.observed({"orders": there} if there else {})[make.REGION]
    if layers is not None:
        observed = replace(observed, layers=layers)
    (found,) = compared(make.settings(function), make.fingerprints(), observed)
    return found


def test_where_all_is_as_wanted_nothing_differs() -> None:
    assert status_of(make.function(), make.existing(make.state())).differs == ()
    assert status_of(IMAGE, make.existing(make.image_state())).differs == ()


@pytest.mark.parametrize(
    ("wanted", "live", "differs"),
    [
        ({}, {"code_sha256": "old"}, "code differs"),
        ({}, {"architecture": "arm64"}, "code differs"),
        ({"memory": 256}, {}, "configuration differs: memory"),
        (
            {"memory": 256, "environment": {"A": "1"}, "tags": {"team": "x"}},
            {},
            "configuration differs: environment, memory, tags",
        ),
        ({}, {"handler": "app.old"}, "configuration differs: handler"),
        ({}, {"layers": (make.LAYER_ARN[:-1] + "2",)}, "layer deps differs"),
        ({}, {"layers": (make.LAYER_ARN, OTHER_LAYER)}, "layer other differs"),
        (
            {},
            {"package": "Image"},
            f"function orders is packaged as Image in {make.REGION}, and Lambda cannot change "
            "that to Zip; deploy it under another name",
        ),
        ({"memory": 256}, {"code_sha256": "old"}, "code differs; configuration differs: memory"),
    ],
)
def test_what_differs_is_named(wanted: dict[str, Any], live: dict[str, Any], differs: str) -> None:
    function = make.function(configuration=Configuration(**wanted))
    found = status_of(function, make.existing(make.state(**live)))
    assert "; ".join(found.differs) == differs


def test_a_layer_that_is_yet_to_be_published_differs() -> None:
    there = make.existing(make.state())
    assert status_of(make.function(), there, layers={}).differs == ("layer deps differs",)
    newer = LayerVersion(make.LAYER_ARN[:-1] + "4", 10)
    assert status_of(make.function(), there, {"deps": newer}).differs == ("layer deps differs",)


def test_users_are_compared_and_not_a_draft() -> None:
    draft = make.state(version="$LATEST", code_sha256="draft", memory=3008)
    assert status_of(make.function(), make.existing(make.state(), draft)).differs == ()
    old = make.existing(make.state(code_sha256="old"), make.state(version="$LATEST"))
    assert status_of(make.function(), old).differs == ("code differs",)


def test_what_is_not_there_is_said_and_needs_no_role() -> None:
    assert status_of(make.function(role=None), None).differs == ("does not exist",)
    no_alias = ObservedFunction(make.state(), None, None)
    assert status_of(make.function(), no_alias).differs == ("alias live does not exist",)


def test_without_an_alias_users_have_latest() -> None:
    there = ObservedFunction(make.state(version="$LATEST", modified="2026-01-02"), None, None)
    found = status_of(make.function(alias="$LATEST"), there)
    assert (found.version, found.deployed, found.differs) == ("$LATEST", "2026-01-02", ())


def test_the_past_is_read_from_the_descriptions() -> None:
    event = Event(commit="0123456789abcdef", actor="Ada the deployer")
    live = make.state(description=descriptions.of_version(event, "6", now=NOW))
    told = descriptions.of_alias("6", Speed(0.25, 0.01), 3.0, now=NOW)
    alias = AliasState("", "7", told, "", {"8": 0.1})
    there = ObservedFunction(make.state(), alias, live)
    found = status_of(make.function(), there)
    assert (found.version, found.commit, found.actor) == ("7", "0123456789ab", "Ada the deployer")
    assert found.deployed.startswith("20")
    assert (found.speed, dict(found.weights)) == (Speed(0.25, 0.01), {"8": 0.1})
    assert found.code == "wanted-sha"


@pytest.mark.parametrize(
    ("event", "origin"),
    [
        (Event(), ("", "")),
        (Event(commit="a" * 40), ("a" * 12, "")),
        (Event(actor="by deployed"), ("", "by deployed")),
    ],
)
def test_an_origin_is_what_was_recorded(event: Event, origin: tuple[str, str]) -> None:
    found = descriptions.origin_of(descriptions.of_version(event, "3", now=NOW))
    assert (found.commit, found.actor) == origin
    assert found.deployed


def test_the_description_of_others_tells_no_origin() -> None:
    assert (
        descriptions.origin_of("made by hand, deployed on Monday") == descriptions.VersionOrigin()
    )


def test_a_function_is_told_in_each_row_as_asked() -> None:
    two = [make.function(), make.function(name="bills")]
    settings = make.settings(*two)
    prints = make.fingerprints(
        archives={f.name: make.fingerprints().archives["orders"] for f in two}
    )
    there = make.observed({"orders": make.existing(make.state())})[make.REGION]
    assert [(s.function, s.differs) for s in compared(settings, prints, there)] == [
        ("orders", ()),
        ("bills", ("does not exist",)),
    ]


def test_a_function_that_takes_no_more_does_not_hide_the_others() -> None:
    full = make.function(configuration=Configuration(environment={"LARGE": "x" * 5000}))
    says = status_of(full, make.existing(make.state())).differs
    assert len(says) == 1
    assert "would have 5,012 bytes" in says[0]


def test_a_function_whose_creation_has_failed_is_said_to_have() -> None:
    failed = replace(make.existing(make.state(state="Failed")), alias=None, live=None)
    (says,) = status_of(make.function(), failed).differs
    assert says.startswith("function orders in eu-central-1 is in state Failed")

"""What differs between two templates, without CloudFormation."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_fast_deploy.adapters.aws.stack_shapes import Change
from lambda_fast_deploy.stacks.template_diff import changes_between

TOPIC = {"Type": "AWS::SNS::Topic"}


def body(*, resources: dict[str, Any] | None = None, **sections: Any) -> dict[str, Any]:
    return {"Resources": resources or {"A": TOPIC}, **sections}


def function(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Serverless::Function", "Properties": properties}


def named(value: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": value}}


def changes(before: Any, after: Any, *parameters: str) -> tuple[Change, ...]:
    return changes_between(before, after, parameters, lambda _: {})


def test_resources_come_change_and_go() -> None:
    before = body(resources={"A": TOPIC, "B": named("b"), "C": TOPIC})
    after = body(resources={"A": TOPIC, "B": named("c"), "D": TOPIC})
    assert changes(before, after) == (
        Change("Modify", "B", "AWS::SNS::Topic", names=("TopicName",)),
        Change("Add", "D", "AWS::SNS::Topic"),
        Change("Remove", "C", "AWS::SNS::Topic"),
    )
    assert changes({}, after)[0] == Change("Add", "A", "AWS::SNS::Topic")
    assert changes(after, after) == ()


def test_another_type_is_another_resource_and_a_retained_one_stays() -> None:
    kept = {**TOPIC, "DeletionPolicy": "Retain"}
    before = body(resources={"A": TOPIC, "B": kept})
    after = body(resources={"A": {"Type": "AWS::SQS::Queue"}})
    assert changes(before, after) == (
        Change("Modify", "A", "AWS::SNS::Topic", "True", names=("Type",)),
        Change("Remove", "B", "AWS::SNS::Topic", policy="Retain"),
    )


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Stage"},
        {"Fn::Sub": "x-${Stage}"},
        {"Fn::Sub": ["x-${Stage}-${Own}", {"Own": "y"}]},
        {"Fn::Join": ["-", ["x", {"Ref": "Stage"}]]},
        {"Fn::If": ["IsProd", "a", "b"]},
        {"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "name"]},
    ],
)
def test_a_parameter_counts_wherever_it_goes(value: Any) -> None:
    conditions = {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}}
    both = body(resources={"A": named(value)}, Conditions=conditions)
    assert changes(both, both, "Stage") == (Change("Modify", "A", "AWS::SNS::Topic"),)
    assert changes(both, both, "Other") == ()


@pytest.mark.parametrize("value", ["${Stage}", {"Fn::Sub": "${!Stage}"}, {"Fn::Sub": "$Stage"}])
def test_a_text_that_only_looks_like_it_does_not(value: Any) -> None:
    both = body(resources={"A": named(value)})
    assert changes(both, both, "Stage") == ()


def test_conditions_and_mappings_count_through_each_other() -> None:
    def made(stage: str) -> dict[str, Any]:
        return body(
            resources={"A": {**TOPIC, "Condition": "Both"}, "B": TOPIC},
            Conditions={
                "IsProd": {"Fn::Equals": [{"Fn::FindInMap": ["M", "a", "b"]}, "x"]},
                "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Fn::Equals": ["1", "1"]}]},
            },
            Mappings={"M": {"a": {"b": stage}}},
        )

    assert changes(made("x"), made("y")) == (Change("Modify", "A", "AWS::SNS::Topic"),)


def test_globals_count_for_the_resources_that_they_are_for() -> None:
    resources = {"A": function(Handler="a"), "B": TOPIC, "C": {"Type": "AWS::Lambda::Function"}}

    def made(**properties: Any) -> dict[str, Any]:
        return body(resources=resources, Globals={"Function": properties})

    kind = "AWS::Serverless::Function"
    assert changes(made(Timeout=1), made(Timeout=2, MemorySize=3)) == (
        Change("Modify", "A", kind, names=("Timeout (Globals)", "MemorySize (Globals)")),
    )
    both = made(Environment={"Variables": {"STAGE": {"Ref": "Stage"}}})
    assert changes(both, both, "Stage") == (Change("Modify", "A", kind),)


def test_attributes_beside_the_properties_count() -> None:
    before, after = body(), body(resources={"A": {**TOPIC, "DependsOn": "B"}})
    assert changes(before, after) == (
        Change("Modify", "A", "AWS::SNS::Topic", names=("DependsOn",)),
    )


def test_a_stack_inside_whose_template_is_not_known_is_one_resource() -> None:
    kind = "AWS::CloudFormation::Stack"
    before, after = (
        body(resources={"In": {"Type": kind, "Properties": {"TemplateURL": each}}})
        for each in ("gone", "here")
    )

    def opened(resource: Any) -> Any:
        return body() if resource["Properties"]["TemplateURL"] == "here" else {}

    only = (Change("Modify", "In", kind, names=("TemplateURL",)),)
    assert changes_between(before, after, (), opened) == only


def test_stacks_inside_are_looked_into() -> None:
    def outer(address: str, **given: Any) -> dict[str, Any]:
        properties = {"TemplateURL": address, "Parameters": given}
        return body(
            resources={"In": {"Type": "AWS::CloudFormation::Stack", "Properties": properties}}
        )

    inside = {
        "one": body(resources={"A": named("one"), "B": named({"Ref": "Stage"})}),
        "two": body(resources={"A": named("two"), "B": named({"Ref": "Stage"})}),
    }

    def opened(resource: Any) -> Any:
        return inside.get(resource["Properties"]["TemplateURL"], {})

    kind, topic = "AWS::CloudFormation::Stack", "AWS::SNS::Topic"
    assert changes_between(outer("one"), outer("two", Stage="x"), (), opened) == (
        Change("Modify", "In", kind, names=("TemplateURL", "Parameters")),
        Change("Modify", "In/A", topic, names=("TopicName",)),
        Change("Modify", "In/B", topic),
    )
    assert changes_between(outer("two"), {"Resources": {"X": TOPIC}}, (), opened) == (
        Change("Add", "X", topic),
        Change("Remove", "In", kind),
        Change("Remove", "In/A", topic),
        Change("Remove", "In/B", topic),
    )

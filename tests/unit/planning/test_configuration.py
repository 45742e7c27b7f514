"""Only what the user gave is compared and sent."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.models import (
    Action,
    Architecture,
    Configuration,
    Function,
    FunctionState,
    LayerReference,
    LayerVersion,
    Network,
    Step,
)
from lambda_fast_deploy.models.attribute_change import shown
from lambda_fast_deploy.models.function_url import Url
from lambda_fast_deploy.planning import configuration
from lambda_fast_deploy.planning.configuration import (
    Layers,
    changes,
    creation,
    desired_parameters,
    resolved,
    update_of,
)
from tests.unit import make

LAYERS = (make.LAYER_ARN,)


def update(
    function: Function, state: FunctionState, layers: Layers, foreign: Collection[str] = ()
) -> dict[str, Any]:
    """The parameters that would change something."""
    parameters = desired_parameters(function, state, layers, foreign)
    step = Step("configuration:orders", make.REGION, Action.UPDATE, "", parameters=parameters)
    return update_of(step, state)


def function(**configuration: Any) -> Function:
    return make.function(configuration=Configuration(**configuration))


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        (make.function(), {}),
        (make.function(role=None), {}),
        (function(memory=128, timeout=3, description=""), {}),
        (function(memory=512), {"MemorySize": 512}),
        (function(timeout=30), {"Timeout": 30}),
        (function(description="takes orders"), {"Description": "takes orders"}),
        (make.function(role="arn:other"), {"Role": "arn:other"}),
        (make.function(source=make.zip_source(handler="a.b")), {"Handler": "a.b"}),
        (make.function(source=make.zip_source(runtime="python3.14")), {"Runtime": "python3.14"}),
        (function(memory=512, timeout=30), {"MemorySize": 512, "Timeout": 30}),
        (make.function(url=Url("public"), alias="other", tests=(make.HEALTH,)), {}),
    ],
)
def test_only_keys_that_are_given_and_differ_are_updated(
    wanted: Function, changes: dict[str, Any]
) -> None:
    assert update(wanted, make.state(), LAYERS) == changes


def test_nothing_that_was_not_given_is_taken_away() -> None:
    there = make.state(memory=3008, timeout=900, description="by hand", environment={"A": "1"})
    assert update(make.function(role=None), there, LAYERS) == {}


@pytest.mark.parametrize(
    ("given", "there", "sent"),
    [
        ({}, {"A": "1"}, None),
        ({"A": "1"}, {"A": "1", "B": "2"}, None),
        ({"A": "2"}, {"A": "1", "B": "2"}, {"A": "2", "B": "2"}),
        ({"C": "3"}, {"A": "1"}, {"A": "1", "C": "3"}),
        ({"C": ""}, {}, {"C": ""}),
    ],
)
def test_environment_variables_are_merged_with_those_that_are_there(
    given: dict[str, str], there: dict[str, str], sent: dict[str, str] | None
) -> None:
    changes = update(function(environment=given), make.state(environment=there), LAYERS)
    assert changes == ({} if sent is None else {"Environment": {"Variables": sent}})


VARIABLES = st.dictionaries(st.sampled_from("ABC"), st.sampled_from("12"))


@given(VARIABLES, VARIABLES)
def test_after_an_update_there_is_nothing_left_to_update(
    given: dict[str, str], there: dict[str, str]
) -> None:
    wanted = function(environment=given)
    changes = update(wanted, make.state(environment=there), LAYERS)
    after = changes.get("Environment", {"Variables": there})["Variables"]
    assert update(wanted, make.state(environment=after), LAYERS) == {}
    assert {**there, **given} == after


@pytest.mark.parametrize(
    ("wanted", "there", "sent"),
    [
        (("a", "b"), ("b", "a"), ["a", "b"]),
        ((), ("a",), []),
        (("a",), (), ["a"]),
    ],
)
def test_layers_are_replaced_in_their_order(
    wanted: tuple[str, ...], there: tuple[str, ...], sent: list[str]
) -> None:
    assert update(make.function(), make.state(layers=there), wanted) == {"Layers": sent}


def test_a_layer_that_is_yet_to_be_published_is_a_change_with_a_name_only() -> None:
    parameters = update(make.function(), make.state(), (LayerReference("deps"),))
    assert parameters == {"Layers": [LayerReference("deps")]}
    published = {"deps": LayerVersion(make.LAYER_ARN)}
    assert resolved(parameters, published) == {"Layers": [make.LAYER_ARN]}


def test_an_image_has_neither_runtime_nor_handler_nor_layers() -> None:
    image = make.function(source=make.image_source())
    assert update(image, make.image_state(layers=("left over",), runtime="x"), ()) == {}


def test_a_zip_is_created_with_what_was_given_and_nothing_else() -> None:
    assert creation(make.function(), LAYERS) == {
        "Role": make.ROLE,
        "Architectures": ["x86_64"],
        "PackageType": "Zip",
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Layers": [make.LAYER_ARN],
    }


def test_an_image_is_created_with_everything_that_was_given() -> None:
    image = make.function(
        source=make.image_source(),
        architecture=Architecture.ARM64,
        configuration=Configuration(
            memory=512,
            timeout=30,
            storage=1024,
            environment={"A": "1"},
            description="takes orders",
            network=Network(("subnet-1",), ("sg-1",)),
            tracing="Active",
            logging={"LogFormat": "JSON"},
            tags={"team": "a"},
        ),
    )
    assert creation(image, ()) == {
        "Role": make.ROLE,
        "Architectures": ["arm64"],
        "PackageType": "Image",
        "MemorySize": 512,
        "Timeout": 30,
        "Description": "takes orders",
        "Environment": {"Variables": {"A": "1"}},
        "EphemeralStorage": {"Size": 1024},
        "TracingConfig": {"Mode": "Active"},
        "LoggingConfig": {"LogFormat": "JSON"},
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "Tags": {"team": "a"},
    }


NETWORK = Network(("subnet-1", "subnet-2"), ("sg-1",))


def test_layers_stay_unless_others_or_none_are_named() -> None:
    silent = make.function(source=make.zip_source(layers=(), keeps_layers=True))
    assert update(silent, make.state(), ()) == {}
    none = make.function(source=make.zip_source(layers=()))
    assert update(none, make.state(), ()) == {"Layers": []}


@pytest.mark.parametrize(
    ("wanted", "there", "changes"),
    [
        ({"storage": 512}, {}, {}),
        ({"storage": 1024}, {}, {"EphemeralStorage": {"Size": 1024}}),
        ({"tracing": "PassThrough"}, {}, {}),
        ({"tracing": "Active"}, {}, {"TracingConfig": {"Mode": "Active"}}),
        ({"logging": {"LogFormat": "JSON"}}, {"logging": {"LogFormat": "JSON"}}, {}),
        (
            {"logging": {"LogFormat": "JSON"}},
            {"logging": {"LogFormat": "Text", "LogGroup": "/a"}},
            {"LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/a"}},
        ),
        (
            {"logging": {"LogFormat": "Text"}},
            {"logging": {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "LogGroup": "/a"}},
            {"LoggingConfig": {"LogFormat": "Text", "LogGroup": "/a"}},
        ),
        (
            {"logging": {"LogGroup": "/b"}},
            {"logging": {"LogFormat": "JSON", "SystemLogLevel": "WARN", "LogGroup": "/a"}},
            {
                "LoggingConfig": {
                    "LogFormat": "JSON",
                    "SystemLogLevel": "WARN",
                    "LogGroup": "/b",
                }
            },
        ),
        ({"network": NETWORK}, {"network": Network(("subnet-2", "subnet-1"), ("sg-1",))}, {}),
        (
            {"network": Network()},
            {"network": NETWORK},
            {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}},
        ),
        (
            {"network": NETWORK},
            {"network": Network(("subnet-3",), ("sg-1",), ipv6=True)},
            {
                "VpcConfig": {
                    "SubnetIds": ["subnet-1", "subnet-2"],
                    "SecurityGroupIds": ["sg-1"],
                    "Ipv6AllowedForDualStack": True,
                }
            },
        ),
        (
            {"network": Network()},
            {"network": Network(("subnet-3",), ("sg-1",), ipv6=True)},
            {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}},
        ),
        ({}, {"network": NETWORK, "storage": 2048, "tracing": "Active"}, {}),
    ],
)
def test_only_what_was_given_is_compared(
    wanted: dict[str, Any], there: dict[str, Any], changes: dict[str, Any]
) -> None:
    function = make.function(configuration=Configuration(**wanted))
    assert update(function, make.state(**there), (make.LAYER_ARN,)) == changes


VENDOR = "arn:aws:lambda:eu-central-1:464622532012:layer:vendor:7"
COMPANY = f"{make.LAYER_ARN.rpartition(':layer:')[0]}:layer:company:1"
NEW = (f"{make.LAYER_ARN[:-1]}4",)


@pytest.mark.parametrize(
    ("there", "sent"),
    [
        ((make.LAYER_ARN,), NEW),
        ((VENDOR, make.LAYER_ARN), (VENDOR, *NEW)),
        ((make.LAYER_ARN, VENDOR), (*NEW, VENDOR)),
        ((VENDOR, make.LAYER_ARN, COMPANY), (VENDOR, *NEW, COMPANY)),
        ((VENDOR, COMPANY), (VENDOR, COMPANY, *NEW)),
        ((VENDOR, *NEW, COMPANY), None),
    ],
)
def test_layers_of_others_stay_where_they_are(
    there: tuple[str, ...], sent: tuple[str, ...] | None
) -> None:
    changes = update(make.function(), make.state(layers=there), NEW, {VENDOR, COMPANY})
    assert changes == ({"Layers": list(sent)} if sent else {})


@pytest.mark.parametrize(("layers", "name"), [(NEW, "deps:4"), ((LayerReference("deps"),), "deps")])
def test_which_layers_come_go_and_stay_is_named(layers: Layers, name: str) -> None:
    old = make.LAYER_ARN.replace("deps:3", "old:2")
    state = make.state(layers=(VENDOR, old, make.LAYER_ARN), memory=512)
    wanted, foreign = function(memory=128), {VENDOR}
    different = changes(desired_parameters(wanted, state, layers, foreign), state, foreign)
    assert shown(different) == (
        f"memory 512 MB → 128 MB, layers +{name} −old:2 −deps:3 (keeps vendor:7 of others)"
    )


def test_another_order_of_the_same_layers_is_shown() -> None:
    other = make.LAYER_ARN.replace("deps:3", "other:1")
    state = make.state(layers=(make.LAYER_ARN, other))
    different = changes(desired_parameters(make.function(), state, (other, make.LAYER_ARN)), state)
    assert shown(different) == "layers deps:3, other:1 → other:1, deps:3"


@pytest.mark.parametrize(
    ("wanted", "there", "text"),
    [
        ({"memory": 1024}, {"memory": 512}, "memory 512 MB → 1024 MB"),
        ({"timeout": 10}, {}, "timeout 3 s → 10 s"),
        ({"storage": 1024}, {}, "storage 512 MB → 1024 MB"),
        (
            {"environment": {"LEVEL": "secret", "URL": "secret"}},
            {"environment": {"URL": "other", "KEPT": "secret"}},
            "environment +LEVEL ~URL",
        ),
        ({"description": "secret"}, {}, "description"),
        ({"tracing": "Active"}, {}, "tracing pass-through → active"),
        (
            {"logging": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"}},
            {"logging": {"LogFormat": "Text", "LogGroup": "/aws/Orders"}},
            "logging format text, group /aws/Orders → format json, level debug, group /aws/Orders",
        ),
        (
            {"network": Network(("subnet-1",), ("sg-1",))},
            {"network": Network(("subnet-2",), ("sg-1",))},
            "vpc +subnet-1 −subnet-2",
        ),
    ],
)
def test_changes_have_values_but_for_texts_and_variables(
    wanted: dict[str, Any], there: dict[str, Any], text: str
) -> None:
    state = make.state(**there)
    parameters = desired_parameters(function(**wanted), state, LAYERS)
    assert shown(changes(parameters, state)) == text


FULL = make.state(
    memory=512,
    timeout=10,
    storage=1024,
    environment={"LEVEL": "debug"},
    description="takes orders",
    network=Network(("subnet-1",), ("sg-1",), ipv6=True),
    tracing="Active",
    logging={"LogFormat": "JSON", "LogGroup": "/a"},
)


@pytest.mark.parametrize(
    ("state", "mark"),
    [
        (make.state(), "ec6082f532ef452d"),
        (FULL, "0dba47189ecb4796"),
        (make.image_state(), "4d84d5cba2b4a8fc"),
        (make.state(environment_error="AccessDenied"), "8cbf219175e38970"),
    ],
)
def test_marks_that_earlier_versions_have_left_in_aws_still_hold(
    state: FunctionState, mark: str
) -> None:
    assert configuration.tested_mark(state) == mark

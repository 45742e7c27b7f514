"""Lambda's functions, versions, aliases and URLs, through a client that checks its parameters."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from lambda_fast_deploy.adapters.aws.lambda_api import _PROPAGATION
from lambda_fast_deploy.adapters.aws.lambda_functions import Functions
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.aws.urls import Urls
from lambda_fast_deploy.adapters.aws.versions import Versions
from lambda_fast_deploy.errors import (
    Cancelled,
    Conflict,
    DeployFailed,
    FunctionUnusable,
    NotFound,
    Refused,
)
from lambda_fast_deploy.models import AliasState, FunctionState, FunctionUrl, Network
from lambda_fast_deploy.models.function_attributes import TAGS
from lambda_fast_deploy.models.function_settings import SettingTarget
from lambda_fast_deploy.models.function_url import Url
from tests.unit import make

CONFIGURATION: dict[str, Any] = {
    "FunctionName": "orders",
    "FunctionArn": make.ARN,
    "Version": "7",
    "PackageType": "Zip",
    "CodeSha256": "wanted-sha",
    "CodeSize": 1200,
    "RevisionId": "r-7",
    "Runtime": "python3.13",
    "Handler": "app.handler",
    "Role": make.ROLE,
    "Architectures": ["arm64"],
    "Description": "takes orders",
    "Layers": [{"Arn": make.LAYER_ARN, "CodeSize": 5}],
    "MemorySize": 512,
    "Timeout": 30,
    "Environment": {"Variables": {"A": "1"}},
    "EphemeralStorage": {"Size": 1024},
    "VpcConfig": {
        "SubnetIds": ["subnet-1"],
        "SecurityGroupIds": ["sg-1"],
        "VpcId": "vpc-1",
        "Ipv6AllowedForDualStack": True,
    },
    "TracingConfig": {"Mode": "Active"},
    "LoggingConfig": {"LogFormat": "JSON"},
    "LastModified": "2026-01-02T03:04:05.000+0000",
    "State": "Active",
    "LastUpdateStatus": "Successful",
}
BUSY = "The operation cannot be performed at this time. An update is in progress for resource: x"
PENDING = "The function could not be updated: it is currently in the following state: Pending"


@pytest.fixture
def service(stub: Callable[[str], Stubber]) -> Stubber:
    return stub("lambda")


@pytest.fixture
def versions(aws: Aws, service: Stubber) -> Versions:
    return Versions(aws, make.REGION)


@pytest.fixture
def functions(aws: Aws, service: Stubber) -> Functions:
    return Functions(aws, make.REGION)


def settles(service: Stubber, *changes: dict[str, Any], **wanted: str) -> None:
    for change in changes or ({},):
        service.add_response(
            "get_function",
            {"Configuration": CONFIGURATION | change},
            {"FunctionName": "orders", **wanted},
        )


# ---------------------------------------------------------------- reading


def test_a_zip_is_read_with_everything_that_a_plan_compares(
    service: Stubber, functions: Functions
) -> None:
    service.add_response(
        "get_function",
        {
            "Configuration": CONFIGURATION,
            "Code": {"Location": "https://code.example/7", "SourceKMSKeyArn": "arn:key"},
            "Tags": {"team": "a"},
        },
        {"FunctionName": "orders", "Qualifier": "7"},
    )
    assert functions.read("orders", "7") == FunctionState(
        arn=make.ARN,
        version="7",
        package="Zip",
        code_sha256="wanted-sha",
        image_digest="",
        code_location="https://code.example/7",
        code_size=1200,
        revision="r-7",
        runtime="python3.13",
        handler="app.handler",
        role=make.ROLE,
        architecture="arm64",
        description="takes orders",
        layers=(make.LAYER_ARN,),
        memory=512,
        timeout=30,
        storage=1024,
        environment={"A": "1"},
        network=Network(("subnet-1",), ("sg-1",), ipv6=True),
        tracing="Active",
        logging={"LogFormat": "JSON"},
        snap_start="None",
        file_systems={},
        dead_letters="",
        environment_key="",
        others={},
        tags={"team": "a"},
        modified="2026-01-02T03:04:05.000+0000",
        state="Active",
        update_status="Successful",
        code_key="arn:key",
    )


def test_an_image_is_known_by_the_digest_that_its_tag_had(
    service: Stubber, functions: Functions
) -> None:
    resolved = f"{make.REGISTRY}/orders@{make.DIGEST}"
    code = {"ImageUri": f"{make.REGISTRY}/orders:latest", "ResolvedImageUri": resolved}
    service.add_response(
        "get_function",
        {"Configuration": {"FunctionArn": make.ARN, "PackageType": "Image"}, "Code": code},
        {"FunctionName": "orders"},
    )
    state = functions.read("orders")
    assert state is not None
    assert (state.package, state.image_digest, state.code_location) == (
        "Image",
        make.DIGEST,
        resolved,
    )
    assert (state.architecture, state.memory, state.layers, state.environment) == (
        "x86_64",
        128,
        (),
        {},
    )


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("get_function", lambda aws: Functions(aws, make.REGION).read("orders")),
        ("get_alias", lambda aws: Versions(aws, make.REGION).alias("orders", "live")),
        ("get_function_url_config", lambda aws: Urls(aws, make.REGION).read("orders", "live")),
    ],
)
def test_what_is_absent_is_no_error(
    aws: Aws, service: Stubber, operation: str, ask: Callable[[Aws], Any]
) -> None:
    service.add_client_error(operation, "ResourceNotFoundException", "not found", 404)
    assert ask(aws) is None


def test_an_alias_is_read_with_the_revision_that_guards_it(
    service: Stubber, versions: Versions
) -> None:
    service.add_response(
        "get_alias",
        {"AliasArn": "arn", "FunctionVersion": "7", "RevisionId": "a-1"},
        {"FunctionName": "orders", "Name": "live"},
    )
    assert versions.alias("orders", "live") == AliasState("arn", "7", "", "a-1")


# ---------------------------------------------------------------- waiting


@pytest.mark.usefixtures("quick")
def test_a_function_is_waited_for_until_it_has_settled(
    service: Stubber, functions: Functions
) -> None:
    settles(
        service,
        {"State": "Pending"},
        {"LastUpdateStatus": "InProgress"},
        {},
        Qualifier="7",
    )
    functions.settled("orders", "7")


@pytest.mark.parametrize(
    ("found", "said", "remedy"),
    [
        (
            {
                "LastUpdateStatus": "Failed",
                "LastUpdateStatusReason": "no access to the image",
                "LastUpdateStatusReasonCode": "ImageAccessDenied",
            },
            "Lambda could not activate orders: no access to the image (ImageAccessDenied)",
            "Allow lambda.amazonaws.com ecr:BatchGetImage",
        ),
        (
            {
                "State": "Failed",
                "StateReason": "gone",
                "StateReasonCode": "ImageDeleted",
                "LastUpdateStatus": "InProgress",
            },
            "Lambda could not activate orders: gone (ImageDeleted)",
            "run again to push it",
        ),
        (
            {"State": "Failed", "StateReason": "odd", "StateReasonCode": "InternalError"},
            "Lambda could not activate orders: odd (InternalError)",
            "",
        ),
    ],
)
def test_a_function_that_failed_is_told_at_once(
    service: Stubber, functions: Functions, found: dict[str, str], said: str, remedy: str
) -> None:
    settles(service, found)
    begun = time.monotonic()
    with pytest.raises(DeployFailed) as caught:
        functions.settled("orders")
    assert time.monotonic() - begun < 0.5
    assert caught.value.message == said
    assert remedy in caught.value.remedy


def test_a_function_that_never_settles_is_given_up(service: Stubber, functions: Functions) -> None:
    settles(service, {"LastUpdateStatus": "InProgress"})
    with pytest.raises(DeployFailed, match="orders was still being updated after 0 s"):
        functions.settled("orders", deadline=0)


LIVE = AliasState(f"{make.ARN}:live", "8", "", "a-1")


def serves(service: Stubber, *versions: str) -> None:
    """The alias of version 8 is served by these at one look after the other, or by that."""
    for version in versions:
        weights = {"RoutingConfig": {"AdditionalVersionWeights": {version: 1.0}}} if version else {}
        found = {"AliasArn": LIVE.arn, "FunctionVersion": "8", "RevisionId": "a-1", **weights}
        service.add_response("get_alias", found, {"FunctionName": "orders", "Name": "live"})


@pytest.mark.usefixtures("quick")
def test_an_alias_is_waited_for_until_its_version_serves(
    service: Stubber, versions: Versions
) -> None:
    serves(service, "7", "7", "")
    assert versions.arrived("orders", LIVE) == LIVE


def test_a_cancelled_run_does_not_wait_until_a_version_serves(aws: Aws, service: Stubber) -> None:
    serves(service, "7")
    found = Versions(aws, make.REGION, lambda: True).arrived("orders", LIVE)
    assert found is not None
    assert found.serving == "7"


# ---------------------------------------------------------------- changing


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("message", [BUSY, PENDING])
def test_a_change_waits_for_an_earlier_one(
    service: Stubber, functions: Functions, message: str
) -> None:
    for _ in range(3):
        service.add_client_error(
            "update_function_configuration", "ResourceConflictException", message, 409
        )
    service.add_response(
        "update_function_configuration",
        CONFIGURATION,
        {"FunctionName": "orders", "MemorySize": 512},
    )
    settles(service)
    functions.configure("orders", {"MemorySize": 512})


def test_a_function_that_stays_busy_is_nobodys_fault(
    service: Stubber, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_fast_deploy.adapters.aws.lambda_api.UPDATE_DEADLINE", 0)
    service.add_client_error("delete_function", "ResourceConflictException", BUSY, 409)
    with pytest.raises(DeployFailed, match="An update is in progress") as caught:
        functions.delete("orders")
    assert "was still in progress after 0 s: orders:" in caught.value.message
    assert not isinstance(caught.value, Conflict)


def test_a_state_that_does_not_pass_is_not_waited_for(
    service: Stubber, functions: Functions
) -> None:
    said = "The operation cannot be performed at this time. The function is currently in the "
    said += "following state: 'Failed'"
    service.add_client_error("update_function_code", "ResourceConflictException", said, 409)
    with pytest.raises(FunctionUnusable, match="following state: 'Failed'") as caught:
        functions.update_code("orders", {"ZipFile": b"zip"}, "x86_64", "")
    assert not isinstance(caught.value, Conflict)


def test_what_is_waited_for_is_told(
    aws: Aws, service: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_fast_deploy.adapters.aws.lambda_api.QUIET", 0)
    told: list[str] = []
    functions = Functions(aws, make.REGION, waits=told.append)
    pending = {"State": "Pending", "StateReasonCode": "Creating"}
    settles(service, pending, {"LastUpdateStatus": "InProgress"}, {"State": "ActiveNonInvocable"})
    assert functions.at_rest("orders").state == "ActiveNonInvocable"
    assert list(dict.fromkeys(told)) == ["orders is Pending (Creating)", "orders is being updated"]


def test_who_is_told_can_give_up_within_a_pause(
    aws: Aws, service: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_fast_deploy.adapters.aws.lambda_api.QUIET", 0)
    told: list[str] = []

    def waits(what: str) -> None:
        told.append(what)
        if len(told) > 1:
            raise Cancelled("the run was cancelled")

    said = "The role defined for the function cannot be assumed by Lambda."
    service.add_client_error(
        "update_function_configuration", "InvalidParameterValueException", said
    )
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        Functions(aws, make.REGION, waits=waits).configure("orders", {"Role": make.ROLE})
    assert time.monotonic() - begun < 0.5
    assert said in told[0]


@pytest.mark.usefixtures("quick")
def test_what_was_made_just_now_may_not_be_seen_yet(service: Stubber, functions: Functions) -> None:
    for _ in range(2):
        service.add_client_error("get_function", "ResourceNotFoundException", "not found", 404)
    settles(service, Qualifier="7")
    assert functions.settled("orders", "7", is_new=True).revision == "r-7"
    service.add_client_error("get_function", "ResourceNotFoundException", "not found", 404)
    with pytest.raises(NotFound, match="version 7 of orders does not exist"):
        functions.settled("orders", "7")


def test_an_update_that_failed_once_does_not_judge_what_is_restored(
    service: Stubber, functions: Functions
) -> None:
    restoring = {"State": "Pending", "LastUpdateStatus": "Failed"}
    settles(service, restoring, {"LastUpdateStatus": "Failed"})
    assert functions.at_rest("orders").update_status == "Failed"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("PreconditionFailedException", "The RevisionId provided does not match the latest one"),
        ("ResourceConflictException", "Function already exist: orders"),
    ],
)
def test_what_somebody_else_changed_is_not_tried_again(
    service: Stubber, functions: Functions, code: str, message: str
) -> None:
    service.add_client_error("update_function_code", code, message, 412)
    with pytest.raises(Conflict, match=message):
        functions.update_code("orders", {"ZipFile": b"zip"}, "x86_64", "")


SAID_OF_A_NEW_ROLE = [
    "The role defined for the function cannot be assumed by Lambda.",
    "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
    "Lambda was unable to configure access to your environment variables because the KMS key is "
    "invalid for CreateGrant.",
    "Your request has been throttled by EC2, please make sure you have enough API rate limit.",
]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("said", SAID_OF_A_NEW_ROLE)
def test_what_lambda_does_not_know_yet_is_waited_for(
    service: Stubber, functions: Functions, said: str
) -> None:
    asked: dict[str, Any] = {"Role": make.ROLE, "Code": {"ZipFile": b"zip"}}
    tagged = {"FunctionName": "orders", "Tags": {"lambda-fast-deploy:created-by": "run"}}
    service.add_client_error("create_function", "InvalidParameterValueException", said, 400)
    service.add_response("create_function", CONFIGURATION, asked | tagged)
    assert functions.create("orders", "run", **asked).version == "7"
    changed = {"FunctionName": "orders", "Role": make.ROLE}
    operation = "update_function_configuration"
    service.add_client_error(operation, "InvalidParameterValueException", said, 400)
    service.add_response(operation, CONFIGURATION, changed)
    settles(service)
    assert functions.configure("orders", {"Role": make.ROLE}).revision == "r-7"


def test_a_role_that_never_can_be_assumed_has_a_remedy(
    service: Stubber, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = SAID_OF_A_NEW_ROLE[0]
    monkeypatch.setitem(_PROPAGATION, "cannot be assumed by Lambda", 0.0)
    service.add_client_error("create_function", "InvalidParameterValueException", said, 400)
    with pytest.raises(Refused, match="cannot be assumed") as caught:
        functions.create("orders", "run", Role=make.ROLE, Code={"ZipFile": b"zip"})
    assert "trust" in caught.value.remedy


def test_versions_are_those_with_a_number(service: Stubber, versions: Versions) -> None:
    found = [CONFIGURATION | {"Version": v} for v in ("$LATEST", "$LATEST.PUBLISHED", "9", "10")]
    service.add_response("list_versions_by_function", {"Versions": found})
    assert [state.version for state in versions.every("orders")] == ["10", "9"]


def test_a_version_is_published_only_of_the_code_that_was_put_there(
    service: Stubber, versions: Versions
) -> None:
    service.add_response(
        "publish_version",
        CONFIGURATION | {"Version": "8"},
        {"FunctionName": "orders", "CodeSha256": "sha", "Description": "d" * 256},
    )
    assert versions.publish("orders", "sha", "d" * 300).version == "8"


def test_code_that_somebody_else_changed_is_not_published(
    service: Stubber, versions: Versions
) -> None:
    said = "CodeSHA256 (a) is different from current CodeSHA256 in $LATEST (b)."
    service.add_client_error("publish_version", "InvalidParameterValueException", said, 400)
    with pytest.raises(Conflict, match="CodeSHA256"):
        versions.publish("orders", "sha", "")


def test_a_new_alias_is_created(service: Stubber, versions: Versions) -> None:
    service.add_response(
        "create_alias",
        {"AliasArn": "arn", "FunctionVersion": "8", "RevisionId": "a-1"},
        {"FunctionName": "orders", "Name": "live", "FunctionVersion": "8", "Description": "d"},
    )
    assert versions.create_alias("orders", "live", "8", "d").version == "8"


def test_an_alias_moves_whole_and_only_from_the_state_that_was_seen(
    service: Stubber, versions: Versions
) -> None:
    service.add_response(
        "update_alias",
        {"AliasArn": "arn", "FunctionVersion": "8", "RevisionId": "a-2"},
        {
            "FunctionName": "orders",
            "Name": "live",
            "FunctionVersion": "8",
            "Description": "d",
            "RevisionId": "a-1",
            "RoutingConfig": {"AdditionalVersionWeights": {}},
        },
    )
    assert versions.move_alias("orders", "live", "8", "d", "a-1").revision == "a-2"


@pytest.mark.usefixtures("quick")
def test_an_alias_arrives_once_aws_lets_its_version_serve(
    service: Stubber, versions: Versions
) -> None:
    for weights in ({"7": 1.0}, {}):
        service.add_response(
            "get_alias",
            {
                "AliasArn": f"{make.ARN}:live",
                "FunctionVersion": "8",
                "RevisionId": f"a-{len(weights)}",
                "RoutingConfig": {"AdditionalVersionWeights": weights},
            },
        )
    moved = AliasState(f"{make.ARN}:live", "8", "", "a-2", {"7": 1.0})
    assert (moved.serving, moved.shares, moved.is_settled) == ("7", {}, True)
    assert versions.arrived("orders", moved) == AliasState(f"{make.ARN}:live", "8", "", "a-0")


def test_an_alias_that_never_arrives_is_told(
    service: Stubber, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_fast_deploy.adapters.aws.versions.PROVISIONING", 0)
    routing = {"AdditionalVersionWeights": {"7": 1.0}}
    found = {"AliasArn": f"{make.ARN}:live", "FunctionVersion": "8", "RoutingConfig": routing}
    service.add_response("get_alias", found)
    says = "alias live of orders serves version 7 until version 8 has its provisioned concurrency"
    with pytest.raises(DeployFailed, match=says) as caught:
        versions.arrived("orders", AliasState(f"{make.ARN}:live", "8", "", "a-2"))
    assert "get-provisioned-concurrency-config" in caught.value.remedy


# ---------------------------------------------------------------- URLs and invocations

URL = {
    "FunctionUrl": "https://abcdefghij.lambda-url.eu-central-1.on.aws/",
    "FunctionArn": make.ARN,
    "CreationTime": "2026-01-01",
}
PUBLIC = FunctionUrl(URL["FunctionUrl"], "public")


@pytest.fixture
def urls(aws: Aws, service: Stubber) -> Urls:
    return Urls(aws, make.REGION)


def test_a_public_url_needs_both_permissions(service: Stubber, urls: Urls) -> None:
    where = {"FunctionName": "orders", "Qualifier": "live"}
    for action, condition in (
        ("InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
        ("InvokeFunction", {"InvokedViaFunctionUrl": True}),
    ):
        service.add_response(
            "add_permission",
            {},
            where
            | condition
            | {
                "StatementId": f"public-url-{action}",
                "Action": f"lambda:{action}",
                "Principal": "*",
            },
        )
    service.add_response(
        "create_function_url_config", URL | {"AuthType": "NONE"}, where | {"AuthType": "NONE"}
    )
    assert urls.create("orders", "live", Url("public")) == PUBLIC


def test_a_signed_url_opens_nothing_to_everybody(service: Stubber, urls: Urls) -> None:
    service.add_response(
        "create_function_url_config",
        URL | {"AuthType": "AWS_IAM"},
        {"FunctionName": "orders", "Qualifier": "live", "AuthType": "AWS_IAM"},
    )
    assert urls.create("orders", "live", Url("iam")) == replace(PUBLIC, access="iam")


def test_a_url_goes_with_the_permissions_that_are_left_of_it(service: Stubber, urls: Urls) -> None:
    service.add_response(
        "delete_function_url_config", {}, {"FunctionName": "orders", "Qualifier": "live"}
    )
    service.add_client_error("remove_permission", "ResourceNotFoundException", "none", 404)
    service.add_response("remove_permission", {})
    assert urls.delete("orders", "live")


def test_a_public_url_can_be_closed(service: Stubber, urls: Urls) -> None:
    where = {"FunctionName": "orders", "Qualifier": "live"}
    for action in ("InvokeFunctionUrl", "InvokeFunction"):
        service.add_response(
            "remove_permission", {}, where | {"StatementId": f"public-url-{action}"}
        )
    service.add_response(
        "update_function_url_config",
        URL | {"AuthType": "AWS_IAM", "LastModifiedTime": "2026-01-01"},
        where | {"AuthType": "AWS_IAM"},
    )
    assert urls.change("orders", "live", Url("iam")).access == "iam"


def test_what_no_version_has_is_read_and_set_by_its_own_calls(aws: Aws, service: Stubber) -> None:
    functions = Functions(aws, make.REGION)
    answer = {"Configuration": CONFIGURATION, "Tags": {"team": "shop"}}
    service.add_response("get_function", answer, {"FunctionName": "orders"})
    assert functions.setting(TAGS, make.function()) == {"team": "shop"}
    service.add_client_error("get_function", "ResourceNotFoundException")
    assert functions.setting(TAGS, make.function()) == {}
    target = SettingTarget(make.function(), make.ARN)
    calls = TAGS.restore(
        target, {"team": "a", "new": "b"}, {"team": "a", "new": "b"}, {"team": "c"}
    )
    service.add_response("tag_resource", {}, {"Resource": make.ARN, "Tags": {"team": "c"}})
    service.add_response("untag_resource", {}, {"Resource": make.ARN, "TagKeys": ["new"]})
    functions.apply(calls)

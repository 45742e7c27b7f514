"""What is no answer of AWS's ends in an error that says so, whatever is wrong with it.

Every call is sent, and answered over HTTP with status 200 by something that is not AWS: a page, an
empty document, or a right answer of which one member at a time is missing, null or of another type.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.aws.cloudformation import Stacks
from lambda_fast_deploy.adapters.aws.identity import Caller, Identity
from lambda_fast_deploy.adapters.aws.invocations import Invocations
from lambda_fast_deploy.adapters.aws.lambda_functions import Functions
from lambda_fast_deploy.adapters.aws.lambda_layers import LayersApi
from lambda_fast_deploy.adapters.aws.metrics import Metrics
from lambda_fast_deploy.adapters.aws.registry import Manifest, Registry, Repository
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.aws.stack_shapes import Proposal
from lambda_fast_deploy.adapters.aws.urls import Urls
from lambda_fast_deploy.adapters.aws.versions import Versions
from lambda_fast_deploy.errors import DeployError, NotUnderstood
from lambda_fast_deploy.models import LayerVersion
from lambda_fast_deploy.models.function_url import Url
from tests.unit.make import ARN, DIGEST, REGION

CALLER = Caller("123456789012", "arn:aws:iam::123456789012:user/a")
VERSION = LayerVersion("", 1, "ab", "cd", ("cd",))
MANIFEST = Manifest("{}", "application/json", {})

# Each operation whose answer is read, and what reads it.
READERS: dict[str, Callable[[Aws], Any]] = {
    "lambda:GetFunction": lambda aws: Functions(aws, REGION).read("f"),
    "lambda:ListFunctions": lambda aws: Functions(aws, REGION).everything(),
    "lambda:GetAccountSettings": lambda aws: Functions(aws, REGION).account(),
    "lambda:CreateFunction": lambda aws: Functions(aws, REGION).create(
        "f", "run", Role="arn:aws:iam::123456789012:role/r", Code={"ZipFile": b"zip"}
    ),
    "lambda:Invoke": lambda aws: Invocations(aws, REGION).invoke("f", "1", {}),
    "lambda:PublishVersion": lambda aws: Versions(aws, REGION).publish("f", "sha", ""),
    "lambda:ListVersionsByFunction": lambda aws: Versions(aws, REGION).every("f"),
    "lambda:GetAlias": lambda aws: Versions(aws, REGION).alias("f", "live"),
    "lambda:ListAliases": lambda aws: Versions(aws, REGION).aliases("f"),
    "lambda:CreateAlias": lambda aws: Versions(aws, REGION).create_alias("f", "live", "1", ""),
    "lambda:UpdateAlias": lambda aws: Versions(aws, REGION).move_alias("f", "live", "1", "", "r"),
    "lambda:GetFunctionUrlConfig": lambda aws: Urls(aws, REGION).read("f", "live"),
    "lambda:CreateFunctionUrlConfig": lambda aws: Urls(aws, REGION).create("f", "live", Url("iam")),
    "lambda:UpdateFunctionUrlConfig": lambda aws: Urls(aws, REGION).change("f", "live", Url("iam")),
    "lambda:ListLayerVersions": lambda aws: LayersApi(aws, REGION).versions("deps"),
    "lambda:PublishLayerVersion": lambda aws: LayersApi(aws, REGION).publish(
        "deps", VERSION, {"ZipFile": b"zip"}, "sha", "python3.13", "arm64"
    ),
    "ecr:DescribeImages": lambda aws: (
        Registry(aws, REGION).digest("repo", "t"),
        Registry(aws, REGION).tags("repo", "t"),
    ),
    "ecr:BatchGetImage": lambda aws: Registry(aws, REGION).manifest("repo", DIGEST),
    "ecr:BatchDeleteImage": lambda aws: Registry(aws, REGION).delete("repo", [DIGEST]),
    "ecr:PutImage": lambda aws: Registry(aws, REGION).tag("repo", MANIFEST, "t"),
    "ecr:GetLifecyclePolicy": lambda aws: Registry(aws, REGION).policy("repo"),
    "ecr:DescribeRepositories": lambda aws: Registry(aws, REGION).find("repo"),
    "ecr:ListTagsForResource": lambda aws: Registry(aws, REGION).note(
        Repository("host/repo", "arn:repo"), "key"
    ),
    "ecr:GetAuthorizationToken": lambda aws: Registry(aws, REGION).login(),
    "ecr:GetDownloadUrlForLayer": lambda aws: Registry(aws, REGION).configuration(
        "repo", {"config": {"digest": DIGEST}}
    ),
    "cloudwatch:GetMetricData": lambda aws: Metrics(aws, REGION).calls(
        "f", "live", "1", datetime(2026, 1, 1, tzinfo=UTC)
    ),
    "cloudwatch:DescribeAlarms": lambda aws: Metrics(aws, REGION).alarms(["a"]),
    "sts:GetCallerIdentity": lambda aws: Identity(aws, REGION).caller(),
    "iam:GetRole": lambda aws: Identity(aws, REGION).lets_lambda_in("arn:aws:iam::1:role/r"),
    "iam:SimulatePrincipalPolicy": lambda aws: Identity(aws, REGION).denied(
        CALLER, ["s3:GetObject"], "*"
    ),
    "cloudformation:DescribeStacks": lambda aws: Stacks(aws, REGION).read("s"),
    "cloudformation:GetTemplate": lambda aws: Stacks(aws, REGION).template("s"),
    "cloudformation:ListStackResources": lambda aws: Stacks(aws, REGION).resources("s"),
    "cloudformation:DescribeStackEvents": lambda aws: list(Stacks(aws, REGION).events("s")),
    "cloudformation:DescribeChangeSet": lambda aws: Stacks(aws, REGION).propose(
        "s", Proposal("{}", {"TemplateBody": "{}"}, {}, (), {}), is_new=False
    ),
    "s3:HeadBucket": lambda aws: Bucket(aws, REGION, "bucket", "123456789012").region(),
    "s3:HeadObject": lambda aws: Bucket(aws, REGION, "bucket", "123456789012").checksum("key"),
    "s3:GetObject": lambda aws: Bucket(aws, REGION, "bucket", "123456789012").get("key"),
}
PAGE = b"<html><head><title>Sign in</title></head><body>Sign in to the network</body></html>"
TEXTS = (b"", b"{}", b"[]", b"null", b"7", b'"text"', b"<a/>", b"<a><b>", b"\xff\xfe\x00", PAGE)
WRONG: tuple[Any, ...] = (None, {}, "text", 7, [None])
MARKERS = {"NextMarker", "NextToken", "nextToken", "Marker", "ChangeSetId"}  # more, for ever
SETTLED = {"State": "Active", "LastUpdateStatus": "Successful", "Status": "CREATE_COMPLETE"}


Answering = Callable[..., Aws]


class Raw(io.BytesIO):
    """The body of an answer as urllib3 hands it over."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """All of it."""
        yield self.read()


@pytest.fixture(scope="module")
def answered() -> Iterator[tuple[Aws, dict[str, bytes]]]:
    """AWS, and the bodies of its answers by operation; that of all others is under nothing."""
    bodies: dict[str, bytes] = {}

    def send(request: Any, event_name: str, **_: object) -> AWSResponse:
        body = bodies.get(event_name.rpartition(".")[2], bodies[""])
        return AWSResponse(request.url, 200, {}, Raw(body))

    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "unit")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
        aws = Aws()
        aws._session.register("before-send", send)
        yield aws, bodies


@pytest.fixture
def answering(answered: tuple[Aws, dict[str, bytes]]) -> Answering:
    """AWS that answers a text to every operation, or to one and to the others what is right."""
    aws, bodies = answered

    def answer(text: bytes, operation: str = "") -> Aws:
        settled = json.dumps({"Configuration": {"FunctionArn": ARN, **SETTLED}}).encode()
        bodies.clear()
        bodies.update({"": settled, operation: text})
        return aws

    return answer


def sample(shape: Any, name: str = "") -> Any:
    """A right value of a shape, as JSON has it."""
    kind = shape.type_name
    if kind == "structure":
        members = [(key, each) for key, each in shape.members.items() if key not in MARKERS]
        members = members[:1] if shape.is_tagged_union else members
        return {each.serialization.get("name", key): sample(each, key) for key, each in members}
    if kind == "list":
        return [sample(shape.member)]
    if kind == "map":
        return {"key": sample(shape.value)}
    if kind == "string":
        known = {"imageManifest": "{}", "lifecyclePolicyText": "{}", "Version": "1", **SETTLED}
        return known.get(name, shape.enum[0] if shape.enum else ARN)
    return {"boolean": True, "blob": "e30=", "timestamp": 1.7e9}.get(kind, 7)


def spoiled(value: Any) -> Iterator[Any]:
    """A value with one thing wrong at a time: itself, or something in it."""
    yield from WRONG
    if isinstance(value, dict):
        for key, each in value.items():
            rest = {other: one for other, one in value.items() if other != key}
            yield rest
            yield from ({**rest, key: wrong} for wrong in spoiled(each))
    elif isinstance(value, list):
        yield from ([wrong] for wrong in spoiled(value[0]))


def told(ask: Callable[[Aws], Any], aws: Aws) -> DeployError | None:
    """The error of this project that a question ends with, if it does; any other goes on."""
    try:
        ask(aws)
    except DeployError as error:
        return error
    return None


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_document_of_the_api_is_told(name: str, answering: Answering) -> None:
    for text in TEXTS:
        error = told(READERS[name], answering(text))
        if isinstance(error, NotUnderstood):
            assert error.message.startswith(f"AWS's answer to {name.partition(':')[0]}:")


def test_what_botocore_adds_to_an_answer_is_no_attribute_of_a_version(answering: Answering) -> None:
    aws = answering(json.dumps({"FunctionArn": ARN, **SETTLED}).encode(), "PublishVersion")
    assert Versions(aws, REGION).publish("f", "sha", "").others == {}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "name", [name for name in READERS if name.startswith(("lambda:", "ecr:", "cloudwatch:"))]
)
def test_a_member_that_is_missing_or_odd_is_told(
    name: str, answering: Answering, answered: tuple[Aws, object]
) -> None:
    service, _, operation = name.partition(":")
    client = answered[0].client(service, REGION)
    right = sample(client.meta.service_model.operation_model(operation).output_shape)
    error = told(READERS[name], answering(json.dumps(right).encode(), operation))
    assert not isinstance(error, NotUnderstood)
    for wrong in spoiled(right):
        told(READERS[name], answering(json.dumps(wrong).encode(), operation))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"{}", "GetFunction in eu-central-1 was not understood: it has no Configuration"),
        (PAGE, "GetFunction in eu-central-1 was not understood: it has no Configuration"),
        (
            b'{"Configuration": {"FunctionArn": "f", "Description": 7}}',
            "GetFunction in eu-central-1, Configuration, Description was not understood: "
            "it is of type int, not string",
        ),
    ],
)
def test_what_is_odd_is_named(text: bytes, says: str, answering: Answering) -> None:
    error = told(READERS["lambda:GetFunction"], answering(text))
    assert isinstance(error, NotUnderstood)
    assert says in error.message
    assert error.exit_code == 3


def test_an_empty_template_is_that_of_a_stack_that_is_only_a_name(answering: Answering) -> None:
    for body in ("<TemplateBody></TemplateBody>", "<TemplateBody/>", ""):
        result = f"<GetTemplateResult>{body}</GetTemplateResult>"
        answer = f"<GetTemplateResponse>{result}</GetTemplateResponse>".encode()
        assert Stacks(answering(answer), REGION).template("shop") == ""

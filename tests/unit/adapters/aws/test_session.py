"""Every error of AWS in words for the person who must act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.exceptions as boto
import pytest
from botocore.stub import Stubber

from lambda_fast_deploy.adapters.aws.api_errors import explain
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import (
    Conflict,
    DeployError,
    NotFound,
    NotPermitted,
    NotReady,
    Refused,
    Unavailable,
)
from tests.unit.make import REGION


def client_error(code: str, message: str = "said AWS") -> boto.ClientError:
    return boto.ClientError({"Error": {"Code": code, "Message": message}}, "Op")


DENIED = (
    "User: arn:aws:iam::1:user/x is not authorized to perform: lambda:UpdateAlias on resource: y "
    "because no identity-based policy allows the lambda:UpdateAlias action"
)
CONFIGURE = "configure-aws-credentials"


@pytest.mark.parametrize(
    ("error", "kind", "said", "remedy"),
    [
        (boto.NoCredentialsError(), NotReady, "no AWS credentials were found", CONFIGURE),
        (
            boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            NotReady,
            "no AWS credentials were found",
            CONFIGURE,
        ),
        (boto.ProfileNotFound(profile="work"), NotReady, "work", "aws configure"),
        (boto.UnauthorizedSSOTokenError(), NotReady, "cannot be used", "aws sso login"),
        (
            boto.CredentialRetrievalError(provider="process", error_msg="gone"),
            NotReady,
            "cannot be used",
            CONFIGURE,
        ),
        (
            boto.EndpointConnectionError(endpoint_url="https://x"),
            NotReady,
            f"AWS cannot be reached for lambda:Op in {REGION}: Could not connect",
            "AWS_ENDPOINT_URL",
        ),
        (boto.ConnectTimeoutError(endpoint_url="https://x"), NotReady, "reached", "network"),
        (boto.ReadTimeoutError(endpoint_url="https://x"), NotReady, "reached", "network"),
        (boto.SSLError(endpoint_url="https://x", error="bad"), NotReady, "reached", "network"),
        (client_error("ExpiredToken"), NotReady, "refused the credentials", CONFIGURE),
        (client_error("ExpiredTokenException"), NotReady, "ExpiredTokenException", CONFIGURE),
        (client_error("UnrecognizedClientException"), NotReady, "refused the", CONFIGURE),
        (client_error("SignatureDoesNotMatch"), NotReady, "refused the", CONFIGURE),
        (
            client_error("RequestTimeTooSkewed", "The difference is too large."),
            NotReady,
            "the clock of this machine is wrong: The difference",
            "doctor",
        ),
        (
            client_error("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now"),
            NotReady,
            "the clock of this machine is wrong",
            "Set the clock",
        ),
        (
            client_error("InvalidSignatureException", "Signature not yet current: 2026 is still"),
            NotReady,
            "the clock of this machine is wrong",
            "Set the clock",
        ),
        (
            client_error("AccessDeniedException", DENIED),
            NotPermitted,
            f"no permission for lambda:UpdateAlias in {REGION}: User: arn",
            "Allow lambda:UpdateAlias in the IAM policy of the deploying role; lambda-",
        ),
        (
            client_error("AccessDenied", ""),
            NotPermitted,
            f"no permission for lambda:Op in {REGION}: AccessDenied",
            "Allow lambda:Op",
        ),
        (client_error("ResourceNotFoundException"), NotFound, "said AWS", ""),
        (client_error("RepositoryNotFoundException"), NotFound, "said AWS", ""),
        (client_error("ImageNotFoundException"), NotFound, "said AWS", ""),
        (client_error("NoSuchKey"), NotFound, "said AWS", ""),
        (client_error("404", ""), NotFound, "was refused: 404 (404)", ""),
        (client_error("PreconditionFailedException"), Conflict, "said AWS", ""),
        (client_error("ResourceConflictException"), Conflict, "said AWS", ""),
        (
            client_error("InvalidParameterValueException", "bad value"),
            Refused,
            f"lambda:Op in {REGION} was refused: bad value (InvalidParameterValueException)",
            "",
        ),
        (boto.ParamValidationError(report="wrong"), Refused, "wrong", ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_is_explained(
    error: Exception, kind: type[DeployError], said: str, remedy: str
) -> None:
    explained = explain(error, "lambda:Op", REGION)
    assert isinstance(explained, kind)
    assert said in explained.message
    assert "\n" not in explained.message
    assert remedy in explained.remedy
    assert bool(remedy) is bool(explained.remedy)


def test_a_refusal_keeps_the_code_of_aws() -> None:
    explained = explain(client_error("CodeStorageExceededException"), "lambda:Op", REGION)
    assert isinstance(explained, Refused)
    assert explained.code == "CodeStorageExceededException"
    assert "keep: N" in explained.remedy
    assert "layers prune" in explained.remedy


def test_a_call_names_its_operation_as_a_policy_does(
    aws: Aws, stub: Callable[[str], Stubber]
) -> None:
    stub("lambda").add_client_error("get_function", "AccessDeniedException", "no")
    with pytest.raises(NotReady, match=f"no permission for lambda:GetFunction in {REGION}"):
        aws.call(REGION, "lambda", "get_function", FunctionName="orders")


def test_a_call_without_credentials_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NotReady, match="no AWS credentials were found"):
        Aws().call(REGION, "sts", "get_caller_identity")


def test_an_unknown_profile_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(NotReady, match="nobody"):
        Aws().call(REGION, "sts", "get_caller_identity")


def test_a_client_is_made_once(aws: Aws) -> None:
    made: Any = aws.client("sts", REGION)
    assert aws.client("sts", REGION) is made
    assert aws.client("sts", "us-east-1") is not made


def test_regions_of_every_partition_are_known(aws: Aws) -> None:
    assert {"eu-central-1", "us-gov-west-1", "cn-north-1"} <= aws.regions()


CODE: Any = {"FunctionName": "orders"}
DATED = {"ResponseMetadata": {"HTTPHeaders": {"date": "Thu, 26 Nov 2026 12:00:00 GMT"}}}
AWAY = ("ServiceUnavailable", "away", 503)


@pytest.mark.usefixtures("quick")
def test_a_call_is_made_again_while_aws_is_away(aws: Aws, stub: Callable[[str], Stubber]) -> None:
    service = stub("lambda")
    service.add_response("get_function", DATED)
    for _ in range(5):
        service.add_client_error("get_function", *AWAY)
    service.add_response("get_function", DATED)
    for _ in range(2):
        aws.call(REGION, "lambda", "get_function", **CODE)


@pytest.mark.usefixtures("quick")
def test_patience_ends(aws: Aws, stub: Callable[[str], Stubber]) -> None:
    service = stub("lambda")
    service.add_response("get_function", DATED)
    for _ in range(2):
        service.add_client_error("get_function", *AWAY)
    aws.call(REGION, "lambda", "get_function", **CODE)
    aws.patience = 0
    with pytest.raises(Unavailable):
        aws.call(REGION, "lambda", "get_function", **CODE)


def test_aws_that_was_never_reached_is_not_waited_for(
    aws: Aws, stub: Callable[[str], Stubber]
) -> None:
    stub("lambda").add_client_error("get_function", *AWAY)
    with pytest.raises(Unavailable):
        aws.call(REGION, "lambda", "get_function", **CODE)


@pytest.mark.usefixtures("quick")
def test_a_conflict_after_a_lost_answer_says_so(aws: Aws, stub: Callable[[str], Stubber]) -> None:
    service = stub("lambda")
    service.add_response("get_function", DATED)
    conflict = ("PreconditionFailedException", "stale", 412)
    service.add_client_error("update_function_code", *AWAY)
    service.add_client_error("update_function_code", *conflict)
    service.add_client_error("update_function_code", *conflict)
    aws.call(REGION, "lambda", "get_function", **CODE)
    came = []
    for _ in range(2):
        with pytest.raises(Conflict) as caught:
            aws.call(REGION, "lambda", "update_function_code", **CODE)
        came.append(caught.value.repeated)
    assert came == [True, False]


def test_pages_are_asked_for_until_there_are_no_more(
    aws: Aws, stub: Callable[[str], Stubber]
) -> None:
    service = stub("lambda")
    service.add_response("list_aliases", {"NextMarker": "2"}, {"FunctionName": "orders"})
    service.add_response("list_aliases", {}, {"FunctionName": "orders", "Marker": "2"})
    pages = aws.pages(REGION, "lambda", "list_aliases", FunctionName="orders")
    assert [page.get("NextMarker") for page in pages] == ["2", None]


def test_pages_that_repeat_themselves_are_an_error(
    aws: Aws, stub: Callable[[str], Stubber]
) -> None:
    service = stub("lambda")
    for _ in range(2):
        service.add_response("list_aliases", {"NextMarker": "2"})
    with pytest.raises(Refused, match="The same next token was received twice"):
        list(aws.pages(REGION, "lambda", "list_aliases", FunctionName="orders"))

"""Who deploys, whom a role trusts, what IAM denies, and what the clock is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

import pytest
from botocore.stub import Stubber

from lambda_fast_deploy.adapters.aws.account_limits import Account
from lambda_fast_deploy.adapters.aws.identity import Caller, Identity
from lambda_fast_deploy.adapters.aws.lambda_functions import Functions
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import NotFound, NotPermitted, NotReady
from tests.unit.make import REGION, ROLE

Stub = Callable[[str], Stubber]
USER = Caller("123456789012", "arn:aws:iam::123456789012:user/ci")
SESSION = Caller("123456789012", "arn:aws:sts::123456789012:assumed-role/ci/run-1")
ACTIONS = ["lambda:PublishVersion", "lambda:UpdateAlias"]


def role(trust: Any = None, arn: str = ROLE) -> dict[str, Any]:
    return {
        "Role": {
            "Path": "/",
            "RoleName": "orders",
            "RoleId": "AROA0123456789ABCDEF",
            "Arn": arn,
            "CreateDate": datetime(2026, 1, 1, tzinfo=UTC),
            "AssumeRolePolicyDocument": quote(json.dumps(trust or {})),
        }
    }


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    } | changes


@pytest.mark.parametrize(
    ("trust", "lets"),
    [
        ([statement()], True),
        (statement(), True),
        ([statement(Effect="Deny")], False),
        ([statement(Principal={"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]})], True),
        ([statement(Principal={"Service": "ec2.amazonaws.com"})], False),
        ([statement(Principal={"AWS": "*"})], False),
        ([statement(Principal="*")], False),
        ([statement(Action=["sts:TagSession", "sts:AssumeRole"])], True),
        ([statement(Action="sts:TagSession")], False),
        ([], False),
    ],
)
def test_a_role_lets_lambda_in_when_it_trusts_the_service(
    aws: Aws, stub: Stub, trust: Any, lets: bool
) -> None:
    stub("iam").add_response("get_role", role({"Statement": trust}), {"RoleName": "orders"})
    assert Identity(aws, REGION).lets_lambda_in(f"{ROLE[:-6]}deep/path/orders") is lets


def test_a_role_that_is_not_there_is_not_found(aws: Aws, stub: Stub) -> None:
    stub("iam").add_client_error("get_role", "NoSuchEntity", "no", 404)
    with pytest.raises(NotFound):
        Identity(aws, REGION).lets_lambda_in(ROLE)


@pytest.mark.parametrize(
    ("arn", "role_name", "is_root"),
    [
        (USER.arn, "", False),
        (SESSION.arn, "ci", False),
        ("arn:aws-cn:iam::123456789012:root", "", True),
    ],
)
def test_a_caller_is_a_user_a_role_or_the_account(
    aws: Aws, stub: Stub, arn: str, role_name: str, is_root: bool
) -> None:
    stub("sts").add_response("get_caller_identity", {"Account": "123456789012", "Arn": arn}, {})
    caller = Identity(aws, REGION).caller()
    assert (caller.account, caller.role, caller.is_root) == ("123456789012", role_name, is_root)
    assert caller.partition == arn.split(":")[1]


def result(action: str, decision: str, *missing: str) -> dict[str, Any]:
    return {
        "EvalActionName": action,
        "EvalDecision": decision,
        "MissingContextValues": list(missing),
    }


def simulated(stubber: Stubber, principal: str, *results: dict[str, Any]) -> None:
    context = {"iam:PassedToService": "lambda.amazonaws.com", "aws:RequestedRegion": REGION}
    stubber.add_response(
        "simulate_principal_policy",
        {"EvaluationResults": list(results)},
        {
            "PolicySourceArn": principal,
            "ActionNames": ACTIONS,
            "ResourceArns": ["arn:x"],
            "ContextEntries": [
                {"ContextKeyName": k, "ContextKeyValues": [v], "ContextKeyType": "string"}
                for k, v in context.items()
            ],
        },
    )


def test_what_iam_denies_is_told_and_what_it_cannot_know_is_not(aws: Aws, stub: Stub) -> None:
    denied, unclear = (
        result(ACTIONS[0], "explicitDeny"),
        result(ACTIONS[1], "implicitDeny", "aws:x"),
    )
    simulated(stub("iam"), USER.arn, denied, unclear)
    assert Identity(aws, REGION).denied(USER, ACTIONS, "arn:x") == [ACTIONS[0]]


def test_a_session_is_asked_about_by_its_role_with_its_path(aws: Aws, stub: Stub) -> None:
    iam, arn = stub("iam"), "arn:aws:iam::123456789012:role/deep/ci"
    iam.add_response("get_role", role(arn=arn), {"RoleName": "ci"})
    simulated(iam, arn, *(result(action, "allowed") for action in ACTIONS))
    assert Identity(aws, REGION).denied(SESSION, ACTIONS, "arn:x") == []
    iam.add_client_error("get_role", "AccessDenied", "no", 403)
    simulated(iam, "arn:aws:iam::123456789012:role/ci", result(ACTIONS[1], "implicitDeny"))
    assert Identity(aws, REGION).denied(SESSION, ACTIONS, "arn:x") == [ACTIONS[1]]


def test_who_may_not_ask_is_told_so(aws: Aws, stub: Stub) -> None:
    stub("iam").add_client_error("simulate_principal_policy", "AccessDenied", "no", 403)
    with pytest.raises(NotPermitted, match="iam:SimulatePrincipalPolicy"):
        Identity(aws, REGION).denied(USER, ACTIONS, "arn:x")


# ---------------------------------------------------------------- session


class _Unsigned:
    """A client whose answer a test says; the one that asks without a signature is not shared."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def get_account_settings(self) -> dict[str, Any]:
        return {"ResponseMetadata": {"HTTPHeaders": self._headers}}


@pytest.mark.parametrize("off", [-3600.0, 0.0, 400.0])
def test_the_clock_is_compared_with_aws(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, off: float
) -> None:
    headers = {"date": formatdate(time.time() - off, usegmt=True)}
    monkeypatch.setattr(aws._session, "create_client", lambda *a, **k: _Unsigned(headers))
    found = aws.clock_error(REGION)
    assert found is not None
    assert off - 2 < found < off + 2


def test_without_a_date_the_clock_is_not_known(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws._session, "create_client", lambda *a, **k: _Unsigned({}))
    assert aws.clock_error(REGION) is None


def test_the_end_of_credentials_is_known_where_they_cannot_renew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Aws().expiry() is None
    monkeypatch.setenv("AWS_SESSION_TOKEN", "unit")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2100-01-01T00:00:00Z")
    left = Aws().expiry()
    assert left is not None
    assert left > 10**8
    assert not Aws().ends_untold()


def test_credentials_with_a_token_end_and_a_run_can_be_told_when(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws = Aws()
    assert not aws.ends_untold()
    monkeypatch.setenv("AWS_SESSION_TOKEN", "unit")
    aws = Aws()
    assert aws.expiry() is None
    assert aws.ends_untold()
    aws.ends = datetime.now(UTC) + timedelta(hours=1)
    assert aws.expiry() == pytest.approx(3600, abs=5)
    assert not aws.ends_untold()
    aws._dated = formatdate(time.time() + 240, usegmt=True), time.monotonic()
    assert aws.expiry() == pytest.approx(3360, abs=5)  # the machine's clock is four minutes slow


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("2020-01-01T00:00:00Z", "they have ended"),
        ("yesterday", "cannot create an AWS client for sts in eu-central-1"),
    ],
)
def test_credentials_that_have_ended_or_whose_end_is_no_time_are_no_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch, told: str, says: str
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "unit")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", told)
    with pytest.raises(NotReady) as caught:
        Aws().account(REGION)
    assert says in caught.value.message
    assert caught.value.remedy


def test_quotas_are_read(aws: Aws, stub: Stub) -> None:
    limit = {"TotalCodeSize": 100, "ConcurrentExecutions": 50, "UnreservedConcurrentExecutions": 40}
    stub("lambda").add_response(
        "get_account_settings", {"AccountLimit": limit, "AccountUsage": {"TotalCodeSize": 7}}, {}
    )
    assert Functions(aws, REGION).account() == Account(7, 100, 50, 40)

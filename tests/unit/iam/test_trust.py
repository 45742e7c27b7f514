"""Who may take on the role that deploys."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.iam.trust import cautions, trust_policy
from tests.unit import make

ACCOUNT = "210987654321"
GITHUB = "token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("who", "condition"),
    [
        ("octo/app", {"StringLike": "repo:octo/app:*"}),
        ("octo/app:pull_request", {"StringEquals": "repo:octo/app:pull_request"}),
        ("octo/app:environment:prod", {"StringEquals": "repo:octo/app:environment:prod"}),
        ("octo/app:ref:refs/heads/main", {"StringEquals": "repo:octo/app:ref:refs/heads/main"}),
        (
            "octo@12/app@34:ref:refs/tags/v1",
            {"StringEquals": "repo:octo@12/app@34:ref:refs/tags/v1"},
        ),
    ],
)
def test_a_role_trusts_a_repository(who: str, condition: dict[str, str]) -> None:
    (statement,) = trust_policy(who, ACCOUNT, "cn-north-1")["Statement"]
    assert statement["Principal"] == {
        "Federated": f"arn:aws-cn:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
    }
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"]["StringEquals"][f"{GITHUB}:aud"] == "sts.amazonaws.com.cn"
    for operator, subject in condition.items():
        assert statement["Condition"][operator][f"{GITHUB}:sub"] == subject


@pytest.mark.parametrize(
    "who",
    ["octo", "octo/*", "octo/app:*", "octo/app:ref:main", "octo@1/app", "octo/app@1", "a/b/c", ""],
)
def test_whom_to_trust_must_be_said_exactly(who: str) -> None:
    with pytest.raises(Invalid, match="expected OWNER/REPO, OWNER/REPO:environment:NAME, "):
        trust_policy(who, ACCOUNT, make.REGION)


def test_what_to_know_of_a_trust_is_told() -> None:
    wide, names = cautions("octo/app", make.REGION)
    assert "Every branch and pull request of octo/app" in wide
    assert "gh api repos/octo/app" in names
    assert "created or renamed on or after July 15, 2026" in names
    assert cautions("octo/app:environment:prod", make.REGION) == [names]
    assert cautions("octo@1/app@2:environment:prod", make.REGION) == []
    (audience,) = cautions("octo@1/app@2:environment:prod", "cn-north-1")
    assert "audience: sts.amazonaws.com.cn" in audience


@pytest.mark.parametrize(
    ("region", "name"),
    [("eu-west-1", "aws"), ("eusc-de-east-1", "aws-eusc"), ("us-gov-west-1", "aws-us-gov")],
)
def test_a_role_trusts_github_in_its_own_partition(region: str, name: str) -> None:
    (statement,) = trust_policy("octo/app", ACCOUNT, region)["Statement"]
    assert statement["Principal"]["Federated"].startswith(f"arn:{name}:iam::")
    assert statement["Condition"]["StringEquals"][f"{GITHUB}:aud"] == "sts.amazonaws.com"

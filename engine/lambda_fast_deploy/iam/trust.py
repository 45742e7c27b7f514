"""Who may take on the role that deploys: workflows of a repository on GitHub, by OpenID Connect."""

from __future__ import annotations

import re
from typing import Any

from lambda_fast_deploy.adapters.aws.partitions import partition_of
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.iam.least_policy import VERSION

_GITHUB = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"  # what configure-aws-credentials asks GitHub for by itself
# GitHub documentation, "OpenID Connect reference": example subject claims, without "repo:".
_SUBJECT = re.compile(
    r"(?P<repository>[\w.-]+(?P<id>@\d+)?/[\w.-]+(?(id)@\d+))"
    r"(?P<where>:environment:\S.*|:ref:refs/(?:heads|tags)/\S+|:pull_request)?"
)


def trust_policy(who: str, account: str, region: str) -> dict[str, Any]:
    """The policy that lets workflows of a repository on GitHub assume a role.

    Args:
        who: ``OWNER/REPO``, and whether only an environment or a ref of it.
        account: the number of the account that the role is in.
        region: any region of that account.

    Raises:
        Invalid: ``who`` is something else.
    """
    match = _SUBJECT.fullmatch(who)
    if not match:
        says = (
            "expected OWNER/REPO, OWNER/REPO:environment:NAME, OWNER/REPO:ref:refs/heads/BRANCH "
            f"or OWNER/REPO:pull_request, got {who!r}"
        )
        raise Invalid([Problem(says, Place("option --trust"))])
    partition = partition_of(region)
    operator = "StringEquals" if match["where"] else "StringLike"
    condition: dict[str, dict[str, str]] = {
        "StringEquals": {f"{_GITHUB}:aud": partition.audience},
    }
    subject = {f"{_GITHUB}:sub": f"repo:{who}{'' if match['where'] else ':*'}"}
    condition[operator] = condition.get(operator, {}) | subject
    provider = str(Arn(partition.name, "iam", "", account, f"oidc-provider/{_GITHUB}"))
    statement = {
        "Sid": "WorkflowsOnGitHub",
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    return {"Version": VERSION, "Statement": [statement]}


def cautions(who: str, region: str) -> list[str]:
    """What to know of a trust policy for ``OWNER/REPO`` and perhaps more, in a region."""
    match, notes = _SUBJECT.fullmatch(who), list[str]()
    if match and not match["where"]:
        notes.append(
            f"Every branch and pull request of {who} may assume the role; "
            f"{who}:environment:NAME or {who}:ref:refs/heads/BRANCH narrows that."
        )
    if match and not match["id"]:  # GitHub changelog, "Immutable subject claims", April 23, 2026
        notes.append(
            "Repositories that were created or renamed on or after July 15, 2026 are known by "
            "OWNER@ID/REPO@ID, and only that fits them; it is printed by: "
            f"gh api repos/{match['repository']} "
            "--jq '\"\\(.owner.login)@\\(.owner.id)/\\(.name)@\\(.id)\"'"
        )
    if (audience := partition_of(region).audience) != _AUDIENCE:
        notes.append(
            f"Give aws-actions/configure-aws-credentials the audience {audience}, and the "
            "identity provider the same as a client id."
        )
    return notes

"""The trust policy of the deploying role, for GitHub workflows by OpenID Connect."""

from __future__ import annotations

import re
from typing import Any

from lambda_fast_deploy.adapters.aws.partitions import partition_of
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.iam.least_policy import VERSION

_GITHUB = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"  # the default of configure-aws-credentials
# GitHub documentation, "OpenID Connect reference": example subject claims, without "repo:".
_SUBJECT = re.compile(
    r"(?P<repository>[\w.-]+(?P<id>@\d+)?/[\w.-]+(?(id)@\d+))"
    r"(?P<where>:environment:\S.*|:ref:refs/(?:heads|tags)/\S+|:pull_request)?"
)


def trust_policy(who: str, account: str, region: str) -> dict[str, Any]:
    """The policy that lets workflows of a repository on GitHub assume a role.

    Args:
        who: ``OWNER/REPO``, optionally followed by an environment, a ref or ``:pull_request``.
        account: the ID of the role's account.
        region: a region of that account.

    Raises:
        Invalid: ``who`` has another format.
    """
    match = _SUBJECT.fullmatch(who)
    if not match:
        message = (
            "expected OWNER/REPO, OWNER/REPO:environment:NAME, OWNER/REPO:ref:refs/heads/BRANCH "
            f"or OWNER/REPO:pull_request, got {who!r}"
        )
        raise Invalid([Problem(message, Place("option --trust"))])
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
    """Notes about a trust policy for ``who``, in a region."""
    match, notes = _SUBJECT.fullmatch(who), list[str]()
    if match and not match["where"]:
        notes.append(
            f"Every branch and pull request of {who} can assume the role; restrict it with "
            f"{who}:environment:NAME or {who}:ref:refs/heads/BRANCH."
        )
    if match and not match["id"]:  # GitHub changelog, "Immutable subject claims", April 23, 2026
        notes.append(
            "Repositories that were created or renamed on or after July 15, 2026 have the subject "
            "OWNER@ID/REPO@ID, and OWNER/REPO does not match them; print the subject with: "
            f"gh api repos/{match['repository']} "
            "--jq '\"\\(.owner.login)@\\(.owner.id)/\\(.name)@\\(.id)\"'"
        )
    if (audience := partition_of(region).audience) != _AUDIENCE:
        notes.append(
            f"Set audience: {audience} for aws-actions/configure-aws-credentials, and the same "
            "value as a client ID of the identity provider."
        )
    return notes

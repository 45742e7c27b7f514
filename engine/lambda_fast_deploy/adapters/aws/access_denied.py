"""Denied calls: the missing IAM action, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ACTION = re.compile(r"[a-z0-9-]+:[A-Z]\w+")
_NAMED = re.compile(r"not authorized to perform: ([a-z0-9-]+:\w+)")

# Messages of AWS about calls that a service makes for the caller, and about function URLs.
_IN_OTHER_WORDS = {
    r"permission to GetObject for": "s3:GetObject",
    r"permission to access the ECR image": "ecr:GetRepositoryPolicy and ecr:SetRepositoryPolicy",
    r'^\{"Message": ?"Forbidden': "lambda:InvokeFunctionUrl and lambda:InvokeFunction",
}

# Actions by requests of the registry's protocol: a client may report only a status
# (Amazon ECR user guide, "IAM permissions for pushing an image").
_REGISTRY = {
    r"HEAD request to \S+/blobs/\S+: 403": "ecr:BatchCheckLayerAvailability",
    r"GET request to \S+/blobs/\S+: 403": "ecr:GetDownloadUrlForLayer",
    r"(?:HEAD|GET) request to \S+/manifests/\S+: 403": "ecr:BatchGetImage",
    r"POST request to \S+/blobs/uploads\S*: 403": "ecr:InitiateLayerUpload",
    r"PATCH request to \S+/blobs/uploads\S*: 403": "ecr:UploadLayerPart",
    r"PUT request to \S+/blobs/uploads\S*: 403": "ecr:CompleteLayerUpload",
    r"PUT request to \S+/manifests/\S+: 403": "ecr:PutImage",
}


def denied_action(message: str) -> str:
    """The action, or actions, that AWS's error names; ``""`` if it names none."""
    if match := _NAMED.search(message):
        return match.group(1)
    return _first(_IN_OTHER_WORDS, message)


def denied_push(message: str) -> str:
    """The action that a push lacked; ``""`` if the registry refused the login itself."""
    return denied_action(message) or _first(_REGISTRY, message)


def _first(actions: Mapping[str, str], message: str) -> str:
    return next((action for words, action in actions.items() if re.search(words, message)), "")


def allow(action: str) -> str:
    """What to do about denied actions; names ``policy`` if its output has them.

    Args:
        action: the actions in words, such as ``kms:Decrypt on KEY``.
    """
    from lambda_fast_deploy.iam.permissions import LISTED  # few calls are denied

    if not LISTED.issuperset(_ACTION.findall(action)):
        return f"Allow {action} in the IAM policy of the deploying role."
    return (
        f"Allow {action} in the IAM policy of the deploying role; lambda-fast-deploy policy "
        "prints a complete policy."
    )

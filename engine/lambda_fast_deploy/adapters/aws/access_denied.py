"""Denied calls: which action of IAM's was missing, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ACTION = re.compile(r"[a-z0-9-]+:[A-Z]\w+")
_NAMED = re.compile(r"not authorized to perform: ([a-z0-9-]+:\w+)")

# What AWS says of calls that a service makes in the caller's name, and of function URLs.
_IN_OTHER_WORDS = {
    r"permission to GetObject for": "s3:GetObject",
    r"permission to access the ECR image": "ecr:GetRepositoryPolicy and ecr:SetRepositoryPolicy",
    r'^\{"Message": ?"Forbidden': "lambda:InvokeFunctionUrl and lambda:InvokeFunction",
}

# What the registry's protocol calls an action: a client may tell of a status and nothing else
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
    """The action, or actions, that a refusal of AWS's is about; nothing if it is about none."""
    if match := _NAMED.search(message):
        return match.group(1)
    return _first(_IN_OTHER_WORDS, message)


def denied_push(message: str) -> str:
    """The action that a builder lacked, if it was not its login that the registry refused."""
    return denied_action(message) or _first(_REGISTRY, message)


def _first(actions: Mapping[str, str], message: str) -> str:
    return next((action for words, action in actions.items() if re.search(words, message)), "")


def allow(action: str) -> str:
    """What to do about a denied action, or several; the printed policy has those that are listed.

    Args:
        action: the actions in words, such as ``kms:Decrypt on KEY``.
    """
    from lambda_fast_deploy.iam.permissions import LISTED  # few calls are denied

    if not LISTED.issuperset(_ACTION.findall(action)):
        return f"Allow {action} in the IAM policy of the identity that deploys."
    return (
        f"Allow {action} in the IAM policy of the identity that deploys; lambda-fast-deploy policy "
        "prints one that suffices."
    )

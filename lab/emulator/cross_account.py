"""Repositories of other accounts: calls with their registryId, and images that Lambda pulls.

https://docs.aws.amazon.com/lambda/latest/dg/images-create.html, "Amazon ECR cross-account
permissions"
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ecr

from lab.emulator.actions import Need
from lab.emulator.answers import Answer, document, success

_OWNER = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.")
_CALLS = ("_describe_images", "_batch_get_image", "_get_download_url_for_layer")


@contextlib.contextmanager
def owner_of(uri: str) -> Iterator[None]:
    """Answer as the account and region of an image's repository."""
    match = _OWNER.match(uri)
    with request_scope(*match.groups()) if match else contextlib.nullcontext():
        yield


def is_shared(need: Need, caller: str, service: str = "") -> bool:
    """Whether the policy of a repository allows an account an action.

    Args:
        need: the action, and the ARN of the repository.
        caller: the number of the account.
        service: the service that must be allowed it, too.
    """
    _, _, _, region, owner, resource = need.resource.split(":", 5)
    name = resource.removeprefix("repository/")
    policy = json.loads(ecr._repo_policies.get_scoped(owner, region, name) or "{}")
    statements = [{"Resource": "*"} | each for each in policy.get("Statement", [])]
    context = EvalContext(
        principal_arn=f"arn:aws:iam::{caller}:root",
        principal_type="Root",
        principal_account=caller,
        action=need.action,
        resource_arn=need.resource,
        region=region,
    )
    allowed = evaluate_resource_policy({"Statement": statements}, context).decision == "Allow"
    services = [each.get("Principal", {}) for each in statements]
    named = [each.get("Service") for each in services if isinstance(each, dict)]
    return allowed and (not service or service in named)


def teach() -> None:
    """Install every behaviour of this module."""
    for name in _CALLS:
        setattr(ecr, name, _of_owner(getattr(ecr, name)))
    handle = ecr.handle_registry_request

    async def handle_registry_request(
        method: str, path: str, headers: Any, body: bytes, query: dict[str, Any]
    ) -> Answer:
        """A signed URL of a layer says whose it is."""
        owner = query.get("owner", [get_account_id()])[0]
        with request_scope(owner, get_region()):
            answer: Answer = await handle(method, path, headers, body, query)
            return answer

    ecr.handle_registry_request = handle_registry_request


def _of_owner(call: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    def answer(request: dict[str, Any]) -> Answer:
        owner = request.get("registryId", get_account_id())
        with request_scope(owner, get_region()):
            answered = call(request)
        if owner == get_account_id() or answered[0] != 200:
            return answered
        found = document(answered)
        if "downloadUrl" in found:
            found["downloadUrl"] += f"&owner={owner}"
        return success(found)

    return answer

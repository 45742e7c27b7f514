"""Other accounts: what is theirs is refused, as long as no policy of theirs allows it.

A caller whose access key is the number of an account is that account's. Buckets and layers have
their owners in MiniStack already; here are functions, roles and images.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from ministack.core.iam_actions import access_denied_response
from ministack.core.router import extract_access_key_id, extract_region

from lab.emulator.actions import Request, needs
from lab.emulator.answers import Answer
from lab.emulator.cross_account import is_shared
from lab.emulator.requests import (
    Application,
    Message,
    Receive,
    Send,
    again,
    headers_of,
    identified,
    respond,
    whole_body,
)

_OWN = "000000000000"
_SERVICES = ("lambda", "ecr")
_LONGEST = 10_000  # bytes of a call that is looked into


def separated(application: Application) -> Application:
    """Return ``application`` for callers of several accounts."""

    async def guard(scope: Message, receive: Receive, send: Send) -> None:
        service, operation = identified(scope)
        headers = headers_of(scope)
        length = int(headers.get("content-length") or 0)
        if service not in _SERVICES or length > _LONGEST or scope["path"].startswith("/_"):
            await application(scope, receive, send)
            return
        query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
        key = str(extract_access_key_id(headers, query))
        account = key if re.fullmatch(r"\d{12}", key) else _OWN
        body, region = await whole_body(receive), extract_region(headers, query)
        request = Request(service, operation, scope["path"], query, body, region, account)
        if answer := refusal(request, f"arn:aws:iam::{account}:root"):
            await respond(scope, send, answer)
        else:
            await application(scope, again(body, receive), send)

    return guard


def refusal(request: Request, caller: str) -> Answer | None:
    """What AWS answers to a request for what is another account's; ``None`` where nothing is.

    The words: IAM user guide, "Troubleshoot access denied error messages", for policies of
    resources; chaos-lambda's issue 29 and serverless' issue 3374 for roles; Lambda's own
    documentation, "Images in a different account", for those.
    """
    for number, need in enumerate(needs(request)):
        parts = need.resource.split(":")
        if len(parts) < 5 or parts[4] in ("", "*", "aws", request.account):
            continue
        if need.action.startswith("ecr:") and is_shared(
            need, request.account, "lambda.amazonaws.com" if number else ""
        ):
            continue
        if need.action == "iam:PassRole":
            says = "Cross-account pass role is not allowed."
        elif number and need.action.startswith("ecr:"):
            says = (
                "Lambda does not have permission to access the ECR image. Check the ECR "
                "permissions."
            )
        elif need.action == "lambda:GetLayerVersion":
            continue
        else:
            says = (
                f"User: {caller} is not authorized to perform: {need.action} on resource: "
                f"{need.resource} because no resource-based policy allows the {need.action} action"
            )
        answer: Answer = access_denied_response(
            request.service, need.action, caller, "lab", message=says, headers={}
        )
        return answer
    return None

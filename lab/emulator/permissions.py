"""IAM: a user or an assumed role may do what its identity policies say, and nothing else.

Whoever calls with an access key that IAM or STS of the emulator gave out is held to the policies
of its user, its groups or its role; any other key, such as the lab's own, may do everything. The
policies are evaluated by MiniStack; what each request needs is in actions.py.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import contextvars
import json
from urllib.parse import parse_qs

from ministack.core.iam_actions import access_denied_response, identity_denial_message
from ministack.core.iam_evaluator import EvalContext, PrincipalInfo, evaluate, resolve_principal
from ministack.core.responses import get_account_id
from ministack.core.router import extract_access_key_id, extract_region
from ministack.services import ecr

from lab.emulator.actions import Need, Request, needs
from lab.emulator.answers import Answer, failure
from lab.emulator.registry import holder
from lab.emulator.requests import (
    Application,
    Message,
    Receive,
    Send,
    headers_of,
    identified,
    is_form,
    respond,
)
from lab.emulator.settings import REGISTRY_PASSWORD

# The access key of the request that is being answered.
_key: contextvars.ContextVar[str] = contextvars.ContextVar("lab_access_key", default="")


def enforced(application: Application) -> Application:
    """Return ``application`` behind IAM."""

    async def guard(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(("/_ministack/", "/_lab/")):
            await application(scope, receive, send)
            return
        _key.set(_access_key(scope))
        if (caller := _principal()) is None:
            await application(scope, receive, send)
            return
        body = await _whole(receive)
        if answer := _refusal(caller, scope, body):
            await respond(scope, send, answer)
            return
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return messages.pop() if messages else await receive()

        await application(scope, again, send)

    return guard


def allows(need: Need) -> bool:
    """Tell whether who made the current request may do something."""
    caller = _principal()
    return caller is None or _allowed(caller, need)


def registry_password() -> str:
    """Return the registry's password for who made the current request; it tells who that is.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html: a token has the
    permissions of the principal that asked for it.
    """
    return f"{REGISTRY_PASSWORD}.{_key.get()}" if _principal() else REGISTRY_PASSWORD


def _principal() -> PrincipalInfo | None:
    """Whom the current request's access key belongs to; None may do everything."""
    found = resolve_principal(_key.get(), get_account_id())
    is_held = isinstance(found, PrincipalInfo) and found.policies is not None
    return found if is_held else None


def _access_key(scope: Message) -> str:
    headers = headers_of(scope)
    if docker := holder(headers.get("authorization", "")):
        return docker
    query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    return str(extract_access_key_id(headers, query))


def _allowed(caller: PrincipalInfo, need: Need) -> bool:
    context = EvalContext(
        principal_arn=caller.arn,
        principal_type=caller.type,
        principal_account=caller.account,
        action=need.action,
        resource_arn=need.resource,
        region="",
        service_context={key.lower(): value for key, value in need.context.items()},
        principal_keys=caller.keys,
    )
    return bool(evaluate(context, caller.policies, *caller.limits).decision == "Allow")


def _refusal(caller: PrincipalInfo, scope: Message, body: bytes) -> Answer | None:
    headers = headers_of(scope)
    query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    service, operation = identified(scope, body if is_form(scope) else b"")
    region, account = extract_region(headers, query), caller.account
    request = Request(service, operation, scope["path"], query, body, region, account)
    for number, need in enumerate(needs(request)):
        if _allowed(caller, need):
            continue
        says = identity_denial_message(need.action, caller.arn, need.resource, False)
        if service == "registry":
            error = {"errors": [{"code": "DENIED", "message": says}]}
            return 403, {"Content-Type": "application/json"}, json.dumps(error).encode()
        if number and service == "lambda" and not need.action.startswith(("iam:", "lambda:")):
            says = _of_the_code(need, says)
        answer: Answer = access_denied_response(
            service,
            need.action,
            caller.arn,
            "lab",
            message=says,
            headers=headers,
            resource_arn=need.resource,
        )
        return answer
    return _unreadable(request)


def _of_the_code(need: Need, says: str) -> str:
    """What Lambda says when it could not get the code in the caller's name."""
    if need.action == "s3:GetObject":
        where = need.resource.rpartition(":")[2]
        return (
            "Your access has been denied by S3, please make sure your request credentials have "
            f"permission to GetObject for {where}. S3 Error Code: AccessDenied. S3 Error Message: "
            "Access Denied"
        )
    if need.action.startswith("ecr:"):
        return "Lambda does not have permission to access the ECR image. Check the ECR permissions."
    return says


def _unreadable(request: Request) -> Answer | None:
    """Let Lambda read the image's repository, as it does where the caller may write its policy.

    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    """
    given = request.document
    image = (given.get("Code") or given).get("ImageUri") if request.service == "lambda" else None
    name = (image or "").partition("/")[2].partition("@")[0].partition(":")[0]
    if name not in ecr._repositories or "lambda.amazonaws.com" in ecr._repo_policies.get(name, ""):
        return None
    resource = request.arn("ecr", f"repository/{name}")
    for what in ("GetRepositoryPolicy", "SetRepositoryPolicy"):
        if not allows(need := Need(f"ecr:{what}", resource)):
            return failure("AccessDeniedException", _of_the_code(need, ""), 403)
    statement = {
        "Sid": "LambdaECRImageRetrievalPolicy",
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }
    ecr._repo_policies[name] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return None


async def _whole(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    return bytes(body)

"""Function URLs: an address that works here, an alias' own version, and permission to call.

https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from __future__ import annotations

import re
from typing import Any

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import lambda_svc

from lab.emulator.actions import Need
from lab.emulator.aliases import routed
from lab.emulator.answers import Answer, document, success
from lab.emulator.invocations import called
from lab.emulator.permissions import allows
from lab.emulator.settings import Settings
from lab.emulator.states import unready

_PATH = "/_aws/lambda-url/"
_SCOPE = r"\d{8}/[^/,\s]+/lambda/aws4_request"
_SIGNED = re.compile(
    rf"AWS4-HMAC-SHA256 (?=.*\bCredential=[^/,\s]+/{_SCOPE}\b)(?=.*\bSignature=[0-9a-f]+).*"
)
_CREDENTIAL = re.compile(rf"[^/]+/{_SCOPE}")

_FORBIDDEN = {
    "Content-Type": "application/json",
    "x-amzn-ErrorType": "AccessDeniedException",
}

_create_function_url_config = lambda_svc._create_function_url_config
_add_permission = lambda_svc._add_permission
_handle_function_url_request = lambda_svc.handle_function_url_request


def url_id(url: str) -> str:
    """Return the id inside a function URL of the lab."""
    return url.partition(_PATH)[2].strip("/")


def add_permission(
    name: str, request: dict[str, Any], query: Any = None, path_qualifier: str | None = None
) -> Answer:
    """AddPermission: the id of a statement is taken only in the policy of its own qualifier.

    https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html (StatementId)
    """
    function = lambda_svc._functions.get(name)
    policy = function["policy"] if function else {"Statement": []}
    qualifier = lambda_svc._qualifier_from_path_or_query(path_qualifier, query)
    arn = lambda_svc._policy_resource_arn(name, qualifier)
    others = [each for each in policy["Statement"] if each.get("Resource") != arn]
    policy["Statement"] = [each for each in policy["Statement"] if each.get("Resource") == arn]
    try:
        answer: Answer = _add_permission(name, request, query, path_qualifier)
        return answer
    finally:
        policy["Statement"] = others + policy["Statement"]


def callable_by_anyone(name: str, qualifier: str | None, scope: tuple[str, str]) -> bool:
    """Tell whether the resource policy lets everyone call the URL of an AuthType of NONE.

    It takes two statements for everyone on the URL's own qualifier: lambda:InvokeFunctionUrl,
    and (for URLs made since October 2025) lambda:InvokeFunction. AWS answers 403 without them.
    """
    function = lambda_svc._functions.get_scoped(*scope, name) or {}
    allowed: set[str] = set()
    for statement in (function.get("policy") or {}).get("Statement", []):
        principal = statement.get("Principal")
        if isinstance(principal, dict):
            principal = principal.get("AWS")
        target = statement.get("Resource", "").partition(f":function:{name}")[2].lstrip(":")
        everyone = statement.get("Effect") == "Allow" and principal == "*"
        if everyone and target == (qualifier or ""):
            actions = statement.get("Action")
            allowed.update([actions] if isinstance(actions, str) else actions)
    return {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"} <= allowed


def callable_by_caller(arn: str) -> bool:
    """Tell whether the caller's own policies let it call a URL: both actions, as above."""
    actions = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
    return all(allows(Need(action, arn)) for action in actions)


def signed(headers: dict[str, str], query: dict[str, Any]) -> bool:
    """Tell whether a request bears a SigV4 signature for Lambda, in its header or its query.

    Nothing is checked of it: the lab checks no signatures.
    """
    if _SIGNED.fullmatch(headers.get("authorization", "")):
        return True
    credential = lambda_svc._qp_first(query, "X-Amz-Credential")
    return bool(_CREDENTIAL.fullmatch(credential)) and "X-Amz-Signature" in query


async def handle_function_url_request(
    identifier: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, Any],
    resolved: tuple[Any, ...] | None = None,
    **named: Any,
) -> Answer:
    """Serve a call of a function URL by the version that its alias points to."""
    resolved = resolved or lambda_svc.resolve_function_url(identifier)
    if resolved:
        account, region, name, qualifier, config = resolved
        if config.get("AuthType") == "NONE":
            allowed = callable_by_anyone(name, qualifier, (account, region))
        else:
            allowed = signed(headers, query) and callable_by_caller(config["FunctionArn"])
        # A browser asks before it signs.
        if not allowed and not (method == "OPTIONS" and config.get("Cors")):
            return 403, dict(_FORBIDDEN), b'{"Message":"Forbidden"}'
        with request_scope(account, region):
            version = routed(name, qualifier) or qualifier
        resolved = (account, region, name, version, config)
        call = called(name, qualifier)
        with request_scope(account, region):
            if unready(name, version):
                return 502, {"Content-Type": "application/json"}, b"Internal Server Error"
    answer: Answer = await _handle_function_url_request(
        identifier, method, path, headers, body, query, resolved=resolved, **named
    )
    if resolved and call.failed:
        # What went wrong is in the function's log, and nothing that its callers are told.
        return 502, {**answer[1], "Content-Type": "application/json"}, b"Internal Server Error"
    return answer


def teach(settings: Settings) -> None:
    """Install every behaviour of this module."""

    def create_function_url_config(
        name: str, request: dict[str, Any], qualifier: str | None
    ) -> Answer:
        """CreateFunctionUrlConfig: an http address on this machine, the ARN with the alias."""
        answer: Answer = _create_function_url_config(name, request, qualifier)
        if answer[0] != 201:
            return answer
        stored = lambda_svc._function_urls[lambda_svc._url_config_key(name, qualifier)]
        identifier = document(answer)["FunctionUrl"].split("://")[1].split(".")[0]
        stored["FunctionUrl"] = f"http://{settings.address}{_PATH}{identifier}/"
        if qualifier:
            stored["FunctionArn"] = f"{lambda_svc._func_arn(name)}:{qualifier}"
        return success(stored, 201)

    lambda_svc._function_url_id = url_id
    lambda_svc._create_function_url_config = create_function_url_config
    lambda_svc._add_permission = add_permission
    lambda_svc.handle_function_url_request = handle_function_url_request
    # GET /health belongs to functions and their URLs, not to the emulator.
    app._HEALTH_PATHS = ("/_ministack/health", "/_localstack/health")

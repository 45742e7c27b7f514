"""Aliases: they point at versions that exist, and their weights are followed.

https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from ministack.services import lambda_svc

from lab.emulator import provisioned
from lab.emulator.answers import Answer, failure
from lab.emulator.invocations import called
from lab.emulator.states import unfinished, unready

_create_alias = lambda_svc._create_alias
_update_alias = lambda_svc._update_alias
_invoke = lambda_svc._invoke


def refused(name: str, request: dict[str, Any]) -> Answer | None:
    """Refuse versions that are absent, weights outside 0..1, more than one other version."""
    function = lambda_svc._functions.get(name)
    if not function:
        return None
    weights = (request.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    named = [request["FunctionVersion"]] if "FunctionVersion" in request else []
    for version in [*named, *weights]:
        if version != "$LATEST" and version not in function["versions"]:
            arn = f"{function['config']['FunctionArn']}:{version}"
            return failure("ResourceNotFoundException", f"Function not found: {arn}", 404)
    if len(weights) > 1 or any(not 0 <= weight <= 1 for weight in weights.values()):
        return failure("InvalidParameterValueException", "Weight must be between 0.0 and 1.0")
    if weights and request.get("FunctionVersion") == "$LATEST":
        return failure(
            "InvalidParameterValueException",
            "$LATEST is not supported for an alias with a routing configuration",
        )
    return _not_together(function, request["FunctionVersion"], weights) if weights else None


def _not_together(function: dict[str, Any], version: str, weights: Iterable[str]) -> Answer | None:
    """Refuse the same version twice, and versions of different roles or dead-letter queues.

    The words are AWS's, but for the queues: recorded in LocalStack's snapshots, and told in
    serverless-aws-alias' issue 64.
    """
    if version in weights:
        says = (
            f"Invalid function version {version}. Function version {version} is already included "
            "in routing configuration."
        )
        return failure("InvalidParameterValueException", says)
    configs = [function["versions"][each]["config"] for each in (version, *weights)]
    same = {
        "execution role": {config["Role"] for config in configs},
        "dead-letter queue": {str(config.get("DeadLetterConfig") or {}) for config in configs},
    }
    for what, values in same.items():
        if len(values) > 1:
            says = f"Specified versions must be associated with the same {what}"
            return failure("InvalidParameterValueException", says)
    return None


def create_alias(name: str, request: dict[str, Any]) -> Answer:
    """CreateAlias: not while the function is Pending or Failed."""
    function = lambda_svc._functions.get(name)
    error = unfinished(function["config"]) if function else None
    return error or refused(name, request) or _create_alias(name, request)


def update_alias(name: str, alias: str, request: dict[str, Any]) -> Answer:
    """UpdateAlias; what is not given stays."""
    there = (lambda_svc._functions.get(name) or {"aliases": {}})["aliases"].get(alias) or {}
    kept = {key: there[key] for key in ("FunctionVersion", "RoutingConfig") if key in there}
    if error := refused(name, kept | request):
        return error
    before = provisioned.serving(there) if there else ""
    answer: Answer = _update_alias(name, alias, request)
    if answer[0] == 200 and "FunctionVersion" in request:
        provisioned.moved(name, alias, before)
    return answer


def routed(name: str, qualifier: str | None) -> str | None:
    """Return the version which an alias' weights choose for this call, or None for its own."""
    function = lambda_svc._functions.get(name)
    alias = function["aliases"].get(qualifier) if function and qualifier else None
    weights = ((alias or {}).get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    for version, weight in weights.items():
        if random.random() < weight:
            return str(version)
    return None


async def invoke(
    name: str,
    event: Any,
    headers: dict[str, str],
    qualifier: str | None = None,
    query: dict[str, Any] | None = None,
) -> Answer:
    """Invoke by alias: each call goes to one of its versions, by weight."""
    wanted = qualifier or lambda_svc._qp_first(query or {}, "Qualifier") or None
    called(name, wanted)
    version = routed(name, wanted) or qualifier
    if error := unready(name, version or wanted):
        return error
    answer: Answer = await _invoke(name, event, headers, version, query)
    return answer


def teach() -> None:
    """Install every behaviour of this module."""
    lambda_svc._create_alias = create_alias
    lambda_svc._update_alias = update_alias
    lambda_svc._invoke = invoke

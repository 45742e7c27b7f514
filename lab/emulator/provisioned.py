"""Provisioned concurrency of an alias: until a new version has it, the one before serves all calls.

AWS itself gives the alias weights for that, of 1 on the version before, and takes them away after
minutes: terraform-provider-aws' pull request 48116 and terraform's issue 24957. What UpdateAlias
answers has none of them yet, and the revision of the alias is another one once they are gone; of
neither is known how AWS does it.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import lambda_svc

from lab.emulator.answers import Answer, failure, success

seconds = 0.5  # that an alias' version takes to have its concurrency; set by the pace

_READY = ("AvailableProvisionedConcurrentExecutions", "AllocatedProvisionedConcurrentExecutions")

_put = lambda_svc._put_provisioned_concurrency


def put(name: str, qualifier: str, request: dict[str, Any]) -> Answer:
    """PutProvisionedConcurrencyConfig: not for an alias with weights, nor for $LATEST.

    It is IN_PROGRESS at first: https://docs.aws.amazon.com/lambda/latest/api/, and READY later.
    """
    alias = (lambda_svc._functions.get(name) or {"aliases": {}})["aliases"].get(qualifier) or {}
    if alias.get("RoutingConfig"):
        says = "Alias with weights can not be used with Provisioned Concurrency"
        return failure("InvalidParameterValueException", says)
    if qualifier == "$LATEST":
        says = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        return failure("InvalidParameterValueException", says)
    answer: Answer = _put(name, qualifier, request)
    if answer[0] != 202:
        return answer
    config = lambda_svc._functions[name]["provisioned_concurrency"][qualifier]
    ready = {key: config[key] for key in ("Status", *_READY)}
    config.update({"Status": "IN_PROGRESS", **dict.fromkeys(_READY, 0)})

    def end() -> None:
        time.sleep(seconds)
        config.update(ready)

    _later(end)
    return success(config, 202)


def serving(alias: dict[str, Any]) -> str:
    """Return the version that serves the most calls of an alias."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return next((version for version, part in weights.items() if part == 1), "") or str(
        alias["FunctionVersion"]
    )


def moved(name: str, alias_name: str, before: str) -> None:
    """Let the version that has served an alias serve on until another one is ready."""
    function = lambda_svc._functions[name]
    alias, settings = function["aliases"][alias_name], function.get("provisioned_concurrency", {})
    is_whole = not alias.get("RoutingConfig")
    if alias_name not in settings or not is_whole or alias["FunctionVersion"] == before:
        return
    weights = alias["RoutingConfig"] = {"AdditionalVersionWeights": {before: 1.0}}

    def end() -> None:
        time.sleep(seconds)
        if alias.get("RoutingConfig") is weights:
            del alias["RoutingConfig"]
            alias["RevisionId"] = new_uuid()

    _later(end)


def _later(work: Callable[[], None]) -> None:
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), daemon=True).start()


def teach() -> None:
    """Install every behaviour of this module."""
    lambda_svc._put_provisioned_concurrency = put

"""The faults that are injected, by name, and what must become of a run that meets one."""

from __future__ import annotations

import json
from typing import Any

Rule = dict[str, Any]


def _said(kind: str) -> str:
    return json.dumps({"__type": kind, "message": f"{kind}, says the fault"})


def _denied(message: str) -> str:
    """A refusal as a registry words it (OCI distribution specification, "Error codes")."""
    return json.dumps({"errors": [{"code": "DENIED", "message": message}]})


SILENCE = 75  # seconds; the engine waits 70 for AWS and 30 for an address

# Of AWS's APIs.
RECOVERABLE: dict[str, Rule] = {
    "throttled": {"status": 429, "body": _said("TooManyRequestsException")},
    "500": {"status": 500, "body": _said("ServiceException")},
    "503": {"status": 503, "body": ""},
    "reset": {"cut": 0},
    "lost": {"lost": True},
}
FINAL: dict[str, Rule] = {
    "denied": {"status": 403, "body": _said("AccessDeniedException")},
    "expired": {"status": 403, "body": _said("ExpiredTokenException")},
}
API = RECOVERABLE | FINAL
# Of S3, whose errors are XML; those of HEAD have no body.
S3: dict[str, Rule] = {
    **{kind: RECOVERABLE[kind] for kind in ("503", "reset", "lost")},
    "cut": {"cut": 100_000},
    "refused": {"status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"},
}
# What stands on the first line of a run that met a fault which no second try mends.
CAUSES = {
    "denied": "no permission for ",
    "refused": "no permission for ",
    "expired": "refused the credentials",
}

# Of the registry; each is met once, but for a login that no longer counts until there is a new one.
CHALLENGE = {"WWW-Authenticate": 'Basic realm="http://127.0.0.1/",service="ecr.amazonaws.com"'}
REGISTRY: dict[str, Rule] = {
    "503": {"status": 503},
    "reset": {"cut": 0},
    "cut": {"cut": 100},
    "lost": {"lost": True},
    "401": {"status": 401, "body": _denied("Not Authorized"), "headers": CHALLENGE},
    "token": {
        "status": 403,
        "body": _denied("Your authorization token has expired. Reauthenticate and try again."),
        "until": "GetAuthorizationToken",
    },
}


def rule(call: str, fault: Rule) -> Rule:
    """The rule for one call; ``Name:2`` is the third of that name."""
    operation, _, number = call.partition(":")
    often = {} if "until" in fault else {"times": 1}
    return {"operation": operation, "skip": int(number or 0), **often, **fault}


def cause(log: str) -> str:
    """The first line of the error that a run ended with."""
    return log.partition("error: ")[2].partition("\n")[0]

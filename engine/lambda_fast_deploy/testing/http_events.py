"""Converts an HTTP request to the event that a URL, an API or a load balancer sends a function."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.models import EventKind

HOST = "lambda-fast-deploy.test"
NAME = "lambda-fast-deploy"
# Content types that are sent as text and not in base64 (Elastic Load Balancing guide, "Lambda
# functions as targets"); function URLs and APIs send these as text, too.
_TEXT = re.compile(r"text/|application/(json|javascript|xml)\s*(;|$)", re.IGNORECASE)
_TARGET = str(Arn("aws", "elasticloadbalancing", "us-east-1", "0" * 12, f"targetgroup/{NAME}/0"))


def event_of(
    kind: EventKind, method: str, path: str, body: bytes, more: Mapping[str, str]
) -> dict[str, Any]:
    """The event for the request of a test.

    Args:
        kind: its sender: a function URL or an HTTP API (``http``, payload format 2.0), a REST
            API (``rest``, format 1.0), or an Application Load Balancer (``alb``).
        method: of the request.
        path: of the request, with its query.
        body: of the request.
        more: headers in addition to those of every request.
    """
    headers = {"host": HOST, "user-agent": NAME}
    if body:
        headers["content-type"] = "application/octet-stream"
        headers["content-length"] = str(len(body))
    headers |= {name.lower(): value for name, value in more.items()}
    raw_path, _, query = path.partition("?")
    if kind == "http":
        return _http(method, raw_path, query, headers) | _body(body, headers, None)
    if kind == "rest":
        return _rest(method, raw_path, query, headers) | _body(body, headers, None)
    return _alb(method, raw_path, query, headers) | _body(body, headers, "")


def _body(body: bytes, headers: Mapping[str, str], empty: str | None) -> dict[str, Any]:
    if not body:
        return {"body": empty, "isBase64Encoded": False}
    is_text = _TEXT.match(headers["content-type"]) and "content-encoding" not in headers
    with contextlib.suppress(UnicodeDecodeError):
        if is_text:
            return {"body": body.decode(), "isBase64Encoded": False}
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _http(method: str, path: str, query: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Lambda developer guide, "Invoking Lambda function URLs"."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "queryStringParameters": parameters,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": NAME,
            "domainName": HOST,
            "domainPrefix": NAME,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": NAME,
            },
            "requestId": NAME,
            "routeKey": "$default",
            "stage": "$default",
            "time": _now(),
            "timeEpoch": int(units.in_ms(clock.now().timestamp())),
        },
    }


def _rest(method: str, path: str, query: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """API Gateway developer guide, "Input format of a Lambda function for proxy integration"."""
    several: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        several.setdefault(name, []).append(value)
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in several.items()} or None,
        "multiValueQueryStringParameters": several or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": NAME,
            "domainName": HOST,
            "domainPrefix": NAME,
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": NAME},
            "path": path,
            "protocol": "HTTP/1.1",
            "requestId": NAME,
            "requestTime": _now(),
            "requestTimeEpoch": int(units.in_ms(clock.now().timestamp())),
            "resourceId": NAME,
            "resourcePath": path,
            "stage": "$default",
        },
    }


def _alb(method: str, path: str, query: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Elastic Load Balancing guide, "Lambda functions as targets"; it does not decode the query."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return {
        "requestContext": {"elb": {"targetGroupArn": _TARGET}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {name: value for name, _, value in pairs},
        "headers": headers,
    }


def _now() -> str:
    return clock.now().strftime("%d/%b/%Y:%H:%M:%S +0000")

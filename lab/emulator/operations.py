"""Which AWS operation an HTTP request is, by the AWS service models that botocore carries."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import botocore.loaders
import botocore.model

_READS = tuple(
    "Get List Describe Head BatchGet BatchCheck Invoke Lookup Simulate Filter Ping".split()
)
# Signing name -> folder of the model, where the two differ.
_MODELS = {"monitoring": "cloudwatch", "states": "stepfunctions", "execute-api": "apigateway"}


@dataclass(frozen=True)
class Route:
    """One operation of a REST service, and what a request must carry to be it."""

    name: str
    method: str
    path: re.Pattern[str]
    query: frozenset[tuple[str, str | None]]
    headers: frozenset[str]

    def matches(self, query: Mapping[str, list[str]], headers: Mapping[str, str]) -> bool:
        """Tell whether a request with its method and path can be this operation."""
        return all(
            key in query and (value is None or value in query[key]) for key, value in self.query
        ) and all(name in headers for name in self.headers)

    @property
    def weight(self) -> int:
        """The more a route asks for, the more surely a matching request means it."""
        return len(self.query) + len(self.headers) + len(self.path.pattern.split("/"))


def is_mutating(operation: str, body: bytes = b"") -> bool:
    """Tell whether an operation changes anything: all do but those named like a question.

    UpdateFunctionCode does not when its body says ``"DryRun": true`` (Lambda API,
    UpdateFunctionCode).
    """
    if operation == "UpdateFunctionCode":
        return not _is_rehearsal(body)
    return not operation.startswith(_READS)


def _is_rehearsal(body: bytes) -> bool:
    try:
        asked = json.loads(body)
    except ValueError:
        return False
    return isinstance(asked, dict) and asked.get("DryRun") is True


def registry_operation(method: str, path: str, query: Mapping[str, list[str]]) -> str:
    """Name a request of the registry protocol: GetManifest, UploadBlob, ..."""
    if path.rstrip("/") == "/v2":
        return "Ping"
    if "/manifests/" in path:
        return f"{method.capitalize()}Manifest"
    if path.endswith("/tags/list"):
        return "ListTags"
    if "/blobs/uploads" in path:
        if method == "POST":
            return "MountBlob" if "mount" in query else "StartBlobUpload"
        return {"PATCH": "UploadBlob", "PUT": "CompleteBlobUpload", "GET": "GetBlobUpload"}.get(
            method, "CancelBlobUpload"
        )
    return f"{method.capitalize()}Blob"


def rest_operation(
    service: str,
    method: str,
    path: str,
    query: Mapping[str, list[str]],
    headers: Mapping[str, str],
) -> str:
    """Name a request of a REST service (Lambda, S3, ...); ``METHOD path`` if it has no model."""
    fitting = [route for route in _at(service, method, path) if route.matches(query, headers)]
    if not fitting:
        return f"{method} {path}"
    return max(fitting, key=lambda route: route.weight).name


@functools.lru_cache(4096)
def _at(service: str, method: str, path: str) -> tuple[Route, ...]:
    routes = [route for route in _routes(service) if route.method == method]
    return tuple(route for route in routes if route.path.fullmatch(path))


@functools.cache
def _routes(service: str) -> tuple[Route, ...]:
    loader = botocore.loaders.Loader()
    try:
        model = botocore.model.ServiceModel(
            loader.load_service_model(_MODELS.get(service, service), "service-2")
        )
    except botocore.loaders.UnknownServiceError:
        return ()
    return tuple(_route(model.operation_model(name)) for name in model.operation_names)


def _route(operation: botocore.model.OperationModel) -> Route:
    path, _, static = operation.http["requestUri"].partition("?")
    query: set[tuple[str, str | None]] = set()
    for part in filter(None, static.split("&")):
        key, _, value = part.partition("=")
        query.add((key, value or None))
    headers: set[str] = set()
    shape = operation.input_shape
    if shape is not None:
        for required in shape.required_members:
            member = shape.members[required].serialization
            if member.get("location") == "querystring":
                query.add((member["name"], None))
            elif member.get("location") == "header":
                headers.add(member["name"].lower())
    pieces = [_expression(piece) for piece in re.split(r"(\{[^}]*\})", path)]
    pattern = "".join(pieces).rstrip("/") + "/?"
    return Route(
        operation.name,
        operation.http["method"],
        re.compile(pattern),
        frozenset(query),
        frozenset(headers),
    )


def _expression(piece: str) -> str:
    """Return the regular expression of a piece of a path: {Name}, {Key+} or plain text."""
    if not piece.startswith("{"):
        return re.escape(piece)
    return ".+" if piece.endswith("+}") else "[^/]+"

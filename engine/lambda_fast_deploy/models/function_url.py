"""The function URL: as desired, and as AWS has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lambda_fast_deploy.models.attribute_change import AttributeChange
from lambda_fast_deploy.models.enums import Access

_CORS: Mapping[str, str] = {
    "origins": "AllowOrigins",
    "methods": "AllowMethods",
    "headers": "AllowHeaders",
    "expose-headers": "ExposeHeaders",
    "credentials": "AllowCredentials",
    "max-age": "MaxAge",
}


def cors_of(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The API's ``Cors`` for the keys of lambda-deploy.yml."""
    read: Mapping[str, Callable[[Any], Any]] = {"max-age": int, "credentials": "true".__eq__}
    return {_CORS[key]: read.get(key, list)(each) for key, each in value.items()}


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """A function URL in AWS (API: ``GetFunctionUrlConfig``).

    ``is_open``: a resource policy lets everyone call it, as public access requires. ``cors`` is the
    API's ``Cors``. ``stream``: it answers while the function still runs.
    """

    address: str
    access: Access
    is_open: bool = True
    cors: Mapping[str, Any] = field(default_factory=dict, hash=False)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Url:
    """The desired function URL; ``cors`` and ``stream`` are ``None`` to leave them unchanged."""

    access: Access | Literal["none"]
    cors: Mapping[str, Any] | None = field(default=None, hash=False)
    stream: bool | None = None

    @classmethod
    def of(cls, observed: FunctionUrl) -> Url:
        """What makes a URL as it was observed."""
        return cls(observed.access, observed.cors, observed.stream)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of ``CreateFunctionUrlConfig`` and ``UpdateFunctionUrlConfig``."""
        mode = {True: "RESPONSE_STREAM", False: "BUFFERED"}
        return {
            "AuthType": "NONE" if self.access == "public" else "AWS_IAM",
            **({} if self.cors is None else {"Cors": dict(self.cors)}),
            **({} if self.stream is None else {"InvokeMode": mode[self.stream]}),
        }

    def changes(self, observed: FunctionUrl | None) -> tuple[AttributeChange, ...]:
        """How a URL differs from this one, for people."""
        before = observed or FunctionUrl("", "iam")
        changes = []
        if observed is None or before.access != self.access:
            access = observed.access if observed else ""
            changes.append(AttributeChange("url", access, self.access))
        if self.cors is not None and _comparable(self.cors) != _comparable(before.cors):
            changes.append(AttributeChange("url.cors", _shown(before.cors), _shown(self.cors)))
        if self.stream is not None and self.stream != before.stream:
            one, other = (str(value).lower() for value in (before.stream, self.stream))
            changes.append(AttributeChange("url.stream", one, other))
        return tuple(changes)


def _comparable(cors: Mapping[str, Any]) -> dict[str, Any]:
    """What a ``Cors`` allows: headers have no case, and an absent member allows nothing."""
    return {
        member: [each.lower() for each in value] if member.endswith("Headers") else value
        for member, value in cors.items()
        if value
    }


def _shown(cors: Mapping[str, Any]) -> str:
    parts = (
        f"{key} {' '.join(value) if isinstance(value, list) else str(value).lower()}"
        for key, member in _CORS.items()
        if (value := cors.get(member)) is not None
    )
    return ", ".join(parts) or "none"

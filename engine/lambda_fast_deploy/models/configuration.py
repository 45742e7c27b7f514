"""The attributes of a function: configured, and observed in AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Network:
    """The subnets and security groups of a function (API: ``VpcConfig``); empty for no VPC.

    ``ipv6`` allows IPv6 in dual-stack subnets. No key sets it, and a deploy does not change it.
    """

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    ipv6: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configured attributes; ``None`` or empty leaves an attribute unchanged.

    ``memory`` and ``storage`` (of /tmp) are in MB and ``timeout`` in seconds, as in the Lambda API.
    ``logging`` has the keys of the API's ``LoggingConfig``; absent ones are left unchanged.
    """

    memory: int | None = None
    timeout: int | None = None
    storage: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    network: Network | None = None
    tracing: str | None = None
    logging: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedAttributes:
    """The attributes of ``$LATEST`` or of a version in AWS, in units of the API.

    ``overrides`` take precedence over ENTRYPOINT, CMD and WORKDIR of an image, by the names of the
    API's ``ImageConfig``.
    """

    runtime: str
    handler: str
    role: str
    description: str
    layers: tuple[str, ...]
    memory: int
    timeout: int
    storage: int
    environment: Mapping[str, str]
    network: Network
    tracing: str
    logging: Mapping[str, str]
    overrides: Mapping[str, Any] = field(default_factory=dict)

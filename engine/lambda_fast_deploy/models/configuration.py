"""The attributes of a function: as the user gives them, and as AWS has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Network:
    """The subnets and security groups of a VPC (API: ``VpcConfig``); none takes it out of one.

    ``ipv6`` is whether it may speak IPv6 where the subnets do. No key sets it, and a function
    keeps what it has.
    """

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    ipv6: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """The attributes that the user gave; what is ``None`` or empty is left alone.

    ``memory`` and ``storage`` (of /tmp) are in MB and ``timeout`` in seconds, as the Lambda API has
    them. ``logging`` has the keys of the API's ``LoggingConfig``; those that it lacks are left.
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
    """The attributes of ``$LATEST`` or of a version as AWS has them; units are the API's."""

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

"""The attributes of a function: configured, and observed in AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lambda_fast_deploy.models.metric_alarms import Alarms


@dataclass(frozen=True, slots=True)
class Network:
    """The subnets and security groups of a function (API: ``VpcConfig``); empty for no VPC.

    ``ipv6`` allows IPv6 in dual-stack subnets; ``None`` leaves it unchanged.
    """

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    ipv6: bool | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configured attributes; ``None`` or empty leaves an attribute unchanged.

    ``None`` as the value of a variable or a tag removes it.

    ``memory`` and ``storage`` (of /tmp) are in MB and ``timeout`` in seconds, as in the Lambda API.
    ``logging`` has the keys of the API's ``LoggingConfig``; absent ones are left unchanged.
    ``snap_start`` is the API's ``ApplyOn``. ``file_systems`` are the ARNs of access points by the
    paths where they are mounted. ``dead_letters`` is the ARN of a queue or topic, and
    ``environment_key`` that of a KMS key; both are empty to remove it. The concurrency is in
    executions and ``logging_retention`` in days; each is ``""`` to remove it. ``asynchronous``
    has the words of its keys, with ``max-age`` in seconds. ``also`` are
    further parameters of the API, by its names.
    """

    memory: int | None = None
    timeout: int | None = None
    storage: int | None = None
    environment: Mapping[str, str | None] = field(default_factory=dict)
    description: str | None = None
    network: Network | None = None
    tracing: str | None = None
    logging: Mapping[str, str] = field(default_factory=dict)
    snap_start: str | None = None
    file_systems: Mapping[str, str] | None = None
    dead_letters: str | None = None
    environment_key: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)
    concurrency_reserved: int | str | None = None
    concurrency_provisioned: int | str | None = None
    asynchronous: Mapping[str, Any] | None = None
    recursive_loop: str | None = None
    logging_retention: int | str | None = None
    alarms: Alarms | None = None
    also: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedAttributes:
    """The attributes of ``$LATEST`` or of a version in AWS, in units of the API.

    ``overrides`` take precedence over ENTRYPOINT, CMD and WORKDIR of an image, by the names of the
    API's ``ImageConfig``. ``others`` are those without a field, by their names in the API.
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
    snap_start: str
    file_systems: Mapping[str, Any]
    dead_letters: str
    environment_key: str
    others: Mapping[str, Any]

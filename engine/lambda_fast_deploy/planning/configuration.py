"""The difference between the configuration that was asked for and the one that is there.

Only keys that the user gave are compared and sent; everything else is left as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.models import Function, FunctionState, Network, ZipSource
from lambda_fast_deploy.state import marks


def update(
    function: Function,
    current: FunctionState,
    layers: tuple[str, ...] | None,
    foreign: Collection[str] = (),
) -> dict[str, Any]:
    """Parameters of ``UpdateFunctionConfiguration`` that would change something.

    Args:
        function: what was asked for.
        current: what is there.
        layers: ARNs of the function's layers; ``None`` when one is yet to be published, which
            counts as a change.
        foreign: those that others attached, which stay where they are.
    """
    wanted = function.configuration
    environment = {**current.environment, **wanted.environment}
    pairs: list[tuple[str, Any, Any]] = [
        ("Role", function.role, current.role),
        ("MemorySize", wanted.memory, current.memory),
        ("Timeout", wanted.timeout, current.timeout),
        ("Description", wanted.description, current.description),
        ("EphemeralStorage", _size(wanted.storage), _size(current.storage)),
        ("TracingConfig", _mode(wanted.tracing), _mode(current.tracing)),
    ]
    if isinstance(function.source, ZipSource):
        pairs += [
            ("Runtime", function.source.runtime, current.runtime),
            ("Handler", function.source.handler, current.handler),
        ]
    changes = {key: want for key, want, have in pairs if want is not None and want != have}
    if environment != dict(current.environment):
        changes["Environment"] = {"Variables": environment}
    logging = _merged(current.logging, wanted.logging)
    if logging != dict(current.logging):
        changes["LoggingConfig"] = logging
    if wanted.network is not None and _members(wanted.network) != _members(current.network):
        changes["VpcConfig"] = vpc_config(replace(wanted.network, ipv6=current.network.ipv6))
    source = function.source
    if isinstance(source, ZipSource) and not source.keeps_layers:
        attached = None if layers is None else among(current.layers, layers, foreign)
        if attached != current.layers:
            changes["Layers"] = None if attached is None else list(attached)
    return changes


def among(
    current: tuple[str, ...], layers: tuple[str, ...], foreign: Collection[str]
) -> tuple[str, ...]:
    """Layers in the place of those of this project, with what others attached before and after."""
    ours = (index for index, arn in enumerate(current) if arn not in foreign)
    first = next(ours, len(current))
    return (*current[:first], *layers, *(arn for arn in current[first:] if arn in foreign))


def summary(
    function: Function,
    current: FunctionState,
    changes: Mapping[str, Any],
    foreign: Collection[str],
) -> str:
    """What of a configuration changes, for people; of layers, which stay and which are taken off.

    Args:
        function: what was asked for.
        current: what is there.
        changes: what ``update`` has found.
        foreign: the layers that others attached.
    """
    source = function.source
    wanted = set(source.layers) if isinstance(source, ZipSource) else set()
    wanted |= {layer_name(arn) for arn in changes.get("Layers") or ()}
    kept = [_short(arn) for arn in current.layers if arn in foreign]
    gone = [
        _short(arn)
        for arn in current.layers
        if arn not in foreign and layer_name(arn) not in wanted
    ]
    about = [
        *([f"keeps {', '.join(kept)} of others"] if kept else []),
        *([f"takes off {', '.join(gone)}"] if gone else []),
    ]
    layers = f"Layers ({'; '.join(about)})" if about else "Layers"
    return ", ".join(layers if key == "Layers" else key for key in sorted(changes))


def layer_name(arn: str) -> str:
    """The name of the layer that a version is of."""
    return Arn.parse(arn).name


def _short(arn: str) -> str:
    """A layer's name and version."""
    return f"{Arn.parse(arn).name}:{Arn.parse(arn).qualifier}"


def creation(function: Function, layers: tuple[str, ...]) -> dict[str, Any]:
    """Parameters of ``CreateFunction`` besides the code."""
    wanted = function.configuration
    parameters: dict[str, Any] = {
        "Role": function.role,
        "Architectures": [str(function.architecture)],
        "MemorySize": wanted.memory,
        "Timeout": wanted.timeout,
        "Description": wanted.description,
        "Environment": {"Variables": dict(wanted.environment)} if wanted.environment else None,
        "EphemeralStorage": _size(wanted.storage),
        "TracingConfig": _mode(wanted.tracing),
        "LoggingConfig": dict(wanted.logging) or None,
        "VpcConfig": vpc_config(wanted.network) if wanted.network else None,
        "Tags": dict(wanted.tags) or None,
    }
    if isinstance(function.source, ZipSource):
        parameters |= {
            "PackageType": "Zip",
            "Runtime": function.source.runtime,
            "Handler": function.source.handler,
            "Layers": list(layers),
        }
    else:
        parameters["PackageType"] = "Image"
    return {key: value for key, value in parameters.items() if value is not None}


def parameters_of(state: FunctionState) -> dict[str, Any]:
    """Everything of a state that ``UpdateFunctionConfiguration`` takes, and that is known."""
    values: dict[str, Any] = {
        "Role": state.role,
        "MemorySize": state.memory,
        "Timeout": state.timeout,
        "Description": state.description,
        "EphemeralStorage": {"Size": state.storage},
        "TracingConfig": {"Mode": state.tracing},
        "VpcConfig": vpc_config(state.network),
    }
    if not state.environment_error:
        values["Environment"] = {"Variables": dict(state.environment)}
    if state.logging:
        values["LoggingConfig"] = dict(state.logging)
    if state.package == "Zip":
        values |= {
            "Runtime": state.runtime,
            "Handler": state.handler,
            "Layers": list(state.layers),
        }
    return values


def tested_mark(state: FunctionState) -> str:
    """What stands for the code and configuration of ``$LATEST`` once its tests have passed."""
    code = state.image_digest or state.code_sha256
    whole = json.dumps([code, state.architecture, parameters_of(state)], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def is_proved(function: Function, state: FunctionState) -> bool:
    """Whether what ``$LATEST`` holds has passed its tests, where users call that and it has any."""
    tested = state.tags.get(marks.TESTED)
    return not function.proves_latest or tested == tested_mark(state)


def _size(storage: int | None) -> dict[str, Any] | None:
    return None if storage is None else {"Size": storage}


def _mode(tracing: str | None) -> dict[str, Any] | None:
    return None if tracing is None else {"Mode": tracing}


def _merged(current: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    """A ``LoggingConfig``; Lambda refuses the levels that were there once the format is Text."""
    merged = {**current, **wanted}
    if merged.get("LogFormat") == "Text":
        merged = {key: value for key, value in merged.items() if not key.endswith("LogLevel")}
    return merged


def vpc_config(network: Network) -> dict[str, Any]:
    """A network as the API has it; the member for IPv6 is false unless it is sent."""
    ipv6 = {"Ipv6AllowedForDualStack": True} if network.ipv6 and network.subnets else {}
    return {
        "SubnetIds": list(network.subnets),
        "SecurityGroupIds": list(network.security_groups),
        **ipv6,
    }


def _members(network: Network) -> tuple[set[str], set[str]]:
    return set(network.subnets), set(network.security_groups)

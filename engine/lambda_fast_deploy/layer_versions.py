"""The versions of the configuration's layers, their users, and the deletion of unused ones.

A deleted layer version still works where it is attached, but cannot be attached again, so that a
rollback to an older function version would fail. Therefore ``prune`` keeps layer versions that any
function version in the account has (Lambda developer guide, "Deleting a layer version").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.models import LayerVersion, Settings
from lambda_fast_deploy.schema.yaml_lines import nearest


@dataclass(frozen=True, slots=True)
class LayerUse:
    """A layer version and the function versions that use it; ``kept`` is the reason to keep it."""

    region: str
    layer: str
    version: LayerVersion
    users: tuple[str, ...]
    kept: str


def uses(settings: Settings, clients: Clients, only: str = "") -> list[LayerUse]:
    """Every version of the configuration's layers, the newest first.

    Args:
        settings: the settings.
        clients: the clients to read with.
        only: the name of one layer; empty for all.

    Raises:
        Invalid: no layer has that name.
    """
    names = [name for layer in settings.layers.values() for name in layer.parts]
    if only and only not in names:
        message = f"is not in the configuration{nearest(only, names)}"
        raise Invalid([Problem(message, Place(f"layer {only}"))])
    versions = []
    for region in settings.regions:
        users = _users(clients, region)
        for name in [only] if only else names:
            for index, version in enumerate(clients.layers(region).versions(name)):
                functions = users.get(version.arn, ())
                newest = "" if index else "the newest"
                kept = f"used by {', '.join(functions)}" if functions else newest
                versions.append(LayerUse(region, name, version, functions, kept))
    return versions


def _users(clients: Clients, region: str) -> dict[str, tuple[str, ...]]:
    """The function versions (``name:version``) that use each layer version, by its ARN."""
    users: dict[str, tuple[str, ...]] = {}
    for state in clients.functions(region).everything():
        name = Arn.parse(state.arn).name
        for arn in state.layers:
            users[arn] = (*users.get(arn, ()), f"{name}:{state.version}")
    return users


def prune(versions: Iterable[LayerUse], clients: Clients) -> Iterator[LayerUse]:
    """Delete the unused versions one by one; yields each after its deletion.

    Raises:
        DeployError: one could not be deleted; the following ones are not deleted either.
    """
    for use in versions:
        if not use.kept:
            clients.layers(use.region).delete(use.layer, use.version.number)
            yield use

"""The versions of the configuration's layers: who uses them, and which can go.

A layer version that is deleted goes on working where it is attached, but cannot be attached again:
going back to an older version of a function would fail. So what any version of any function in
the account still has is kept (Lambda developer guide, "Deleting a layer version").
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
    """A layer version and the function versions that have it; ``kept`` says why it stays."""

    region: str
    layer: str
    version: LayerVersion
    users: tuple[str, ...]
    kept: str


def uses(settings: Settings, clients: Clients, only: str = "") -> list[LayerUse]:
    """Every version of the layers that the configuration names, the newest first.

    Args:
        settings: what the configuration names.
        world: where to look.
        only: the name of one layer, or nothing for all.

    Raises:
        Invalid: no layer has that name.
    """
    names = [name for layer in settings.layers.values() for name in layer.parts]
    if only and only not in names:
        says = f"is not one of the configuration{nearest(only, names)}"
        raise Invalid([Problem(says, Place(f"layer {only}"))])
    found = []
    for region in settings.regions:
        users = _users(clients, region)
        for name in [only] if only else names:
            for index, version in enumerate(clients.layers(region).versions(name)):
                mine = users.get(version.arn, ())
                kept = f"used by {', '.join(mine)}" if mine else "" if index else "the newest"
                found.append(LayerUse(region, name, version, mine, kept))
    return found


def _users(clients: Clients, region: str) -> dict[str, tuple[str, ...]]:
    """The function versions (``name:version``) that have each layer version, by its ARN."""
    users: dict[str, tuple[str, ...]] = {}
    for state in clients.functions(region).everything():
        name = Arn.parse(state.arn).name
        for arn in state.layers:
            users[arn] = (*users.get(arn, ()), f"{name}:{state.version}")
    return users


def prune(found: Iterable[LayerUse], clients: Clients) -> Iterator[LayerUse]:
    """Delete the versions that nothing keeps, one after the other; each once it is deleted.

    Raises:
        DeployError: one could not be deleted; those after it are left as well.
    """
    for use in found:
        if not use.kept:
            clients.layers(use.region).delete(use.layer, use.version.number)
            yield use

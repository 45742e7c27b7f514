"""What AWS has of a configuration's layers: versions to reuse, and layers attached by others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import results, workers
from lambda_fast_deploy.arn import Arn, in_region
from lambda_fast_deploy.models import (
    Fingerprints,
    Function,
    LayerVersion,
    ObservedFunction,
    Settings,
    ZipSource,
)
from lambda_fast_deploy.planning.configuration import layer_name


def with_foreign_layers(
    functions: Mapping[str, ObservedFunction], settings: Settings, region: str, clients: Clients
) -> dict[str, ObservedFunction]:
    """Functions with the layers attached outside this project, where the settings name layers.

    A layer of another account is foreign, unless the function names it by its ARN. A layer of this
    account that the settings do not name is this project's if its description has the project's
    mark.
    """
    layer_names = {name for layer in settings.layers.values() for name in layer.parts}
    others: dict[str, tuple[str, ...]] = {}
    for function in (each for each in settings.functions if each.names_layers):
        name = function.name
        if function_ := functions.get(name):
            attached = {
                *function_.latest.layers,
                *(function_.live.layers if function_.live else ()),
            }
            others[name] = tuple(
                arn
                for arn in attached
                if not _is_named(arn, function, region)
                and (layer_name(arn) not in layer_names or not _is_near(arn, function_))
            )
    doubtful = {
        arn for name, arns in others.items() for arn in arns if _is_near(arn, functions[name])
    }
    with workers() as pool:
        is_ours = results(
            {arn: pool.submit(clients.layers(region).is_ours, arn) for arn in doubtful}
        )
    return {
        name: replace(
            function_,
            foreign=frozenset(arn for arn in others.get(name, ()) if not is_ours.get(arn)),
        )
        for name, function_ in functions.items()
    }


def _is_named(layer: str, function: Function, region: str) -> bool:
    """Whether a function names an attached layer by its ARN, to attach or to detach it."""
    source = function.source
    if not isinstance(source, ZipSource):
        return False
    attached = Arn.parse(layer)
    detached = map(Arn.parse, (in_region(text, region) for text in source.detach))
    return any(
        attached.unversioned == Arn.parse(in_region(text, region)).unversioned
        for text in source.layers_by_arn
    ) or any(arn in (attached, attached.unversioned) for arn in detached)


def _is_near(layer: str, function: ObservedFunction) -> bool:
    """Whether a layer is in the account of the function that it is attached to."""
    return Arn.parse(layer).account == Arn.parse(function.latest.arn).account


def reusable_layers(
    settings: Settings,
    fingerprints: Fingerprints,
    versions: Mapping[str, tuple[LayerVersion, ...]],
    region: str,
    clients: Clients,
) -> dict[str, LayerVersion]:
    """The version of each layer that has the desired content.

    The description of each part names the contents of all parts for the same requirements.

    Args:
        settings: the settings.
        fingerprints: those of the layers.
        versions: all versions of the layers, by name, the newest first.
        region: the region.
        clients: the clients to read with whom a version is shared.
    """
    reusable: dict[str, LayerVersion] = {}
    for layer in settings.layers.values():
        fingerprint = fingerprints.layers[layer.name]
        contents = (
            v.contents
            for name in layer.parts
            for v in versions[name]
            if v.fingerprint == fingerprint
        )
        for name, content in zip(layer.parts, next(contents, ()), strict=False):
            if same := [version for version in versions[name] if version.content == content]:
                reusable[name] = same[0]
    return _with_shares(settings, reusable, region, clients)


def _with_shares(
    settings: Settings, versions: dict[str, LayerVersion], region: str, clients: Clients
) -> dict[str, LayerVersion]:
    """The versions of layers, with those whom they are shared with where the settings say so."""
    shared = {
        name
        for layer in settings.layers.values()
        for name in layer.parts
        if layer.share is not None and name in versions
    }
    with workers() as pool:
        shares = results(
            {
                name: pool.submit(clients.layers(region).shared_with, name, versions[name].number)
                for name in shared
            }
        )
    return {
        name: replace(version, shared_with=shares.get(name, ()))
        for name, version in versions.items()
    }

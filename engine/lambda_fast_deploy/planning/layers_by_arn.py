"""Layers that functions name by their ARN: found, checked, and compared with their functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import results, workers
from lambda_fast_deploy.arn import Arn, in_region
from lambda_fast_deploy.errors import Invalid, NotFound, NotPermitted, NotReady, Problem
from lambda_fast_deploy.models import (
    Function,
    LayerVersion,
    ObservedFunction,
    Settings,
    ZipSource,
)


def observe_layers_by_arn(
    settings: Settings,
    functions: Mapping[str, ObservedFunction],
    region: str,
    clients: Clients,
) -> dict[str, LayerVersion]:
    """The versions of the layers that functions name by an ARN, by the text that names them.

    A version that a function does not have yet is read, so that the plan reports one that cannot
    be attached. An attached version needs no call.

    Args:
        settings: the settings.
        functions: the existing functions.
        region: the region.
        clients: the clients to read with.

    Raises:
        Invalid: a layer is in another region, which Lambda does not attach.
        NotReady: a layer does not exist, or may not be read.
    """
    users = dict(_users(settings))
    if problems := [
        problem for text, user in users.items() for problem in _elsewhere(text, user, region)
    ]:
        raise Invalid(problems)
    attached = {
        arn
        for each in functions.values()
        for state in (each.latest, each.live)
        if state
        for arn in state.layers
    }
    with workers() as pool:
        return results(
            {
                text: pool.submit(_version, text, user, attached, region, clients)
                for text, user in users.items()
            }
        )


def _users(settings: Settings) -> Iterator[tuple[str, Function]]:
    for function in settings.functions:
        if isinstance(function.source, ZipSource):
            for text in function.source.layers_by_arn:
                yield text, function


def _elsewhere(text: str, user: Function, region: str) -> Iterator[Problem]:
    arn = Arn.parse(in_region(text, region))
    if arn.region != region:
        yield Problem(
            f"layer {arn} of {user.name} is in {arn.region}, but functions in {region} need one in "
            "their region; write {region} in place of the region if the layer is in each",
            user.place,
        )


def _version(
    text: str, user: Function, attached: set[str], region: str, clients: Clients
) -> LayerVersion:
    arn, layers = in_region(text, region), clients.layers(region)
    if not Arn.parse(arn).qualifier:
        try:
            newest = layers.newest(arn)
        except NotPermitted as denied:
            raise NotReady(
                f"{user.place}: the versions of layer {arn} may not be listed: {denied.message}",
                remedy="Write the version at the end of the ARN: only its owner can list the "
                "versions of a layer.",
            ) from None
        if newest is None:
            raise _absent(arn, user, region)
        return LayerVersion(newest)
    if arn not in attached:
        try:
            layers.read(arn)
        except NotFound:
            raise _absent(arn, user, region) from None
        except NotPermitted as denied:
            raise NotPermitted(
                f"{user.place}: layer {arn} may not be used: {denied.message}",
                remedy="Correct the ARN and its version. If both are right, the owner of the layer "
                f"must share it with this account. {denied.remedy}",
            ) from None
    return LayerVersion(arn)


def _absent(arn: str, user: Function, region: str) -> NotReady:
    return NotReady(
        f"{user.place}: layer {arn} does not exist in {region}",
        remedy="Correct the ARN, or its version.",
    )

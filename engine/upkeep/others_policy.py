"""The statements about what others gave to the functions that are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.model import ObservedFunction
from engine.upkeep.statement import Statement


def of_others(found: Iterable[ObservedFunction]) -> Iterator[Statement]:
    """What it takes to keep what others gave to functions: their variables and their layers."""
    functions = list(found)
    keys = {each.latest.environment_key for each in functions} - {""}
    yield Statement("ReadEnvironments", ("kms:Decrypt",), sorted(keys))
    layers = sorted({arn for each in functions for arn in each.foreign})
    yield Statement("KeepLayers", ("lambda:GetLayerVersion",), layers)

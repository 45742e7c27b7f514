"""The statements for keeping what existing functions have in addition to the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lambda_fast_deploy.iam import permissions
from lambda_fast_deploy.iam.statement import Statement
from lambda_fast_deploy.models import ObservedFunction


def of_others(observed: Iterable[ObservedFunction]) -> Iterator[Statement]:
    """The statements for keeping existing variables and layers of functions."""
    functions = list(observed)
    keys = {each.latest.environment_key for each in functions} - {""}
    yield Statement.of(permissions.READ_ENVIRONMENTS, resources=sorted(keys))
    layers = sorted({arn for each in functions for arn in each.foreign})
    yield Statement.of(permissions.ATTACH_LAYERS, resources=layers)

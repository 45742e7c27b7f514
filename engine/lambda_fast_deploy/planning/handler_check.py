"""Finds handlers whose module is not in the function's code, so that a layer must have it."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_fast_deploy.config.code_sources import handler_absence
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.models import ObservedRegion, Settings, ZipSource


def absent_handlers(settings: Settings, observed: Mapping[str, ObservedRegion]) -> list[str]:
    """Notes about handlers whose module must be in a layer.

    Raises:
        Invalid: the function has no layer, neither of this project nor attached outside it.
    """
    notes, problems = [], []
    for function in settings.functions:
        source = function.source
        if not isinstance(source, ZipSource) or source.is_built:
            continue
        if not (says := handler_absence(source.code, source.handler, source.runtime)):
            continue
        states = (region.functions.get(function.name) for region in observed.values())
        keeps_some = any(each.latest.layers for each in states if each) and source.keeps_layers
        if source.layers or keeps_some:
            notes.append(f"{function.name}: {says}; one of its layers must have it.")
        else:
            problems.append(Problem(says, function.place))
    if problems:
        raise Invalid(problems)
    return notes

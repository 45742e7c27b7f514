"""How the desired configuration of a function differs from the observed one.

Only attributes that the configuration has are compared and sent; all others stay unchanged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.models import (
    AttributeChange,
    Function,
    FunctionState,
    LayerReference,
    LayerVersion,
    Step,
    ZipSource,
)
from lambda_fast_deploy.models.attribute import Attribute
from lambda_fast_deploy.models.function_attributes import (
    ATTRIBUTES,
    ENVIRONMENT,
    LAYERS,
    SETTINGS,
    attribute_of,
)
from lambda_fast_deploy.models.other_attributes import ONLY_AT_CREATION
from lambda_fast_deploy.state import marks

T = TypeVar("T")
Layers = tuple[str | LayerReference, ...]


def desired_parameters(
    function: Function,
    state: FunctionState | None,
    layers: Layers = (),
    foreign: Collection[str] = (),
) -> dict[str, Any]:
    """Every desired attribute as the API takes it, merged with the observed values that stay.

    Args:
        function: the desired function.
        state: the observed function; ``None`` if it does not exist.
        layers: the function's layers.
        foreign: the ARNs of layers attached outside this project, which stay in their places.
    """
    parameters: dict[str, Any] = {}
    is_zip = isinstance(function.source, ZipSource)
    for attribute in ATTRIBUTES:
        desired = attribute.desired(function)
        if desired is not None:
            observed = getattr(state, attribute.name) if state else None
            parameters[attribute.member] = attribute.send(attribute.merge(desired, observed))
    also = function.configuration.also.items()
    parameters |= {m: v for m, v in also if state is None or m not in ONLY_AT_CREATION}
    if function.names_layers or (is_zip and state is None):
        attached = among(state.layers, layers, foreign) if state else layers
        parameters[LAYERS.member] = list(attached)
    return parameters


def changes(
    parameters: Mapping[str, Any], state: FunctionState | None, foreign: Collection[str] = ()
) -> tuple[AttributeChange, ...]:
    """The parameters that a function does not have yet, with their values for people."""
    different = []
    for member, after in parameters.items():
        attribute = attribute_of(member)
        before = attribute.current(state) if state else None
        if attribute.is_same(after, before):
            continue
        if attribute is LAYERS:
            different.append(layers_change(before or [], after, foreign))
        else:
            different.append(attribute.change(before, after))
    return tuple(different)


def layers_change(
    before: Sequence[str], after: Sequence[str | LayerReference], foreign: Collection[str]
) -> AttributeChange:
    """The layers added, removed and kept, or only their new order."""
    added = tuple(layer_and_version(each) for each in after if each not in before)
    removed = tuple(layer_and_version(each) for each in before if each not in after)
    remaining = tuple(layer_and_version(arn) for arn in before if arn in foreign)
    if added or removed:
        return AttributeChange(LAYERS.key, added=added, removed=removed, kept=remaining)
    old, new = (", ".join(map(layer_and_version, layers)) for layers in (before, after))
    return AttributeChange(LAYERS.key, old, new)


def update_of(step: Step, state: FunctionState) -> dict[str, Any]:
    """The parameters of ``UpdateFunctionConfiguration`` that a step changes, once it is resolved.

    A rebuilt layer can turn out to have the content of an existing version: nothing changes then.
    """
    different = {change.attribute for change in changes(step.parameters, state)}
    return {m: v for m, v in step.parameters.items() if attribute_of(m).key in different}


def holds(step: Step, state: FunctionState) -> bool:
    """Whether a function has all parameters of a step, after these are resolved."""
    rows = ((attribute_of(member), value) for member, value in step.parameters.items())
    return all(row.holds(value, row.current(state)) for row, value in rows)


def among(
    current: tuple[str, ...], layers: tuple[T, ...], foreign: Collection[str]
) -> tuple[T | str, ...]:
    """This project's layers in their place, between the layers attached outside this project."""
    project_indexes = (index for index, arn in enumerate(current) if arn not in foreign)
    first: int = next(project_indexes, len(current))
    return (*current[:first], *layers, *(arn for arn in current[first:] if arn in foreign))


def layer_name(arn: str) -> str:
    """The name of the layer of a version."""
    return Arn.parse(arn).name


def layer_and_version(layer: str | LayerReference) -> str:
    """A layer's name and version; the name alone until the version is published."""
    return (
        layer.name
        if isinstance(layer, LayerReference)
        else f"{Arn.parse(layer).name}:{Arn.parse(layer).qualifier}"
    )


def resolved(parameters: Mapping[str, Any], layers: Mapping[str, LayerVersion]) -> dict[str, Any]:
    """Parameters with the ARNs of the layer versions that the build published or reuses."""
    if LAYERS.member not in parameters:
        return dict(parameters)
    arns = [
        layers[each.name].arn if isinstance(each, LayerReference) else each
        for each in parameters[LAYERS.member]
    ]
    return {**parameters, LAYERS.member: arns}


def creation(function: Function, layers: Layers) -> dict[str, Any]:
    """Parameters of ``CreateFunction``, without the code."""
    package = "Zip" if isinstance(function.source, ZipSource) else "Image"
    settings = {
        each.member: each.difference(each.desired(function), each.default)
        for each in SETTINGS
        if each.is_of_function and each.is_given(function)
    }
    return {
        "PackageType": package,
        "Architectures": [str(function.architecture)],
        **desired_parameters(function, None, layers),
        **{member: value for member, value in settings.items() if value is not None},
    }


def parameters_of(state: FunctionState) -> dict[str, Any]:
    """All readable attributes of a state that ``UpdateFunctionConfiguration`` takes."""
    rows = {attribute.member: attribute.current(state) for attribute in _readable(state)}
    others = {m: v for m, v in state.others.items() if m not in ONLY_AT_CREATION}
    return {**rows, **others}


def _readable(state: FunctionState) -> Iterator[Attribute]:
    """The attributes that a state has."""
    for attribute in ATTRIBUTES:
        is_hidden = attribute is ENVIRONMENT and state.environment_error
        is_absent = attribute.optional and not getattr(state, attribute.name)
        is_of_other_package = (attribute.of_zips and state.package != "Zip") or (
            attribute.of_images and state.package != "Image"
        )
        if not (is_hidden or is_absent or is_of_other_package):
            yield attribute


def tested_mark(state: FunctionState) -> str:
    """A mark for the code and configuration of ``$LATEST``, written after its tests passed."""
    code = state.image_digest or state.code_sha256
    parameters = {
        member: value
        for member, value in parameters_of(state).items()
        if not attribute_of(member).is_left_out_of_marks(value)
    }
    document = json.dumps([code, state.architecture, parameters], sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()[:16]


def is_proved(function: Function, state: FunctionState) -> bool:
    """Whether ``$LATEST`` has passed its tests, if it is live and has tests."""
    tested = state.tags.get(marks.TESTED)
    return not function.proves_latest or tested == tested_mark(state)

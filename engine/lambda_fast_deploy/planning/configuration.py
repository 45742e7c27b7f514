"""How the configuration that was asked for differs from the one that AWS has.

Only attributes that the user gave are compared and sent; everything else is left as it is.
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
from lambda_fast_deploy.models.attribute_kinds import Attribute
from lambda_fast_deploy.models.function_attributes import (
    ATTRIBUTES,
    BY_MEMBER,
    ENVIRONMENT,
    LAYERS,
    SETTINGS,
)
from lambda_fast_deploy.state import marks

T = TypeVar("T")
Layers = tuple[str | LayerReference, ...]


def desired_parameters(
    function: Function,
    state: FunctionState | None,
    layers: Layers = (),
    foreign: Collection[str] = (),
) -> dict[str, Any]:
    """Every attribute that the user gave, as the API takes it, merged with what is to stay.

    Args:
        function: what was asked for.
        state: what AWS has; nothing of a function that does not exist.
        layers: the function's layers.
        foreign: the ARNs of those that others attached, which stay where they are.
    """
    parameters: dict[str, Any] = {}
    is_zip = isinstance(function.source, ZipSource)
    for attribute in ATTRIBUTES:
        desired = attribute.desired(function)
        if desired is not None:
            observed = getattr(state, attribute.name) if state else None
            parameters[attribute.member] = attribute.send(attribute.merge(desired, observed))
    if function.names_layers or (is_zip and state is None):
        attached = among(state.layers, layers, foreign) if state else layers
        parameters[LAYERS.member] = list(attached)
    return parameters


def changes(
    parameters: Mapping[str, Any], state: FunctionState | None, foreign: Collection[str] = ()
) -> tuple[AttributeChange, ...]:
    """What of the parameters a function does not have yet, with values for people."""
    different = []
    for member, after in parameters.items():
        attribute = BY_MEMBER[member]
        before = attribute.send(getattr(state, attribute.name)) if state else None
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
    """The layers that come and go, and those of others that stay; their order, if only that."""
    added = tuple(_short(each) for each in after if each not in before)
    removed = tuple(_short(each) for each in before if each not in after)
    kept = tuple(_short(arn) for arn in before if arn in foreign)
    if added or removed:
        return AttributeChange(LAYERS.key, added=added, removed=removed, kept=kept)
    return AttributeChange(
        LAYERS.key, ", ".join(map(_short, before)), ", ".join(map(_short, after))
    )


def update_of(step: Step, state: FunctionState) -> dict[str, Any]:
    """The parameters of ``UpdateFunctionConfiguration`` that a step changes, once it is resolved.

    A layer that was built anew can have come to hold what a version has already: that is no change.
    """
    different = {change.attribute for change in changes(step.parameters, state)}
    return {m: v for m, v in step.parameters.items() if BY_MEMBER[m].key in different}


def holds(step: Step, state: FunctionState) -> bool:
    """Whether a function has all that a step was to give it, once that is resolved."""
    rows = ((BY_MEMBER[member], value) for member, value in step.parameters.items())
    return all(row.holds(value, row.send(getattr(state, row.name))) for row, value in rows)


def among(
    current: tuple[str, ...], layers: tuple[T, ...], foreign: Collection[str]
) -> tuple[T | str, ...]:
    """Layers in the place of those of this project, with what others attached before and after."""
    ours = (index for index, arn in enumerate(current) if arn not in foreign)
    first: int = next(ours, len(current))
    return (*current[:first], *layers, *(arn for arn in current[first:] if arn in foreign))


def layer_name(arn: str) -> str:
    """The name of the layer that a version is of."""
    return Arn.parse(arn).name


def _short(layer: str | LayerReference) -> str:
    """A layer's name and version; the name alone until the version is published."""
    return (
        layer.name
        if isinstance(layer, LayerReference)
        else f"{Arn.parse(layer).name}:{Arn.parse(layer).qualifier}"
    )


def resolved(parameters: Mapping[str, Any], layers: Mapping[str, LayerVersion]) -> dict[str, Any]:
    """Parameters with the ARNs of the layer versions that the build has published or found."""
    if LAYERS.member not in parameters:
        return dict(parameters)
    arns = [
        layers[each.name].arn if isinstance(each, LayerReference) else each
        for each in parameters[LAYERS.member]
    ]
    return {**parameters, LAYERS.member: arns}


def creation(function: Function, layers: Layers) -> dict[str, Any]:
    """Parameters of ``CreateFunction`` besides the code."""
    package = "Zip" if isinstance(function.source, ZipSource) else "Image"
    settings = {e.member: e.desired(function) for e in SETTINGS if e.is_of_function}
    return {
        "PackageType": package,
        "Architectures": [str(function.architecture)],
        **desired_parameters(function, None, layers),
        **{member: value for member, value in settings.items() if value is not None},
    }


def parameters_of(state: FunctionState) -> dict[str, Any]:
    """Everything of a state that ``UpdateFunctionConfiguration`` takes, and that is known."""
    return {
        attribute.member: attribute.send(getattr(state, attribute.name))
        for attribute in _known(state)
    }


def _known(state: FunctionState) -> Iterator[Attribute]:
    """The attributes that a state tells."""
    for attribute in ATTRIBUTES:
        is_hidden = attribute is ENVIRONMENT and state.environment_error
        is_absent = attribute.optional and not getattr(state, attribute.name)
        is_of_other_package = attribute.of_zips and state.package != "Zip"
        if not (is_hidden or is_absent or is_of_other_package):
            yield attribute


def tested_mark(state: FunctionState) -> str:
    """What stands for the code and configuration of ``$LATEST`` once its tests have passed."""
    code = state.image_digest or state.code_sha256
    parameters = {
        member: value
        for member, value in parameters_of(state).items()
        if not BY_MEMBER[member].is_left_out_of_marks(value)
    }
    whole = json.dumps([code, state.architecture, parameters], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def is_proved(function: Function, state: FunctionState) -> bool:
    """Whether what ``$LATEST`` holds has passed its tests, where users call that and it has any."""
    tested = state.tags.get(marks.TESTED)
    return not function.proves_latest or tested == tested_mark(state)

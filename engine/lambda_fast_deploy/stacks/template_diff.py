"""Compares two templates, resource by resource, without CloudFormation.

A resource differs if its values do, or a parameter, mapping or condition that it refers to. Only
CloudFormation knows whether a change replaces a resource, and how that affects other resources.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from lambda_fast_deploy.adapters.aws.stack_shapes import Change
from lambda_fast_deploy.stacks.artifact_properties import NESTED
from lambda_fast_deploy.stacks.template import is_function

_IN_TEXT = re.compile(r"\$\{([^!}.][^}.]*)")  # of Fn::Sub; ${!Literal} refers to nothing
_SERVERLESS = "AWS::Serverless::"

# Returns the template of a nested stack by its resource; empty if it is unknown.
Inside = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def changes_between(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    parameters: Collection[str],
    inside: Inside,
    within: str = "",
) -> tuple[Change, ...]:
    """The changes from one template to another, those of nested stacks after their stack.

    Args:
        before: the current template; empty if there is none.
        after: the desired template.
        parameters: the names of parameters whose values differ.
        inside: returns the templates of nested stacks.
        within: the logical ids of the stacks that both are nested in, each followed by a slash.
    """
    return tuple(_changes(before, after, parameters, inside, within))


def _changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    parameters: Collection[str],
    inside: Inside,
    within: str,
) -> Iterator[Change]:
    resources_before, resources_after = _resources(before), _resources(after)
    other = _other(before, after, parameters)
    for logical in {**resources_after, **resources_before}:
        old, new = resources_before.get(logical, {}), resources_after.get(logical, {})
        name, kind = f"{within}{logical}", str((old or new)["Type"])
        if not new:
            yield Change("Remove", name, kind, policy=str(old.get("DeletionPolicy", "")))
        elif not old:
            yield Change("Add", name, kind)
        elif old["Type"] != new["Type"]:
            yield Change("Modify", name, kind, "True", names=("Type",))
        elif names := _differing(old, new, before, after):
            yield Change("Modify", name, kind, names=names)
        elif _refers(new, other) or _refers(_globals(new, after), other):
            yield Change("Modify", name, kind)
        if kind in NESTED and "Retain" not in str(old.get("DeletionPolicy") if not new else ""):
            yield from _inner(old, new, inside, f"{name}/")


def _inner(
    old: Mapping[str, Any], new: Mapping[str, Any], inside: Inside, within: str
) -> Iterator[Change]:
    """The changes in a nested stack; none if one of its templates is unknown."""
    before, after = (inside(each) if each else {} for each in (old, new))
    if bool(old) == bool(before) and bool(new) == bool(after):
        parameters = tuple(_unequal(_parameters(old), _parameters(new)))
        yield from _changes(before, after, parameters, inside, within)


def _resources(body: Mapping[str, Any]) -> dict[str, Any]:
    """The resources, and the functions among them, whose resources only CloudFormation knows."""
    return {
        name: {"Type": "a macro", "Properties": {name: each}} if is_function(name) else each
        for name, each in _section(body, "Resources").items()
    }


def _section(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = body.get(name)
    return section if isinstance(section, dict) else {}


def _parameters(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    return _section(_section(resource, "Properties"), "Parameters")


def _unequal(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    return (key for key in {**new, **old} if old.get(key) != new.get(key))


def _differing(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> tuple[str, ...]:
    """The properties and attributes of a resource that differ, its own and those of Globals."""
    return (
        *_unequal(_section(old, "Properties"), _section(new, "Properties")),
        *(key for key in _unequal(old, new) if key != "Properties"),
        *(f"{key} (Globals)" for key in _unequal(_globals(old, before), _globals(new, after))),
    )


def _globals(resource: Mapping[str, Any], body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The defaults of SAM for a type of resource (AWS SAM developer guide, "Globals section")."""
    head, sign, kind = str(resource["Type"]).partition(_SERVERLESS)
    return _section(_section(body, "Globals"), kind) if sign and not head else {}


def _other(
    before: Mapping[str, Any], after: Mapping[str, Any], parameters: Collection[str]
) -> frozenset[str]:
    """The names of parameters, mappings and conditions whose values differ."""
    names = set(parameters)
    for section in ("Mappings", "Conditions"):
        names.update(_unequal(_section(before, section), _section(after, section)))
    conditions = _section(after, "Conditions")
    while more := {n for n, c in conditions.items() if n not in names and _refers(c, names)}:
        names |= more
    return frozenset(names)


def _refers(value: Any, names: Collection[str]) -> bool:
    """Whether a part of a value refers to one of the names."""
    if not names or not isinstance(value, (dict, list)):
        return False
    if isinstance(value, list):
        return any(_refers(each, names) for each in value)
    return any(
        _is_reference(key, each, names) or _refers(each, names) for key, each in value.items()
    )


def _is_reference(key: str, value: Any, names: Collection[str]) -> bool:
    if key == "Fn::Sub":
        text = value[0] if isinstance(value, list) and value else value
        return isinstance(text, str) and any(each in names for each in _IN_TEXT.findall(text))
    first = value[0] if key in ("Fn::FindInMap", "Fn::If") and isinstance(value, list) else value
    if key not in ("Ref", "Condition", "Fn::FindInMap", "Fn::If"):
        return False
    return isinstance(first, str) and first in names

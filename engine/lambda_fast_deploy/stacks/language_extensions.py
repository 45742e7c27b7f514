"""Expands the loops among the resources of a template (``Fn::ForEach``).

CloudFormation expands them in the same way, by its macro ``AWS::LanguageExtensions`` (template
reference, "Fn::ForEach"). Here they are expanded before that, since each function of a loop is
built from its own local files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.stacks.parameter_constraints import text_of
from lambda_fast_deploy.stacks.template import KeyPath, Template, misshapen

MACRO = "AWS::LanguageExtensions"
_ROUNDS = 5000  # of all loops together
_LOOP = "Fn::ForEach::"
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]+")
_LINES = 1_000_000  # of keys that are copied


def expanded(template: Template, resolve: Callable[[Any], Any]) -> Template:
    """The template with the loops among its resources expanded; itself if it has none.

    Args:
        template: the template.
        resolve: returns the value of a reference, or the reference if its value is unknown.

    Raises:
        Invalid: a loop cannot be expanded here.
    """
    if not any(key.startswith(_LOOP) for key in template.body["Resources"]):
        return template
    expansion = _Expansion(template, resolve)
    resources = expansion.of(template.body["Resources"], ("Resources",), {})
    if expansion.problems:
        raise Invalid(expansion.problems)
    lines = {**template.lines, **expansion.lines}
    made = replace(template, body={**template.body, "Resources": resources}, lines=lines)
    if problems := list(misshapen(made)):
        raise Invalid(problems)
    return made


class _Expansion:
    """The expansion of one template; ``lines`` are those of the resources that it makes."""

    def __init__(self, template: Template, resolve: Callable[[Any], Any]) -> None:
        self._template = template
        self._resolve = resolve
        self._rounds = 0
        self.problems: list[Problem] = []
        self.lines: dict[KeyPath, int] = {}
        if MACRO not in str(template.body.get("Transform")):
            self._problem(f"Fn::ForEach needs {MACRO} in Transform", ("Resources",))

    def of(
        self, fragment: Mapping[str, Any], origin: KeyPath, values: Mapping[str, str]
    ) -> dict[str, Any]:
        """The resources of a fragment, with the ``values`` of the loops around it."""
        resources: dict[str, Any] = {}
        for key, value in fragment.items():
            if not key.startswith(_LOOP):
                made = [(key, value)] if not values else [self._one(key, value, origin, values)]
            else:
                made = list(self._loop(value, (*origin, key), values))
            for name, each in made:
                if name in resources:
                    self._problem(f"a loop makes {name} twice", (*origin, key))
                resources[name] = each
        return resources

    def _one(
        self, key: str, value: Any, origin: KeyPath, values: Mapping[str, str]
    ) -> tuple[str, Any]:
        """A resource of a loop, by its name."""
        name = _with(key, values)
        if not _LOGICAL_ID.fullmatch(name):
            problem = f"{name!r} is not a logical id; &{{…}} leaves out all but letters and digits"
            self._problem(problem, (*origin, key))
        lines, start = self._template.lines, (*origin, key)
        for path in [each for each in lines if each[: len(start)] == start]:
            if len(self.lines) < _LINES:
                rest = (_with(each, values) for each in path[len(start) :])
                self.lines["Resources", name, *rest] = lines[path]
        return name, _with(value, values)

    def _loop(self, loop: Any, at: KeyPath, values: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
        """The resources of a loop: ``[identifier, values, {name: resource}]``."""
        shape = loop if isinstance(loop, list) and len(loop) == 3 else [None, None, None]
        identifier, collection, fragment = shape
        if not isinstance(identifier, str) or not isinstance(fragment, dict):
            self._problem(f"{at[-1]} must be [identifier, values, {{name: resource}}]", at)
            return
        items = self._items(_with(collection, values))
        if items is None:
            problem = f"the values of {at[-1]} are known to CloudFormation only; list them here"
            self._problem(problem, at)
            return
        for item in items:
            self._rounds += 1
            if self._rounds > _ROUNDS:
                if self._rounds == _ROUNDS + 1:
                    self._problem(f"loops have more than {_ROUNDS} rounds", at)
                return
            yield from self.of(fragment, (*at, "2"), {**values, identifier: item}).items()

    def _items(self, collection: Any) -> list[str] | None:
        """The values of a loop; ``None`` if they are unknown here."""
        listed = self._resolve(collection)
        if isinstance(listed, str):  # of a CommaDelimitedList
            return [each.strip() for each in listed.split(",")]
        if not isinstance(listed, list):
            return None
        items = [self._resolve(each) for each in listed]
        return (
            None
            if any(isinstance(each, (dict, list)) for each in items)
            else list(map(text_of, items))
        )

    def _problem(self, message: str, at: KeyPath) -> None:
        self.problems.append(Problem(message, self._template.place(*at)))


def _with(value: Any, values: Mapping[str, str]) -> Any:
    """A value of a loop's body with the identifiers replaced."""
    if isinstance(value, list):
        return [_with(each, values) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"Ref"} and isinstance(value["Ref"], str) and value["Ref"] in values:
            return values[value["Ref"]]
        return {_with(key, values): _with(each, values) for key, each in value.items()}
    if isinstance(value, str):
        for identifier, text in values.items():
            value = value.replace(f"${{{identifier}}}", text)
            value = value.replace(f"&{{{identifier}}}", re.sub(r"[^A-Za-z0-9]", "", text))
    return value

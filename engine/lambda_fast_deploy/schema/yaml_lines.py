"""Reads YAML with the line of every value, for errors."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from lambda_fast_deploy.errors import Place, Problem
from lambda_fast_deploy.schema.yaml_nodes import DEPTH, compose, scalar

# ${NAME} and ${NAME:-default}; $${NAME} is a literal ${NAME}.
_VARIABLE = re.compile(r"(?:(\$)\$|\$)\{([A-Za-z_][A-Za-z0-9_]*)(?:\}|:-([^{}]*)(\}?))")


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A value and its place. ``text`` is a scalar as the user typed it.

    The text matters: YAML reads ``tag: 3.10`` as the number 3.1. ``name`` is the key of the value,
    ``names`` are the variables in it, one of them with a default if ``has_default``, and
    ``key_values`` those in its key. If one of ``names`` is not set, that is the only problem
    reported for the value, and ``is_set`` is false.
    """

    value: Any
    place: Place
    text: str = ""
    name: str = ""
    is_set: bool = True
    names: tuple[str, ...] = ()
    key_values: Mapping[str, str] = field(default_factory=dict)
    has_default: bool = False

    @property
    def all_set(self) -> bool:
        """Whether every variable in it is set, at any depth."""
        return self.is_set and all(node.all_set for node in self._nodes)

    @property
    def in_keys(self) -> dict[str, str]:
        """The variables in its keys, at any depth, with their values."""
        values: dict[str, str] = {}
        for node in self._nodes:
            values |= {**node.key_values, **node.in_keys}
        return values

    @property
    def _nodes(self) -> Iterable[YamlNode]:
        if isinstance(self.value, dict):
            return self.value.values()
        return self.value if isinstance(self.value, list) else ()

    def variables(self, *path: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        """The path of every value, or of its key's mapping, with variables, and their names."""
        if isinstance(self.value, dict):
            for key, node in self.value.items():
                if node.key_values:
                    yield path, tuple(node.key_values)
                yield from node.variables(*path, key)
        elif isinstance(self.value, list):
            for node in self.value:
                yield from node.variables(*path)
        elif self.names:
            yield path, self.names

    def plain(self) -> Iterator[str]:
        """Every key, and every value without variables."""
        if isinstance(self.value, dict):
            yield from self.value
        for node in self._nodes:
            yield from node.plain()
        if not self.names:
            yield self.text

    def at(self, *path: str | int) -> Place:
        """The place of the value at ``path``, or of the nearest node above it."""
        return self._nearest(path)[0].place

    def entries(self, *path: str | int) -> Mapping[str, YamlNode]:
        """The entries of the mapping at ``path``; none if there is no mapping."""
        node, is_there = self._nearest(path)
        return node.value if is_there and isinstance(node.value, dict) else {}

    def _nearest(self, path: Sequence[str | int]) -> tuple[YamlNode, bool]:
        """The node at ``path``, or the nearest above it, and whether it is that at ``path``."""
        node = self
        for key in path:
            try:
                node = node.value[key]
            except (KeyError, IndexError, TypeError):
                return node, False
        return node, True


class _NodeReader:
    """Converts composed YAML to nodes and collects problems."""

    def __init__(
        self,
        source: str,
        environment: Mapping[str, str],
        problems: list[Problem],
        names: Container[tuple[str, ...]],
    ):
        self._source = source
        self._environment = environment
        self._problems = problems
        self._names = names

    def read(self, node: yaml.Node, *path: str) -> YamlNode:
        place = Place(self._source, node.start_mark.line + 1)
        if not isinstance(node, yaml.CollectionNode):
            return self._scalar(node, place, is_name=path in self._names)
        if isinstance(node, yaml.MappingNode):
            return YamlNode(self._mapping(node, *path), place)
        return YamlNode([self.read(item) for item in node.value], place)

    def _mapping(self, node: yaml.MappingNode, *path: str) -> dict[str, YamlNode]:
        takes_variables = path in self._names
        entries: dict[str, YamlNode] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            place = Place(self._source, key_node.start_mark.line + 1)
            if key_node.tag == "tag:yaml.org,2002:merge":
                many = isinstance(value_node, yaml.SequenceNode)
                merged = value_node.value if many else [value_node]
                for source in merged:
                    if not isinstance(source, yaml.MappingNode):
                        self._problems.append(Problem("'<<' merges mappings only", place))
                        continue
                    for key, value in self._mapping(source, *path).items():
                        entries.setdefault(key, value)
                continue
            key = written = str(key_node.value)
            key_values = values_in(written, self._environment) if takes_variables else {}
            if key_values:
                key = substitute_name(written, place, self._environment, self._problems)
            if key in lines:
                says = f"duplicate key {written!r} (first on line {lines[key]})"
                self._problems.append(Problem(says, place, is_of_key=True))
            lines.setdefault(key, place.line)
            value = self.read(value_node, *path, key)
            # The line of the key, not that of a nested block's first line.
            entries[key] = replace(value, place=place, name=key, key_values=key_values)
        return entries

    def _scalar(self, node: yaml.Node, place: Place, *, is_name: bool) -> YamlNode:
        before, substituted = len(self._problems), substitute_name if is_name else substitute
        text = substituted(str(node.value), place, self._environment, self._problems)
        if len(self._problems) > before:
            return YamlNode(text, place, text, is_set=False)
        names = variables_in(str(node.value))
        if node.tag == "tag:yaml.org,2002:str" or names:
            has_default = bool(names) and ":-" in node.value
            return YamlNode(text, place, text, names=names, has_default=has_default)
        value = scalar(node)
        # Dates and bytes stay text, because an event to invoke with must be JSON.
        is_json = value is None or isinstance(value, (bool, int, float, str))
        return YamlNode(value if is_json else text, place, text)


def variables_in(text: str) -> tuple[str, ...]:
    """The names of the variables in a text."""
    return tuple(name for escape, name, *_ in _VARIABLE.findall(text) if not escape)


def values_in(text: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The values of the variables in a text by their names; ``""`` for those that are not set."""
    found = (groups for escape, *groups in _VARIABLE.findall(text) if not escape)
    return {name: environment.get(name) or str(default) for name, default, _ in found}


def substitute(
    text: str, place: Place, environment: Mapping[str, str], problems: list[Problem]
) -> str:
    """Replace each ``${NAME}`` by the environment variable; a missing one is a problem.

    ``${NAME:-default}`` is the default if the variable is not set or empty, as in a shell.
    ``$${NAME}`` is a literal ``${NAME}``. A default with a brace in it, such as that of another
    variable, is a problem, because its end is ambiguous.
    """

    def value(match: re.Match[str]) -> str:
        escape, name, default, end = match.groups()
        if escape:
            return match.group().removeprefix("$")
        if default is not None and not end:
            problems.append(
                Problem(
                    f"the default of ${{{name}:-…}} has a brace or no end; use a default without "
                    f"braces, or write $${{{name}:- for a literal ${{{name}:-",
                    place,
                )
            )
            return ""
        if default is not None:
            return environment.get(name) or str(default)
        if name not in environment:
            problems.append(
                Problem(
                    f"environment variable {name} is not set; export it, or set it under env: of "
                    f"the workflow's step; or write ${{{name}:-default}}, or $${{{name}}} for a "
                    f"literal ${{{name}}}",
                    place,
                )
            )
        return environment.get(name, "")

    return _VARIABLE.sub(value, text)


def substitute_name(
    text: str, place: Place, environment: Mapping[str, str], problems: list[Problem]
) -> str:
    """As ``substitute``, for a name. An empty variable is a problem: it is often one that is not
    set where the environment is made, and the name would be of something else.
    """
    problems += [
        Problem(
            f"environment variable {name} is empty, and would be missing in the name; set it, or "
            f"write ${{{name}:-}} if the name may be without it",
            place,
        )
        for escape, name, _, has_default in _VARIABLE.findall(text)
        if not escape and not has_default and environment.get(name) == ""
    ]
    return substitute(text, place, environment, problems)


def parse(
    text: str,
    source: str,
    environment: Mapping[str, str],
    problems: list[Problem],
    names: Container[tuple[str, ...]] = (),
) -> YamlNode | None:
    """The root of a YAML document; ``None``, with a problem, if it cannot be read.

    Args:
        text: the document.
        source: its path, for problems.
        environment: the values of variables.
        problems: the list to add problems to.
        names: the paths of names of resources, and of mappings whose keys are such names.
    """
    before = len(problems)
    root = compose(text, source, problems)
    if root is None:
        if len(problems) == before:
            problems.append(Problem("the file is empty", Place(source, 1)))
        return None
    return _NodeReader(source, environment, problems, names).read(root)


def nodes_of(value: Any, place: Place, depth: int = DEPTH) -> YamlNode:
    """Plain values of JSON or TOML as nodes, all at one place.

    Raises:
        RecursionError: they are nested more than ``DEPTH`` levels deep.
    """
    if not depth:
        raise RecursionError
    if isinstance(value, dict):
        return YamlNode(
            {key: nodes_of(item, place, depth - 1) for key, item in value.items()}, place
        )
    if isinstance(value, list):
        return YamlNode([nodes_of(item, place, depth - 1) for item in value], place)
    return YamlNode(value, place, str(value))


def did_you_mean(word: str, words: Iterable[str], cutoff: float = 0.6) -> str:
    """``; did you mean 'x'?`` if one of the words is similar, else an empty text."""
    match = difflib.get_close_matches(word, list(words), n=1, cutoff=cutoff)
    return f"; did you mean {match[0]!r}?" if match else ""


def nearest(word: str, words: Iterable[str]) -> str:
    """``; did you mean 'x'?`` if one of the words is similar, else the list of them."""
    words = sorted(words)
    listed = f"; expected one of: {', '.join(words)}" if words else ""
    return did_you_mean(word, words) or listed

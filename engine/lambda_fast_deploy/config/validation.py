"""A configuration with checked shapes, and its problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.files import OUTSIDE, is_directory, is_file, is_special, leads_out
from lambda_fast_deploy.errors import Place, Problem
from lambda_fast_deploy.schema.records import RecordShape
from lambda_fast_deploy.schema.shapes import MapOf, Shape
from lambda_fast_deploy.schema.yaml_lines import YamlNode


class ValidatedDocument:
    """The values of a document, and its problems with their places.

    The shape of each value is checked once. Values with a right shape are checked further even if
    others are wrong, so that one run reports every problem.

    Args:
        document: the nodes of the configuration.
        grammar: its shape.
        root: the directory of relative paths.
        problems: the list to add problems to.
        needs_code: whether the zips and jars that build tools make must exist.
    """

    def __init__(
        self,
        document: YamlNode,
        grammar: RecordShape,
        root: Path,
        problems: list[Problem],
        *,
        needs_code: bool = True,
    ) -> None:
        self.needs_code = needs_code
        self.document = document
        self.root = root
        self.problems = problems
        self._sound: set[tuple[str, ...]] = set()  # paths of values whose shape is right
        self.values = self._checked(grammar)

    def _checked(self, grammar: RecordShape) -> dict[str, Any]:
        if not isinstance(self.document.value, dict):
            return grammar.check(self.document, self.problems)
        grammar.check_keys(self.document, self.problems)
        return {
            name: self._section(name, key.shape, self.document.value[name])
            for name, key in grammar.keys.items()
            if name in self.document.value
        }

    def _section(self, name: str, shape: Shape, node: YamlNode) -> Any:
        if not isinstance(shape, MapOf) or not isinstance(node.value, dict):
            return self._value(shape, node, name)
        shape.check_names(node, self.problems)
        return {
            entry: self._value(shape.item, value, name, entry)
            for entry, value in node.value.items()
        }

    def _value(self, shape: Shape, node: YamlNode, *path: str) -> Any:
        problems: list[Problem] = []
        value = shape.check(node, problems)
        self.problems += problems
        if node.all_set and all(each.is_of_key for each in problems):  # other keys are usable
            self._sound.add(path)
        return value

    def at(self, *path: str | int) -> Place:
        """The place of the value at a path, or of the nearest node above it."""
        return self.document.at(*path)

    def problem(self, message: str, *path: str | int) -> None:
        """Add a problem of the value at a path."""
        self.problems.append(Problem(message, self.document.at(*path)))

    def file(self, name: str, *path: str | int, hint: str = "") -> Path:
        """The file of that name; a problem, with ``hint``, if it does not exist."""
        file = self.root / name
        if leads_out(file):
            self.problem(f"file {name!r} {OUTSIDE}", *path)
        elif not is_file(file):
            what = "is a directory, not a file" if is_directory(file) else "does not exist"
            what = "is not a regular file" if is_special(file) else what
            self.problem(f"file {name!r} {what}{hint}", *path)
        return file

    def directory(self, name: str, *path: str | int) -> Path:
        """The directory of that name; a problem if it does not exist."""
        directory = self.root / name
        if leads_out(directory):
            self.problem(f"directory {name!r} {OUTSIDE}", *path)
        elif not is_directory(directory):
            what = "is a file, not a directory" if is_file(directory) else "does not exist"
            self.problem(f"directory {name!r} {what}", *path)
        return directory

    def value(self, key: str, otherwise: Any) -> Any:
        """The value of a top-level key if it has the right shape, else ``otherwise``."""
        return self.values[key] if (key,) in self._sound else otherwise

    def names(self, section: str) -> list[str]:
        """The names that a section defines, including those with problems."""
        return list(self.values.get(section, {}))

    def sound(self, section: str) -> list[tuple[str, dict[str, Any]]]:
        """The entries of a section that have the right shape."""
        return [
            (name, value)
            for name, value in self.values.get(section, {}).items()
            if (section, name) in self._sound
        ]

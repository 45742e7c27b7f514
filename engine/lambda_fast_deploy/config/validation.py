"""What a configuration says, once its shape was checked, and what is wrong with it still."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.files import OUTSIDE, is_directory, is_file, is_special, leads_out
from lambda_fast_deploy.config.keys import ROOT, SECTIONS
from lambda_fast_deploy.errors import Place, Problem
from lambda_fast_deploy.schema.shapes import Shape
from lambda_fast_deploy.schema.yaml_lines import YamlNode


class ValidatedDocument:
    """The values of a document, and its problems with their places.

    What is wrong with a value's shape has been said. The rest is looked at closely all the same, so
    that every problem is found in one run.
    """

    def __init__(
        self, document: YamlNode, values: dict[str, Any], root: Path, problems: list[Problem]
    ) -> None:
        self.document = document
        self.values = values
        self.root = root
        self.problems = problems

    def at(self, *path: str | int) -> Place:
        """The place of the value at a path, or of the nearest thing above it."""
        return self.document.at(*path)

    def problem(self, message: str, *path: str | int) -> None:
        """Note what is wrong with the value at a path."""
        self.problems.append(Problem(message, self.document.at(*path)))

    def file(self, name: str, *path: str | int) -> Path:
        """The file of that name; it is a problem when it is not there."""
        found = self.root / name
        if leads_out(found):
            self.problem(f"file {name!r} {OUTSIDE}", *path)
        elif not is_file(found):
            what = "is a directory, not a file" if is_directory(found) else "does not exist"
            what = "is no regular file" if is_special(found) else what
            if name == "Dockerfile.lambda" and is_file(self.root / "Dockerfile"):
                what += "; there is a Dockerfile: write dockerfile: Dockerfile"
            self.problem(f"file {name!r} {what}", *path)
        return found

    def directory(self, name: str, *path: str | int) -> Path:
        """The directory of that name; it is a problem when it is not there."""
        found = self.root / name
        if leads_out(found):
            self.problem(f"directory {name!r} {OUTSIDE}", *path)
        elif not is_directory(found):
            what = "is a file, not a directory" if is_file(found) else "does not exist"
            self.problem(f"directory {name!r} {what}", *path)
        return found

    def value(self, key: str, otherwise: Any) -> Any:
        """The value of a top-level key, if it is there and has the right shape."""
        node = self.document.value.get(key) if isinstance(self.document.value, dict) else None
        if node is None or not self._has_shape(ROOT.keys[key].shape, node):
            return otherwise
        return self.values[key]

    def names(self, section: str) -> list[str]:
        """The names that a section defines, whatever else is wrong with it."""
        return list(self.values.get(section, {}))

    def sound(self, section: str) -> list[tuple[str, dict[str, Any]]]:
        """The entries of a section whose shape is right.

        What is wrong with the others has been said; these can be looked at more closely, so that
        every problem is found in one run.
        """
        entries = self.values.get(section, {})
        return [
            (name, value)
            for name, value in entries.items()
            if self._has_shape(SECTIONS[section], self.document.value[section].value[name])
        ]

    def _has_shape(self, shape: Shape, node: YamlNode) -> bool:
        problems: list[Problem] = []
        shape.check(node, problems)
        return not problems and node.all_known

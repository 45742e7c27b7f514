"""Parses YAML within limits: documents that only an attacker would write are refused."""

from __future__ import annotations

from typing import Any

import yaml

from lambda_fast_deploy.errors import Place, Problem

DEPTH = 100  # levels; libyaml has no limit and would overflow the stack
SIZE = 100_000  # values, each counted as often as aliases repeat it

# The usual cause of an error of libyaml or PyYAML, by a part of its message.
_CAUSES = {
    "cannot start any token": "a tab? YAML is indented with spaces",
    "mapping values are not allowed": "wrong indentation, or a text with a colon needs quotes",
    "expected <block end>": "wrong indentation?",
    "did not find expected key": "wrong indentation?",
    "could not find expected ':'": "a key without a colon, or wrong indentation",
}


class _UnsafeDocument(Exception):
    """The reason why a document is refused, and the line of it."""

    def __init__(self, message: str, node: yaml.Node | yaml.Event) -> None:
        super().__init__(message)
        self.message = message
        self.line = node.start_mark.line + 1 if node.start_mark else 1


def compose(text: str, source: str, problems: list[Problem]) -> yaml.Node | None:
    """The root node of a YAML document; ``None`` if there is none.

    Apart from aliases, the result is a tree. It has at most ``SIZE`` values and ``DEPTH`` levels,
    and its keys are scalars, so that it is safe to traverse.

    Args:
        text: the document.
        source: its path, for problems.
        problems: the list to add problems to.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_nesting(text, loader)
        root: yaml.Node | None = yaml.compose(text, Loader=loader)
        if root is not None:
            _DocumentSize().measure(root)
    except yaml.YAMLError as error:
        problems.append(_problem(error, text, source))
        return None
    except _UnsafeDocument as error:
        problems.append(Problem(error.message, Place(source, error.line)))
        return None
    return root


def plain_values(root: yaml.Node) -> Any:
    """The values of a document by YAML's types."""
    if isinstance(root, yaml.MappingNode):
        return {str(key.value): plain_values(value) for key, value in root.value}
    if isinstance(root, yaml.SequenceNode):
        return [plain_values(each) for each in root.value]
    return scalar(root)


def scalar(node: yaml.Node) -> Any:
    """The value of a scalar by YAML's types; its text if the tag does not match."""
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError):  # PyYAML does not check
        return str(node.value)


def _problem(error: yaml.YAMLError, text: str, source: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    if isinstance(error, yaml.reader.ReaderError):  # it has only a position
        line += text.encode()[: error.position].count(b"\n")
    what = getattr(error, "problem", None) or str(error).splitlines()[0]
    what += next((f" ({cause})" for part, cause in _CAUSES.items() if part in what), "")
    if "${" in "".join(text.splitlines()[line - 1 : line]) and "expected ','" in what:
        what += ' (inside { } and [ ], a value with ${NAME} needs quotes: "${NAME}")'
    return Problem(f"not valid YAML: {what}", Place(source, line))


def _check_nesting(text: str, loader: Any) -> None:
    """Check the depth by events, which need no stack, before composing recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH:
                raise _UnsafeDocument(f"nested more than {DEPTH} levels deep", event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _DocumentSize:
    """Measures a document with its aliases expanded, in linear time."""

    def __init__(self) -> None:
        self._measured: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def measure(self, node: yaml.Node) -> tuple[int, int]:
        """Size and depth of a node."""
        if not isinstance(node, yaml.CollectionNode):
            return 1, 0
        if id(node) in self._open:
            raise _UnsafeDocument("contains itself by an alias", node)
        if id(node) not in self._measured:
            self._open.add(id(node))
            sizes = [self.measure(each) for each in self._inner(node)]
            self._open.remove(id(node))
            size = 1 + sum(size for size, _ in sizes)
            depth = 1 + max((depth for _, depth in sizes), default=0)
            if size > SIZE:
                raise _UnsafeDocument(f"more than {SIZE} values, with aliases expanded", node)
            if depth > DEPTH:
                raise _UnsafeDocument(
                    f"nested more than {DEPTH} levels deep, with aliases expanded", node
                )
            self._measured[id(node)] = size, depth
        return self._measured[id(node)]

    def _inner(self, node: yaml.CollectionNode) -> list[yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            return list(node.value)
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _UnsafeDocument("a key must be a scalar, not a list or a mapping", key)
        return [value for _, value in node.value]

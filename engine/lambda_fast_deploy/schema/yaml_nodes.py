"""YAML as nodes, within bounds: what only a hostile file needs is refused before it is followed."""

from __future__ import annotations

from typing import Any

import yaml

from lambda_fast_deploy.errors import Place, Problem

DEPTH = 100  # values inside each other; libyaml's own limit is the end of the stack
SIZE = 100_000  # values, each counted as often as an alias repeats it


class _UnsafeDocument(Exception):
    """What makes a document unfit to be followed, and the node where that is seen."""

    def __init__(self, says: str, node: yaml.Node | yaml.Event) -> None:
        super().__init__(says)
        self.says = says
        self.line = node.start_mark.line + 1 if node.start_mark else 1


def compose(text: str, source: str, problems: list[Problem]) -> yaml.Node | None:
    """The root node of a YAML document; ``None`` if there is none.

    What it returns is a tree but for aliases, holds no more than ``SIZE`` values, none deeper than
    ``DEPTH``, and its keys are scalars: a reader can follow it without further care.

    Args:
        text: the document.
        source: what problems name.
        problems: takes what is wrong.
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
        problems.append(Problem(error.says, Place(source, error.line)))
        return None
    return root


def scalar(node: yaml.Node) -> Any:
    """The value of a scalar as YAML types it; its text where the tag does not fit that."""
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError):  # PyYAML checks none of it
        return str(node.value)


def _problem(error: yaml.YAMLError, text: str, source: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    if isinstance(error, yaml.reader.ReaderError):  # it knows the position alone
        line += text.encode()[: error.position].count(b"\n")
    what = getattr(error, "problem", None) or str(error).splitlines()[0]
    if mark and mark.buffer is None and "cannot start any token" in what:
        what += " (a tab? YAML is indented with spaces)"
    return Problem(f"not valid YAML: {what}", Place(source, line))


def _check_nesting(text: str, loader: Any) -> None:
    """Follow the events, which takes no stack, to see that composing will not need too much."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH:
                raise _UnsafeDocument(f"more than {DEPTH} values inside each other", event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _DocumentSize:
    """Measures what a reader will meet, without meeting what is repeated more than once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def measure(self, node: yaml.Node) -> tuple[int, int]:
        """Size and depth of a node."""
        if not isinstance(node, yaml.CollectionNode):
            return 1, 0
        if id(node) in self._open:
            raise _UnsafeDocument("this holds itself, through an alias", node)
        if id(node) not in self._known:
            self._open.add(id(node))
            sizes = [self.measure(each) for each in self._inner(node)]
            self._open.remove(id(node))
            size = 1 + sum(size for size, _ in sizes)
            depth = 1 + max((depth for _, depth in sizes), default=0)
            if size > SIZE:
                raise _UnsafeDocument(f"more than {SIZE} values, with what aliases repeat", node)
            if depth > DEPTH:
                raise _UnsafeDocument(
                    f"more than {DEPTH} values inside each other, by aliases", node
                )
            self._known[id(node)] = size, depth
        return self._known[id(node)]

    def _inner(self, node: yaml.CollectionNode) -> list[yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            return list(node.value)
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _UnsafeDocument("a key must be a word, not a list or a mapping", key)
        return [value for _, value in node.value]

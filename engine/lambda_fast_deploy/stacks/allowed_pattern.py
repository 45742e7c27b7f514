"""Checks values against the patterns of a template, if the result is certain and quick.

The patterns are Java's. CloudFormation checks all of them; this skips a pattern that Python may
read differently or match slowly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_re: Any = re._parser  # type: ignore[attr-defined]  # its name since Python 3.11
_OF_JAVA = re.compile(
    r"&&|\[[^\]]*\[|\\[pPhHRXzZQ]"
)  # nested classes and other syntax of Java only
_TRIES = 20_000_000  # comparisons of one character: some tenths of a second
_ONE = (_re.LITERAL, _re.NOT_LITERAL, _re.ANY, _re.IN, _re.AT)  # one comparison each
_REPEATS = (_re.MAX_REPEAT, _re.MIN_REPEAT, _re.POSSESSIVE_REPEAT)


def may_match(value: str, pattern: str) -> bool:
    """Whether a value matches the whole pattern, or the pattern is skipped."""
    if _OF_JAVA.search(pattern):
        return True
    try:
        ways, steps = _effort(_re.parse(pattern, re.ASCII), len(value))
        return ways * steps >= _TRIES or bool(re.fullmatch(pattern, value, re.ASCII))
    except (re.error, RecursionError, OverflowError):
        return True


def _effort(parts: Iterable[tuple[Any, Any]], length: int) -> tuple[int, int]:
    """The number of possible matches of a pattern, and the comparisons of each.

    Python's matcher backtracks, and tries each possible match at most once. So it makes at most the
    product of both.

    Args:
        parts: a pattern, or a part of one, from Python's parser.
        length: the number of characters of the text.
    """
    ways, steps = 1, 0
    for kind, argument in parts:
        if kind in _ONE:
            more, longer = 1, 1
        elif kind in _REPEATS:
            more, longer = _repeated(argument, length)
        elif kind is _re.BRANCH:
            each = [_effort(branch, length) for branch in argument[1]]
            more, longer = sum(count for count, _ in each), sum(step for _, step in each)
        elif kind is _re.SUBPATTERN or kind in (_re.ASSERT, _re.ASSERT_NOT):
            more, longer = _effort(argument[-1], length)
        elif kind is _re.ATOMIC_GROUP:
            more, longer = _effort(argument, length)
        elif kind is _re.GROUPREF:
            more, longer = 1, length
        else:
            more, longer = _TRIES, 1
        ways, steps = min(ways * more, _TRIES), min(steps + longer, _TRIES)
    return ways, steps


def _repeated(argument: tuple[Any, Any, Any], length: int) -> tuple[int, int]:
    """The same for a repeated part."""
    least, most, body = int(argument[0]), int(argument[1]), argument[2]
    inner, each = _effort(body, length)
    each = max(each, 1)
    shortest = max(body.getwidth()[0], 1)  # an empty part is not repeated endlessly
    most = max(least, min(most, length // shortest + 1))
    if inner == 1:
        return most - least + 1, most * each
    ways, power = 0, 1
    for times in range(most + 1):
        ways += power if times >= least else 0
        power *= inner
        if max(ways, power) > _TRIES:
            return _TRIES, most * each
    return ways, most * each

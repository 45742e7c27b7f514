"""Parses TOML within limits: documents that only an attacker would write are refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.schema.yaml_nodes import DEPTH

# The place of an error in tomllib's message (Python library reference, TOMLDecodeError).
_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
# A key of very many parts takes tomllib quadratic time: it compares each part with all before.
_PART = r"""(?>[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*+\.[ \t]*+"""
_LONG_KEY = re.compile(rf"(?<![\w.-])(?:{_PART}){{{DEPTH}}}", re.ASCII)


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """The tables of a TOML document of at most ``DEPTH`` levels.

    Args:
        text: the document.
        path: its path, for problems.

    Raises:
        Invalid: it is not valid TOML, or nested too deep.
    """
    import tomllib  # only stacks and poetry's locks need it

    place, deep = Place(str(path)), f"nested more than {DEPTH} levels deep"
    try:
        if match := _LONG_KEY.search(text):
            line = text.count("\n", 0, match.start()) + 1
            raise Invalid([Problem(deep, Place(str(path), line))])
        document = tomllib.loads(text)
        _check_depth(document)
    except RecursionError:
        raise Invalid([Problem(deep, place)]) from None
    except ValueError as error:
        says = str(error)
        if match := _LINE.search(says):
            says, place = says[: match.start()], Place(str(path), int(match[1]))
        raise Invalid([Problem(f"not valid TOML: {says}", place)]) from None
    return document


def _check_depth(value: Any, depth: int = DEPTH) -> None:
    if not depth:
        raise RecursionError
    if isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            _check_depth(each, depth - 1)

"""TOML, within bounds: what only a hostile file needs is refused before it is followed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.schema.yaml_nodes import DEPTH

# Where tomllib found the mistake (Python library reference, TOMLDecodeError).
_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
# A key of very many parts: tomllib compares each part with all before it.
_PART = r"""(?>[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*+\.[ \t]*+"""
_LONG_KEY = re.compile(rf"(?<![\w.-])(?:{_PART}){{{DEPTH}}}", re.ASCII)


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """The tables of a TOML document, none deeper than ``DEPTH``.

    Args:
        text: the document.
        path: what problems name.

    Raises:
        Invalid: it is no TOML, or its values are too deep.
    """
    import tomllib  # only stacks and poetry's locks need it

    place, deep = Place(str(path)), f"more than {DEPTH} values inside each other"
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

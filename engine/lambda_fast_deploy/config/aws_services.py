"""Reads from source code which AWS services it creates clients for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from lambda_fast_deploy.adapters.files import is_directory, is_file, read_bytes
from lambda_fast_deploy.adapters.folders import tree

FROM_CODE = "from-code"
_MAKERS = ("client", "resource", "create_client")


def services_of(code: Path) -> tuple[set[str], list[tuple[Path, int]]]:
    """The services in calls such as ``boto3.client("s3")`` in a directory.

    Returns:
        The services, and the places (file and line) of calls whose service is not a literal.

    Raises:
        Invalid: a file cannot be read, or is too large.
    """
    named: set[str] = set()
    unknown: list[tuple[Path, int]] = []
    if not is_directory(code):
        return named, unknown
    for path in map(code.joinpath, tree(code, follow=False, leaves_out=_is_hidden).files):
        if path.suffix != ".py" or not is_file(path):
            continue
        for call in _calls(read_bytes(path)):
            service = call.args[0] if call.args else None
            for keyword in call.keywords:
                if keyword.arg == "service_name":
                    service = keyword.value
            if isinstance(service, ast.Constant) and isinstance(service.value, str):
                named.add(service.value)
            elif _is_of_boto(call.func) and service is not None:
                unknown.append((path, call.lineno))
    return named, unknown


def _is_hidden(path: str, is_folder: bool) -> bool:
    """Whether it is a folder without importable modules, such as ``.venv``."""
    return is_folder and path.rpartition("/")[2].startswith(".")


def _calls(source: bytes) -> Iterator[ast.Call]:
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the import in Lambda, by a test, gives a better error
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            if name in _MAKERS:
                yield node


def _is_of_boto(function: ast.expr) -> bool:
    """Whether it is called on boto3 or a session, and not on another library's client."""
    owner = function.value if isinstance(function, ast.Attribute) else None
    ends: tuple[str, ...] = ("boto3", "session")
    if isinstance(owner, ast.Call) and not (owner.args or owner.keywords):
        owner, ends = owner.func, ("session",)
    name = getattr(owner, "attr", None) or getattr(owner, "id", None) or ""
    return str(name).lower().endswith(ends)

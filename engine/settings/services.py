"""The AWS services that code makes clients of, as far as its text tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from engine.adapters.files import is_directory

FROM_CODE = "from-code"
_MAKERS = ("client", "resource", "create_client")


def services_of(code: Path) -> tuple[set[str], list[tuple[Path, int]]]:
    """Services named in calls such as ``boto3.client("s3")``, below a directory.

    Returns:
        The services, and the places (file and line) of calls whose service is only known when
        they run.
    """
    named: set[str] = set()
    unknown: list[tuple[Path, int]] = []
    for path in sorted(code.rglob("*.py")) if is_directory(code) else ():
        for call in _calls(path):
            service = call.args[0] if call.args else None
            for keyword in call.keywords:
                if keyword.arg == "service_name":
                    service = keyword.value
            if isinstance(service, ast.Constant) and isinstance(service.value, str):
                named.add(service.value)
            elif _is_of_boto(call.func) and service is not None:
                unknown.append((path, call.lineno))
    return named, unknown


def _calls(path: Path) -> Iterator[ast.Call]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the import on Lambda's side, in the health gate, says more than we could
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            if name in _MAKERS:
                yield node


def _is_of_boto(function: ast.expr) -> bool:
    """Whether it is called on boto3 or a session, and not on somebody else's client."""
    owner = ast.unparse(function.value).lower() if isinstance(function, ast.Attribute) else ""
    return owner.endswith(("boto3", "session", "session()"))

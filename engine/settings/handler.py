"""Whether a handler can be found in the code, before Lambda fails to find it."""

from __future__ import annotations

import ast
from pathlib import Path

from engine.adapters.files import is_file, read_bytes
from engine.errors import Invalid


def _defines(source: Path, name: str) -> bool:
    """Whether a module binds a name at its top level, as far as its text tells."""
    try:
        tree = ast.parse(read_bytes(source))
    except (Invalid, SyntaxError, ValueError, RecursionError, MemoryError):
        return True  # the import on Lambda's side, in the health gate, says more than we could
    scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    todo: list[ast.AST] = [tree]
    todo += [node for node in ast.walk(tree) if isinstance(node, ast.Global)]
    while todo:
        node = todo.pop()
        if isinstance(node, scopes):
            names = [node.name]
        elif isinstance(node, ast.Global):
            names = node.names
        elif isinstance(node, ast.Name):
            stored = isinstance(node.ctx, ast.Store)
            names = [node.id] if stored else ["*"] if node.id == "globals" else []
        elif isinstance(node, ast.alias):
            names = [node.asname or node.name]
        else:
            names = []
        if name in names or "*" in names:
            return True
        if not isinstance(node, scopes):
            todo += ast.iter_child_nodes(node)
    return False


def problem_with(code: Path, handler: str, runtime: str, *, is_whole: bool = True) -> str:
    """What is wrong with a handler such as ``package.module.function``, or nothing.

    ``is_whole`` says that the module can only be in ``code``, and in no layer or requirement.
    """
    module, _, name = handler.rpartition(".")
    if runtime.startswith("nodejs"):
        endings = (".js", ".mjs", ".cjs")
        if not is_whole or any(is_file(code / f"{module}{ending}") for ending in endings):
            return ""
        return f"handler {handler!r}: {module}.js does not exist in {code.name!r}"
    relative = module.replace(".", "/")
    for candidate in (code / f"{relative}.py", code / relative / "__init__.py"):
        if is_file(candidate):
            if _defines(candidate, name):
                return ""
            return f"handler {handler!r}: {candidate.name} defines no {name!r}"
    if not is_whole:
        return ""
    return f"handler {handler!r}: {relative}.py does not exist in {code.name!r}"

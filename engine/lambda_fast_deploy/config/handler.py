"""Whether a handler can be found in the code, before Lambda fails to find it."""

from __future__ import annotations

import ast
import glob
from pathlib import Path

from lambda_fast_deploy.adapters.files import is_file, read_bytes
from lambda_fast_deploy.errors import Invalid


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


def problem_with(code: Path, handler: str, runtime: str) -> str:
    """What is wrong with a handler whose module is in the code, or nothing.

    Args:
        code: the directory of the function's own code.
        handler: such as ``package.module.function``.
        runtime: the function's.
    """
    if runtime.startswith("nodejs") or (module := _of_python(code, handler)) is None:
        return ""
    name = handler.rpartition(".")[2]
    if module.suffix != ".py" or _defines(module, name):
        return ""
    return f"handler {handler!r}: {module.name} defines no {name!r}"


def absence_of(code: Path, handler: str, runtime: str) -> str:
    """That the module of a handler is not in the code, where only a layer can have it; or nothing.

    Args:
        code: the directory of the function's own code.
        handler: such as ``package.module.function``, or a path of Lambda's.
        runtime: the function's.
    """
    if handler.startswith("/"):  # into /opt, where layers are
        return ""
    if runtime.startswith("nodejs"):
        # As the runtime has it: what follows the first dot of the last name is in the module
        # (aws-lambda-nodejs-runtime-interface-client, "UserFunction").
        folder, _, last = handler.rpartition("/")
        module = f"{folder}/{last.partition('.')[0]}" if folder else last.partition(".")[0]
        if any(is_file(code / f"{module}{ending}") for ending in ("", ".js", ".mjs", ".cjs")):
            return ""
        return f"handler {handler!r}: {module}.js does not exist in {code.name!r}"
    if _of_python(code, handler) is not None:
        return ""
    relative = handler.rpartition(".")[0].replace(".", "/")
    return f"handler {handler!r}: {relative}.py does not exist in {code.name!r}"


def _of_python(code: Path, handler: str) -> Path | None:
    """The file of a handler's module: a package goes before a module, as in an import."""
    relative = handler.rpartition(".")[0].replace(".", "/")
    for candidate in (code / relative / "__init__.py", code / f"{relative}.py"):
        if is_file(candidate):
            return candidate
    place = code / relative
    compiled = place.parent.glob(f"{glob.escape(place.name)}.*") if place.name else ()
    return next((each for each in compiled if each.suffix in (".so", ".pyc")), None)

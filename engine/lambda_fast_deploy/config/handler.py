"""Checks that the code has the module and the function of a handler."""

from __future__ import annotations

import ast
import glob
import io
import zipfile
from pathlib import Path

from lambda_fast_deploy.adapters.files import is_file, read_bytes, read_listed
from lambda_fast_deploy.adapters.zips import UNREADABLE
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Architecture
from lambda_fast_deploy.models.quotas import UNZIPPED_LIMIT
from lambda_fast_deploy.models.runtime import Runtime

# Member e_machine of a program's header (Tool Interface Standard, "ELF Specification").
_MACHINES = {b"\x3e\x00": Architecture.X86_64, b"\xb7\x00": Architecture.ARM64}


def _defines(source: Path, name: str) -> bool:
    """Whether a module binds a name at its top level, as far as its source shows."""
    try:
        tree = ast.parse(read_bytes(source))
    except (Invalid, SyntaxError, ValueError, RecursionError, MemoryError):
        return True  # the import in Lambda, by a test, gives a better error
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


def problem_with(code: Path, handler: str, runtime: Runtime) -> str:
    """The problem of a handler whose module does not define it; an empty text if there is none.

    Args:
        code: the directory of the function's code.
        handler: the handler, such as ``package.module.function``.
        runtime: the runtime of the function.
    """
    file = _file_of(code, handler, runtime)
    name = handler.rpartition(".")[2]
    if file is None or file.suffix != ".py" or _defines(file, name):
        return ""
    return f"handler {handler!r}: {file.name} does not define {name!r}"


def program_problem(code: Path, handler: str, runtime: Runtime, architecture: Architecture) -> str:
    """Why Lambda could not start the program of a compiled function; an empty text if it could.

    Args:
        code: the directory of the function's code.
        handler: the handler.
        runtime: the runtime of the function.
        architecture: the architecture of the function.
    """
    file = _file_of(code, handler, runtime)
    if file is None or runtime.family is None or not runtime.family.is_program:
        return ""
    content, is_executable = read_listed(file)
    if not is_executable:
        return f"{file.name} is not executable; run chmod +x, and commit it with that mode"
    machine = _MACHINES.get(content[18:20]) if content.startswith(b"\x7fELF") else architecture
    if machine == architecture:
        return ""
    return f"{file.name} is a program for {machine or 'another machine'}, not for {architecture}"


def absence_of(code: Path, handler: str, runtime: Runtime) -> str:
    """The problem of a handler whose module is not in the code; an empty text if there is none.

    Args:
        code: the directory of the function's code.
        handler: the handler, such as ``package.module.function``, or a path in Lambda.
        runtime: the runtime of the function.
    """
    family = runtime.family
    if family is None or handler.startswith("/"):  # in /opt, where layers are
        return ""
    if _file_of(code, handler, runtime) is not None:
        return ""
    missing = f"{family.module_of(handler)}{family.suffix}"
    where = f"{code.name!r} and its {family.archives}" if family.archives else repr(code.name)
    return f"handler {handler!r}: {missing} does not exist in {where}"


def _file_of(code: Path, handler: str, runtime: Runtime) -> Path | None:
    """The file of a handler's module, if the code has it."""
    family = runtime.family
    if family is None:
        return None
    module = family.module_of(handler)
    for suffix in family.suffixes:
        if is_file(code / f"{module}{suffix}"):
            return code / f"{module}{suffix}"
    if family.archives:
        name = f"{module}{family.suffix}"
        return next((jar for jar in sorted(code.glob(family.archives)) if _has(jar, name)), None)
    path = code / module
    files = path.parent.glob(f"{glob.escape(path.name)}.*") if path.name else ()
    return next((file for file in files if file.suffix in family.compiled), None)


def _has(archive: Path, name: str) -> bool:
    """Whether a zip has an entry; an unreadable one may have it."""
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(archive, UNZIPPED_LIMIT))) as zipped:
            return name in zipped.namelist()
    except (Invalid, *UNREADABLE):
        return True

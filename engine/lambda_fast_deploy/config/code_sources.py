"""The code of a function: a directory, several ones whose files make one zip, or a zip or jar."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.adapters.files import is_directory, is_file, read_bytes
from lambda_fast_deploy.adapters.zips import UNREADABLE
from lambda_fast_deploy.config.handler import absence_of, problem_with, program_problem
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Architecture, BuildCommand
from lambda_fast_deploy.models.quotas import UNZIPPED_LIMIT
from lambda_fast_deploy.models.runtime import Runtime

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

ARCHIVES = (".zip", ".jar")
Code = tuple[Path, ...]


def is_archive(path: Path) -> bool:
    """Whether a path is that of a zip or jar."""
    return path.suffix.lower() in ARCHIVES and is_file(path)


def _is_named_archive(path: Path) -> bool:
    """Whether a path that may not exist is that of a zip or jar by its name."""
    return path.suffix.lower() in ARCHIVES and not is_directory(path)


def read_code(checked: ValidatedDocument, value: str | list[str], *path: str) -> Code:
    """The code of a key, from a checked value."""
    if isinstance(value, str):
        if _is_named_archive(checked.root / value):
            if not checked.needs_code:
                return (checked.root / value,)
            hint = "; make it in an earlier step, or by build"
            return (checked.file(value, *path, hint=hint),)
        return (checked.directory(value, *path),)
    if not value:
        checked.problem("list at least one directory", *path)
    for index, name in enumerate(value):
        if name in value[:index]:
            checked.problem(f"directory {name!r} is listed twice", *path, index)
    return tuple(checked.directory(name, *path, index) for index, name in enumerate(value))


def read_build(checked: ValidatedDocument, value: dict[str, Any], *path: str) -> BuildCommand:
    """The command of a key ``build``, from a checked value."""
    if not value["command"]:
        checked.problem("list at least a program", *path, "command")
    for index, name in enumerate(value.get("from", ())):
        if not (is_file(checked.root / name) or is_directory(checked.root / name)):
            checked.problem(f"{name!r} does not exist", *path, "from", index)
    return BuildCommand(
        command=tuple(value["command"]),
        root=checked.root,
        sources=tuple(value.get("from", ())),
        variables=tuple(sorted(value.get("env", ()))),
        place=checked.at(*path),
    )


def built_code(checked: ValidatedDocument, value: str | list[str]) -> Code:
    """The code that a command builds, which may not exist yet."""
    names = [value] if isinstance(value, str) else value
    return tuple(checked.root / name for name in names)


def handler_problem(code: Code, handler: str, runtime: Runtime, architecture: Architecture) -> str:
    """As ``problem_with`` and ``program_problem``, for all directories of the code."""
    folders = [folder for folder in code if not is_archive(folder)]
    problems = (
        problem_with(folder, handler, runtime)
        or program_problem(folder, handler, runtime, architecture)
        for folder in folders
    )
    return next(filter(None, problems), "")


def handler_absence(code: Code, handler: str, runtime: Runtime) -> str:
    """As ``absence_of``, for all directories of the code, or for its zip or jar."""
    absences = [
        _absence_in_archive(each, handler, runtime)
        if is_archive(each)
        else absence_of(each, handler, runtime)
        for each in code
    ]
    return "" if "" in absences else absences[0] if absences else ""


def _absence_in_archive(path: Path, handler: str, runtime: Runtime) -> str:
    family = runtime.family
    if family is None or handler.startswith("/"):  # in /opt, where layers are
        return ""
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(path, UNZIPPED_LIMIT))) as zipped:
            names = zipped.namelist()
    except (Invalid, *UNREADABLE):
        return ""  # the zip is refused when it is read
    module = family.module_of(handler)
    ends = (*(f"{module}{suffix}" for suffix in family.suffixes), f"{module}.")
    if any(name in ends or name.startswith(ends[-1]) for name in names):
        return ""
    return f"handler {handler!r}: {module}{family.suffix} does not exist in {path.name!r}"

"""Recognizes code that must be compiled before a deploy, since nothing is compiled here."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from lambda_fast_deploy.adapters.files import is_file
from lambda_fast_deploy.fingerprints.file_tree import code_files
from lambda_fast_deploy.models.runtime import Runtime

# The start of a runtime's name; manifests of builds for it; and the files of which compiled code
# has one, anywhere or in its folder (Lambda developer guide, "Deploy … as .zip file archives").
_LANGUAGES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("java", ("pom.xml", "build.gradle", "build.gradle.kts"), ("*.class", "*.jar")),
    ("dotnet", ("*.csproj", "*.fsproj", "*.vbproj"), ("*.dll", "bootstrap")),
    ("go", ("go.mod",), ()),
    ("ruby", ("Gemfile",), ()),
    ("provided", ("go.mod", "Cargo.toml", "*.csproj", "*.fsproj", "pom.xml"), ("bootstrap",)),
)
_TYPESCRIPT = (".ts", ".tsx", ".mts", ".cts")


def uncompiled(code: Path, runtime: Any, *, has_layers: bool) -> str:
    """The build that code needs; an empty text if it can be deployed as it is.

    Args:
        code: a folder, or a single file that is not a zip.
        runtime: the runtime of its function.
        has_layers: whether a layer can have the program of a custom runtime.

    Raises:
        Invalid: the files of the folder cannot be listed.
    """
    for name, manifests, compiled in _LANGUAGES:
        if not isinstance(runtime, str) or not runtime.startswith(name):
            continue
        is_single = is_file(code)
        files = [code] if is_single else filter(is_file, code.iterdir())
        here = sorted(path.name for path in files)
        if manifest := next((n for n in here for m in manifests if fnmatch(n, m)), ""):
            return f"of {manifest}"
        if not compiled or (has_layers and name == "provided"):
            return ""
        names = here if is_single or name == "provided" else map(_last, code_files(code))
        if not any(fnmatch(each, pattern) for each in names for pattern in compiled):
            return f"for {runtime}, whose code here has no {' and no '.join(compiled)},"
    return ""


def typescript_of(folder: Path, handler: str, runtime: Any) -> str:
    """The TypeScript file of a handler whose JavaScript does not exist; else an empty text."""
    family = Runtime(runtime).family if isinstance(runtime, str) else None
    if family is None or family.suffix != ".js":
        return ""
    module = family.module_of(handler)
    if any(is_file(folder / f"{module}{suffix}") for suffix in family.suffixes):
        return ""
    return next(
        (f"{module}{each}" for each in _TYPESCRIPT if is_file(folder / f"{module}{each}")), ""
    )


def _last(name: str) -> str:
    return PurePosixPath(name).name

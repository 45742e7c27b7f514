"""What a layer asks for, as uv takes it, and which of it may be built from source.

Wheels are taken and nothing is built, but for the user's own folders and what ``sources`` names: a
build runs programs of the package.
"""

from __future__ import annotations

import re
from pathlib import Path

from engine.adapters.environment import for_tools
from engine.adapters.files import LOCK, read_text
from engine.adapters.process import output_of
from engine.adapters.uv import uv
from engine.content.local import local_packages
from engine.content.requirements import lock_of
from engine.errors import BuildFailed
from engine.model import Layer
from engine.settings.toml import parse_toml


def normal(name: str) -> str:
    """A package's name as its index has it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def as_file(layer: Layer) -> Path | None:
    """The requirements as uv takes them, unless they have to be written out first."""
    path = layer.requirements
    return path.resolve() if isinstance(path, Path) and lock_of(path) is None else None


def requirements_text(layer: Layer) -> str:
    """The requirements as lines; nothing where uv takes their file.

    Raises:
        BuildFailed: uv does not read the lock.
    """
    source = layer.requirements
    if not isinstance(source, Path):
        return "\n".join(source)
    lock = lock_of(source)
    if lock is None:
        return ""
    if lock.name == "uv.lock":
        command = [uv(), "export", "--frozen", "--quiet", "--no-config", "--no-dev", "--no-header"]
        command += ["--no-emit-project", "--no-annotate", "--no-editable"]
        text = output_of(command, source.parent, environment=for_tools())
        if text is None:
            says = f"layer {layer.name} cannot be made of {lock}: uv does not read it"
            raise BuildFailed(says, remedy="Make it again: uv lock.")
        return text
    return "\n".join(_of_poetry(lock))


def _of_poetry(lock: Path) -> list[str]:
    """Pinned and hashed requirements of a poetry.lock: those of its main group."""
    lines = []
    for package in parse_toml(read_text(lock, LOCK), lock).get("package", []):
        if "main" not in package.get("groups", [package.get("category", "main")]):
            continue
        markers = package.get("markers", "")
        marker = markers.get("main", "") if isinstance(markers, dict) else markers
        line = f"{package['name']}=={package['version']}" + (f" ; {marker}" if marker else "")
        hashes = [f"--hash={file['hash']}" for file in package.get("files", [])]
        lines.append(" ".join([line, *hashes]))
    return lines


def base_of(layer: Layer) -> Path:
    """The folder that paths in the requirements are seen from."""
    source = layer.requirements
    if isinstance(source, Path) and source.name == "pyproject.toml":
        return source.resolve().parent
    return Path.cwd()


def may_be_built(layer: Layer) -> set[str]:
    """The packages that may be built from source, by their names.

    Raises:
        BuildFailed: one has no name that could be told to uv.
    """
    own = local_packages(layer.requirements)
    if nameless := [each.folder.name for each in own if not each.name]:
        raise BuildFailed(
            f"layer {layer.name} requires folder {nameless[0]}, which has no pyproject.toml with "
            "the name of a package",
            remedy=f"Write its name before it in {layer.source}: NAME @ ./{nameless[0]}.",
        )
    return {normal(name) for name in (*layer.sources, *(each.name for each in own))}


def build_options(layer: Layer) -> list[str]:
    """Options of uv: wheels only, but for the packages that may be built.

    uv would take a folder for unchanged as long as its pyproject.toml is.
    """
    built = sorted(may_be_built(layer))
    each = (f"{option}={name}" for name in built for option in ("--no-binary", "--refresh-package"))
    return ["--only-binary=:all:", *each]

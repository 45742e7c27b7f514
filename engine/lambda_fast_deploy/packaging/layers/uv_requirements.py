"""The requirements of a layer as uv takes them, and which packages may be built from source.

Only wheels are installed, except for local folders and the packages in ``sources``: a build runs
code of the package.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.environment import for_tools
from lambda_fast_deploy.adapters.files import LOCK, read_text
from lambda_fast_deploy.adapters.index_settings import credentials_of, without_own
from lambda_fast_deploy.adapters.process import run
from lambda_fast_deploy.adapters.uv import uv
from lambda_fast_deploy.config.toml import parse_toml
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.layers.local_packages import local_packages
from lambda_fast_deploy.fingerprints.layers.package_indexes import indexes_of
from lambda_fast_deploy.fingerprints.layers.requirements import RequirementFiles, requirement_files
from lambda_fast_deploy.models import Layer
from lambda_fast_deploy.packaging.layers.locks import pdm, pipenv, poetry
from lambda_fast_deploy.packaging.layers.locks.pins import ResolvedLock, UnusableLock
from lambda_fast_deploy.packaging.layers.locks.target import LayerTarget, normal

_Reader = Callable[..., ResolvedLock]
_READERS: Mapping[str, _Reader] = {
    "poetry": poetry.settled,
    "pdm": pdm.settled,
    "pipenv": pipenv.settled,
}


@dataclass(frozen=True, slots=True)
class Command:
    """The input of uv for a layer.

    ``file`` names the packages; ``options`` apply to them. uv runs in ``folder`` with
    ``environment``. ``is_settled`` says that a lock has every version.
    """

    file: Path
    options: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    is_settled: bool = False


def command_of(layer: Layer, folder: Path) -> Command:
    """The input of uv for a layer.

    Args:
        layer: the layer.
        folder: the folder for files written for uv.

    Raises:
        BuildFailed: its lock cannot be used.
    """
    source, options = layer.requirements, tuple(_options(layer))
    around = {**without_own(for_tools()), **indexes_of(source).variables}
    if not isinstance(source, Path):
        requirements = folder / "requirements.txt"
        requirements.write_text("\n".join(source), encoding="utf-8")
        return Command(requirements, options, Path.cwd(), around)
    files = requirement_files(source)
    if files.kind == "lines":
        return Command(source.absolute(), options, Path.cwd(), around)
    selection = tuple(_selection(layer))
    if files.kind == "project":
        return Command(source.absolute(), (*selection, *options), files.folder, around)
    if files.lock is None:
        raise _not_taken(layer, source.name, "it has no lock", "Run pipenv lock, and commit it")
    if files.kind == "pylock":
        file = files.lock.absolute()
        return Command(file, (*selection, *options), files.folder, around, is_settled=True)
    if files.kind == "uv":
        file = _exported(layer, files, folder)
        return Command(file, options, files.folder, around, is_settled=True)
    settled = _read(layer, files)
    around |= credentials_of(settled.indexes, around)
    file, constraints = settled.write(folder)
    more = ("--no-deps", f"--constraints={constraints}")
    return Command(file, (*more, *options), files.folder, around, is_settled=True)


def _read(layer: Layer, files: RequirementFiles) -> ResolvedLock:
    """The packages of a lock that uv does not read.

    Raises:
        BuildFailed: the lock cannot be used.
    """
    kind, manifest, lock = files.kind, files.manifest, files.lock
    assert manifest
    assert lock
    try:
        return _READERS[kind](
            _parsed(lock),
            parse_toml(read_text(manifest, LOCK), manifest),
            files.folder,
            LayerTarget(layer),
            layer.extras,
            layer.groups,
        )
    except UnusableLock as failure:
        raise _not_taken(layer, lock.name, failure.says, failure.remedy) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        says = f"it does not have the format of {kind} ({error})"
        raise _not_taken(layer, lock.name, says, f"Write it again: {kind} lock") from None


def _parsed(lock: Path) -> Mapping[str, Any]:
    text = read_text(lock, LOCK)
    if not lock.name.startswith("Pipfile"):
        return parse_toml(text, lock)
    import json

    document: Mapping[str, Any] = json.loads(text)
    return document


def _not_taken(layer: Layer, lock: str, says: str, remedy: str) -> BuildFailed:
    return BuildFailed(
        f"layer {layer.name} cannot be built from {lock}: {says}", remedy=f"{remedy}."
    )


def _exported(layer: Layer, files: RequirementFiles, folder: Path) -> Path:
    """uv's lock as a pylock.toml that uv installs from, without the default groups.

    uv reads the project's settings for the export: without its indexes the lock would not match.
    """
    assert files.lock
    target = folder / "pylock.toml"
    command = [uv(), "export", "--locked", "--quiet", "--format=pylock.toml", "--no-header"]
    command += ["--no-default-groups", "--no-emit-project", "--no-editable", "--no-annotate"]
    command += [f"--output-file={target}", *_selection(layer)]
    try:
        run(command, what="uv export", environment=for_tools(), cwd=files.folder)
    except BuildFailed as failure:
        lines = [line.strip() for line in failure.detail.splitlines() if line.strip()]
        says = " ".join(lines).removeprefix("error: ").partition(" hint: ")[0][:300]
        remedy = "Run uv lock, and commit uv.lock"
        if "is not defined" in says:
            remedy = f"Correct extras and groups of layer {layer.name}"
        raise _not_taken(layer, files.lock.name, says, remedy) from None
    return target


def _selection(layer: Layer) -> list[str]:
    return [*(f"--extra={e}" for e in layer.extras), *(f"--group={g}" for g in layer.groups)]


def _environment(layer: Layer) -> dict[str, str]:
    return {**without_own(for_tools()), **indexes_of(layer.requirements).variables}


def may_be_built(layer: Layer) -> set[str]:
    """The packages that may be built from source, by name.

    Raises:
        BuildFailed: a local folder has no package name that uv could get.
    """
    packages = local_packages(layer.requirements, layer.extras, layer.groups)
    folders = [each for each in packages if each.is_built]
    if nameless := [each.path.name for each in folders if not each.name]:
        raise BuildFailed(
            f"layer {layer.name} requires folder {nameless[0]}, which has no pyproject.toml with a "
            "package name",
            remedy=f"Add its name in {layer.source}: NAME @ ./{nameless[0]}.",
        )
    return {normal(name) for name in (*layer.sources, *(each.name for each in folders))}


def _options(layer: Layer) -> list[str]:
    """Options of uv: wheels only, except for packages that may be built.

    uv would treat a folder as unchanged while its pyproject.toml is unchanged, and a file while its
    name is. A build takes the Python that uv finds; wheels alone need none, and a search for one
    takes half a second where PATH has the shims of a version manager.
    """
    built = may_be_built(layer)
    packages = local_packages(layer.requirements, layer.extras, layer.groups)
    fresh = built | {normal(each.name) for each in packages if each.name}
    return [
        "--only-binary=:all:",
        *(f"--no-binary={name}" for name in sorted(built)),
        *(f"--refresh-package={name}" for name in sorted(fresh)),
        *([] if built else [f"--python={sys.executable}"]),
    ]

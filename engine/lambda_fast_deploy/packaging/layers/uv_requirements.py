"""What a layer asks for, as uv takes it, and which of it may be built from source.

Wheels are taken and nothing is built, but for the user's own folders and what ``sources`` names: a
build runs programs of the package.
"""

from __future__ import annotations

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
from lambda_fast_deploy.fingerprints.layers.requirements import RequirementFiles, asked
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
    """What uv needs to know of what a layer asks for.

    ``file`` names the packages, ``options`` how they are taken. uv runs in ``folder`` with
    ``environment``. ``is_settled`` says that a lock has settled every version.
    """

    file: Path
    options: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    is_settled: bool = False


def command_of(layer: Layer, folder: Path) -> Command:
    """What uv is to install.

    Args:
        layer: what is wanted.
        folder: takes the files that are written for uv.

    Raises:
        BuildFailed: its lock cannot be taken as it is.
    """
    source, options = layer.requirements, tuple(_options(layer))
    around = {**without_own(for_tools()), **indexes_of(source).variables}
    if not isinstance(source, Path):
        written = folder / "requirements.txt"
        written.write_text("\n".join(source), encoding="utf-8")
        return Command(written, options, Path.cwd(), around)
    found = asked(source)
    if found.kind == "lines":
        return Command(source.absolute(), options, Path.cwd(), around)
    named = tuple(_named(layer))
    if found.kind == "project":
        return Command(source.absolute(), (*named, *options), found.folder, around)
    if found.lock is None:
        raise _not_taken(layer, source.name, "it has no lock", "Run pipenv lock, and commit it")
    if found.kind == "pylock":
        file = found.lock.absolute()
        return Command(file, (*named, *options), found.folder, around, is_settled=True)
    if found.kind == "uv":
        file = _exported(layer, found, folder)
        return Command(file, options, found.folder, around, is_settled=True)
    settled = _read(layer, found)
    around |= credentials_of(settled.indexes, around)
    file, constraints = settled.write(folder)
    more = ("--no-deps", f"--constraints={constraints}")
    return Command(file, (*more, *options), found.folder, around, is_settled=True)


def _read(layer: Layer, found: RequirementFiles) -> ResolvedLock:
    """What a lock that uv does not read settles.

    Raises:
        BuildFailed: it cannot be taken as it is.
    """
    kind, manifest, lock = found.kind, found.manifest, found.lock
    assert manifest
    assert lock
    try:
        return _READERS[kind](
            _parsed(lock),
            parse_toml(read_text(manifest, LOCK), manifest),
            found.folder,
            LayerTarget(layer),
            layer.extras,
            layer.groups,
        )
    except UnusableLock as failure:
        raise _not_taken(layer, lock.name, failure.says, failure.remedy) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        says = f"it is not as {kind} writes it ({error})"
        raise _not_taken(layer, lock.name, says, f"Make it anew: {kind} lock") from None


def _parsed(lock: Path) -> Mapping[str, Any]:
    text = read_text(lock, LOCK)
    if not lock.name.startswith("Pipfile"):
        return parse_toml(text, lock)
    import json

    read: Mapping[str, Any] = json.loads(text)
    return read


def _not_taken(layer: Layer, lock: str, says: str, remedy: str) -> BuildFailed:
    return BuildFailed(f"layer {layer.name} cannot be made of {lock}: {says}", remedy=f"{remedy}.")


def _exported(layer: Layer, found: RequirementFiles, folder: Path) -> Path:
    """uv's lock as a lock that it installs from, of a project without its default groups.

    uv reads the project's settings for that: without its indexes the lock would not fit it.
    """
    assert found.lock
    target = folder / "pylock.toml"
    command = [uv(), "export", "--locked", "--quiet", "--format=pylock.toml", "--no-header"]
    command += ["--no-default-groups", "--no-emit-project", "--no-editable", "--no-annotate"]
    command += [f"--output-file={target}", *_named(layer)]
    try:
        run(command, what="uv export", environment=for_tools(), cwd=found.folder)
    except BuildFailed as failure:
        lines = [line.strip() for line in failure.detail.splitlines() if line.strip()]
        says = " ".join(lines).removeprefix("error: ").partition(" hint: ")[0][:300]
        remedy = "Run uv lock, and commit uv.lock"
        if "is not defined" in says:
            remedy = f"Correct extras and groups of layer {layer.name}"
        raise _not_taken(layer, found.lock.name, says, remedy) from None
    return target


def _named(layer: Layer) -> list[str]:
    return [*(f"--extra={e}" for e in layer.extras), *(f"--group={g}" for g in layer.groups)]


def _environment(layer: Layer) -> dict[str, str]:
    return {**without_own(for_tools()), **indexes_of(layer.requirements).variables}


def may_be_built(layer: Layer) -> set[str]:
    """The packages that may be built from source, by their names.

    Raises:
        BuildFailed: one has no name that could be told to uv.
    """
    own = local_packages(layer.requirements, layer.extras, layer.groups)
    folders = [each for each in own if each.is_built]
    if nameless := [each.path.name for each in folders if not each.name]:
        raise BuildFailed(
            f"layer {layer.name} requires folder {nameless[0]}, which has no pyproject.toml with "
            "the name of a package",
            remedy=f"Write its name before it in {layer.source}: NAME @ ./{nameless[0]}.",
        )
    return {normal(name) for name in (*layer.sources, *(each.name for each in folders))}


def _options(layer: Layer) -> list[str]:
    """Options of uv: wheels only, but for the packages that may be built.

    uv would take a folder for unchanged as long as its pyproject.toml is, and a file as long as its
    name is.
    """
    built = may_be_built(layer)
    own = local_packages(layer.requirements, layer.extras, layer.groups)
    fresh = built | {normal(each.name) for each in own if each.name}
    return [
        "--only-binary=:all:",
        *(f"--no-binary={name}" for name in sorted(built)),
        *(f"--refresh-package={name}" for name in sorted(fresh)),
    ]

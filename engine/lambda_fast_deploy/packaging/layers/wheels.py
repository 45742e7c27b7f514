"""Dependencies installed by uv for Lambda's platform, and the contents of each package.

uv resolves and installs wheels for another platform; pip would need a list of every older tag.
"""

from __future__ import annotations

import csv
import functools
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from lambda_fast_deploy.adapters.environment import VARIABLES, for_tools
from lambda_fast_deploy.adapters.process import output_of, run
from lambda_fast_deploy.adapters.uv import uv
from lambda_fast_deploy.errors import BuildFailed, disk_full
from lambda_fast_deploy.models import Architecture, Layer
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.layers.locks.target import normal, version_of
from lambda_fast_deploy.packaging.layers.programs import make_portable
from lambda_fast_deploy.packaging.layers.uv_requirements import command_of, may_be_built

_NEWER = Runtime("python3.12")  # the first with a newer glibc
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NO_MODULE = re.compile(r"bin|.*\.dist-info")
# Messages of uv about a package without a wheel.
_UNBUILT = re.compile(
    r"(?:attempted to build|Failed to build:?) '?([A-Za-z0-9][\w.-]*)"
    r"|([A-Za-z0-9][\w.-]*?)(?:==\S+)? has no (?:usable )?wheels"
)


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """An installed package: its files, relative to the folder, and the packages it needs.

    ``tags`` are the Pythons and platforms of its wheel (PEP 425).
    """

    name: str
    version: str
    files: tuple[str, ...]
    needs: tuple[str, ...]
    tags: tuple[str, ...] = ()

    @property
    def modules(self) -> tuple[str, ...]:
        """The top-level modules of the package."""
        tops = {file.split("/")[0] for file in self.files if file.endswith((".py", ".so"))}
        return tuple(sorted(top.split(".")[0] for top in tops if not _NO_MODULE.fullmatch(top)))


def platform_of(runtime: Runtime, architecture: Architecture) -> str:
    """uv's name for the platform of a runtime."""
    wheels = "manylinux_2_28" if runtime.glibc >= (2, 28) else "manylinux2014"
    return f"{architecture.machine}-{wheels}"


@functools.cache
def interpreter(runtime: Runtime) -> str:
    """The path of an interpreter for a runtime on this machine, or ``""``.

    That of this process if it has the version; else looks where uv looks, in the tool cache of
    GitHub's runners, and among pyenv's versions.
    """
    version = runtime.version
    if version == "{}.{}".format(*sys.version_info):
        return str(Path(sys.executable).resolve())
    command = [uv(), "python", "find", "--no-config", "--no-project", "--no-python-downloads"]
    if stdout := output_of([*command, version], Path("/"), environment=for_tools()):
        return stdout.strip()
    places = (
        (VARIABLES.get("RUNNER_TOOL_CACHE", ""), f"Python/{version}.*/*/bin/python3"),
        (VARIABLES.get("PYENV_ROOT") or "~/.pyenv", f"versions/{version}.*/bin/python3"),
    )
    for folder, pattern in places:
        for path in sorted(Path(folder).expanduser().glob(pattern)) if folder else ():
            return str(path)
    return ""


def outdated_notes(layer: Layer, packages: Mapping[str, InstalledPackage]) -> list[str]:
    """Notes about packages that are older than on a newer runtime.

    uv silently skips wheels for a newer glibc and installs an older version. With a lock, the
    versions are fixed.
    """
    if platform_of(layer.runtime, layer.architecture).endswith("manylinux_2_28"):
        return []
    with tempfile.TemporaryDirectory() as folder:
        command = command_of(layer, Path(folder))
        if command.is_settled:
            return []
        listed = output_of(
            [
                uv(),
                *("pip", "compile", "--quiet", "--no-config", "--no-header", "--no-annotate"),
                f"--python-version={version_of(layer)}",
                f"--python-platform={platform_of(_NEWER, layer.architecture)}",
                *command.options,
                str(command.file),
            ],
            command.folder,
            60,
            command.environment,
        )
    lines = (listed or "").splitlines()
    pairs = (line.split(";")[0].strip().partition("==") for line in lines)
    older = [
        f"{name} {packages[normal(name)].version} and not {version}"
        for name, sign, version in pairs
        if sign and normal(name) in packages and packages[normal(name)].version != version
    ]
    if not older:
        return []
    return [
        f"Layer {layer.name} has {', '.join(older)}: the newer versions need a newer glibc than "
        f"that of {layer.runtime}; python3.12 has it."
    ]


def install(
    layer: Layer, target: Path, beat: Callable[[], None] = lambda: None
) -> dict[str, InstalledPackage]:
    """Install the requirements of a layer into a folder; returns the packages by name.

    ``beat`` is called while uv is silent; an exception in it ends uv.

    Raises:
        BuildFailed: the requirements cannot be installed for the platform.
    """
    files = target.with_name("asked")
    files.mkdir()
    uv_command = command_of(layer, files)
    command = [
        uv(),
        *("pip", "install", "--quiet", "--no-config", "--link-mode=hardlink"),
        f"--target={target}",
        f"--python-version={version_of(layer)}",
        f"--python-platform={platform_of(layer.runtime, layer.architecture)}",
        "--no-compile-bytecode",
        "--no-editable",
        f"--requirements={uv_command.file}",
        *uv_command.options,
    ]
    what = f"layer {layer.name}"
    try:
        run(
            command, what=what, environment=uv_command.environment, beat=beat, cwd=uv_command.folder
        )
    except BuildFailed as failure:
        disk_full(what, failure.detail)
        raise _explained(layer, failure) from None
    packages = {each.name: each for each in map(_read, target.glob("*.dist-info"))}
    if not packages:
        raise BuildFailed(
            f"layer {layer.name} is empty: {layer.source} requires nothing",
            remedy="Remove the layer, or add its packages.",
        )
    for name in sorted(may_be_built(layer) & packages.keys()):
        _check_pure(layer, packages[name])
    _check_links(layer, target, packages.values())
    make_portable(target)
    return packages


def _explained(layer: Layer, failure: BuildFailed) -> BuildFailed:
    """The error of uv with its cause and a remedy."""
    words = " ".join(re.sub(r"[^\w\s.,:;()'\"=<>!~@/\[\]+*-]", " ", failure.detail).split())
    match = re.search(r"Because (.+?)(?:\. |, we can conclude|$)", words)
    cause = match.group(1) if match else words.removeprefix("error: ")[:300]
    remedy = f"Correct {layer.source}. Only wheels for {layer.runtime} on {layer.architecture} are "
    remedy += "installed; packages under sources of the layer are built."
    if unbuilt := _UNBUILT.search(words):
        name = next(filter(None, unbuilt.groups()))
        remedy = (
            f"Set sources: [{name}] for layer {layer.name} to build it from source (runs its "
            "build, and must result in pure Python), or use a version that has a wheel for "
            f"{layer.runtime} on {layer.architecture}."
        )
    return BuildFailed(
        f"layer {layer.name} cannot be built from {layer.source}: {cause}",
        detail=failure.detail,
        remedy=remedy,
    )


def _check_links(layer: Layer, root: Path, packages: Iterable[InstalledPackage]) -> None:
    """Refuse paths to folders of this machine, as an editable package has (PEP 660).

    Raises:
        BuildFailed: with the package and the folder.
    """
    for one in packages:
        for name in (file for file in one.files if file.endswith(".pth") and "/" not in file):
            text = (root / name).read_text(encoding="utf-8", errors="replace")
            outside = next((line for line in text.splitlines() if line.startswith("/")), "")
            if outside:
                raise BuildFailed(
                    f"{one.name} {one.version} in layer {layer.name} refers to {outside} on this "
                    f"machine ({name}), which is not in the layer",
                    remedy="Use a build that contains its modules, not an editable one.",
                )


def _check_pure(layer: Layer, one: InstalledPackage) -> None:
    """Refuse a package built for this machine.

    Raises:
        BuildFailed: it is not pure Python.
    """
    if not any(tag.endswith("-none-any") for tag in one.tags):
        raise BuildFailed(
            f"{one.name} {one.version} in layer {layer.name} was built from source, and only "
            f"works on this machine ({', '.join(one.tags)})",
            remedy="Use a version that has a wheel for Lambda, or one that is pure Python.",
        )


def _read(information: Path) -> InstalledPackage:
    header, wheel = (
        HeaderParser().parsestr((information / name).read_text(encoding="utf-8", errors="replace"))
        for name in ("METADATA", "WHEEL")
    )
    record = information / "RECORD"
    with record.open(encoding="utf-8", newline="") as lines:
        files = [row[0] for row in csv.reader(lines) if row]
    needs = [
        normal(match.group())
        for line in header.get_all("Requires-Dist") or []
        if "extra ==" not in line and (match := _NAME.match(line))
    ]
    return InstalledPackage(
        name=normal(header["Name"]),
        version=header["Version"],
        files=tuple(sorted(file for file in files if not file.startswith(("..", "/")))),
        needs=tuple(needs),
        tags=tuple(wheel.get_all("Tag") or ()),
    )


def divide(
    layer: Layer, packages: Mapping[str, InstalledPackage]
) -> dict[str, list[InstalledPackage]]:
    """The packages of each part, each in one part: with their requirements, earlier parts first.

    Raises:
        BuildFailed: a package is in no part, or a part names a package that is not installed.
    """
    free = dict(sorted(packages.items()))
    parts: dict[str, list[InstalledPackage]] = {}
    for part, names in layer.parts.items():
        parts[part] = []
        waiting = [normal(name) for name in names]
        if missing := [name for name in waiting if name not in packages]:
            raise BuildFailed(
                f"layer {part} names {', '.join(missing)}, which {layer.source} does not require",
                remedy=f"Correct split of layer {layer.name}, or add it to {layer.source}.",
            )
        while waiting:
            if one := free.pop(waiting.pop(0), None):
                parts[part].append(one)
                waiting += one.needs
    rest = next((part for part, names in layer.parts.items() if not names), "")
    if rest:
        parts[rest] = list(free.values())
    elif free:
        raise BuildFailed(
            f"layer {layer.name} has no part for {', '.join(free)}",
            remedy="Name them in a part of split, or set one part to rest.",
        )
    _check_shared(parts)
    return parts


def _check_shared(parts: Mapping[str, list[InstalledPackage]]) -> None:
    owners: dict[str, tuple[str, str]] = {}
    for part, packages in parts.items():
        for one in packages:
            for file in (each for each in one.files if not each.startswith("bin/")):
                other_part, other = owners.setdefault(file, (part, one.name))
                if other_part != part:
                    raise BuildFailed(
                        f"{other} (layer {other_part}) and {one.name} (layer {part}) both have "
                        f"{file}",
                        remedy="Put them into one part, so that neither hides the other.",
                    )

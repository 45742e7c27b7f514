"""Dependencies installed for Lambda's platform by uv, and what each installed package holds.

uv resolves and installs wheels for another platform; pip would need every older tag spelled out.
"""

from __future__ import annotations

import csv
import functools
import re
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
# What uv says of a package that has no wheel, where nothing else is taken.
_UNBUILT = re.compile(
    r"(?:attempted to build|Failed to build:?) '?([A-Za-z0-9][\w.-]*)"
    r"|([A-Za-z0-9][\w.-]*?)(?:==\S+)? has no (?:usable )?wheels"
)


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """An installed package: its files, relative to the folder, and the packages it needs.

    ``tags`` say which Pythons and platforms its wheel is for (PEP 425).
    """

    name: str
    version: str
    files: tuple[str, ...]
    needs: tuple[str, ...]
    tags: tuple[str, ...] = ()

    @property
    def modules(self) -> tuple[str, ...]:
        """The top-level modules that it brings."""
        tops = {file.split("/")[0] for file in self.files if file.endswith((".py", ".so"))}
        return tuple(sorted(top.split(".")[0] for top in tops if not _NO_MODULE.fullmatch(top)))


def platform_of(runtime: Runtime, architecture: Architecture) -> str:
    """uv's name of the platform a runtime has."""
    wheels = "manylinux_2_28" if runtime.glibc >= (2, 28) else "manylinux2014"
    return f"{architecture.machine}-{wheels}"


@functools.cache
def interpreter(runtime: Runtime) -> str:
    """The path of an interpreter of a runtime's version on this machine, or nothing.

    Looked for where uv looks, in the tool cache of GitHub's runners, and among pyenv's versions.
    """
    version = runtime.version
    command = [uv(), "python", "find", "--no-config", "--no-project", "--no-python-downloads"]
    if found := output_of([*command, version], Path("/"), environment=for_tools()):
        return found.strip()
    places = (
        (VARIABLES.get("RUNNER_TOOL_CACHE", ""), f"Python/{version}.*/*/bin/python3"),
        (VARIABLES.get("PYENV_ROOT") or "~/.pyenv", f"versions/{version}.*/bin/python3"),
    )
    for folder, pattern in places:
        for path in sorted(Path(folder).expanduser().glob(pattern)) if folder else ():
            return str(path)
    return ""


def held_back(layer: Layer, found: Mapping[str, InstalledPackage]) -> list[str]:
    """What people should know of packages that are older than on a newer runtime.

    Wheels for a newer glibc are passed over without a word, and an older version is taken. Where a
    lock has settled the versions there is no other to be taken.
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
        f"{name} {found[normal(name)].version} and not {version}"
        for name, sign, version in pairs
        if sign and normal(name) in found and found[normal(name)].version != version
    ]
    if not older:
        return []
    return [
        f"Layer {layer.name} has {', '.join(older)}: the newer ones need a newer glibc than "
        f"{layer.runtime} has; python3.12 has it."
    ]


def install(
    layer: Layer, target: Path, beat: Callable[[], None] = lambda: None
) -> dict[str, InstalledPackage]:
    """Install what a layer requires into a folder; what is there now, by name.

    ``beat`` is called while uv is silent; what it raises ends uv.

    Raises:
        BuildFailed: the requirements cannot be installed for that platform.
    """
    written = target.with_name("asked")
    written.mkdir()
    wanted = command_of(layer, written)
    command = [
        uv(),
        *("pip", "install", "--quiet", "--no-config", "--link-mode=hardlink"),
        f"--target={target}",
        f"--python-version={version_of(layer)}",
        f"--python-platform={platform_of(layer.runtime, layer.architecture)}",
        "--no-compile-bytecode",
        "--no-editable",
        f"--requirements={wanted.file}",
        *wanted.options,
    ]
    what = f"layer {layer.name}"
    try:
        run(command, what=what, environment=wanted.environment, beat=beat, cwd=wanted.folder)
    except BuildFailed as failure:
        disk_full(what, failure.detail)
        raise _explained(layer, failure) from None
    found = {each.name: each for each in map(_read, target.glob("*.dist-info"))}
    if not found:
        raise BuildFailed(
            f"layer {layer.name} is empty: {layer.source} requires nothing",
            remedy="Remove the layer, or name what it should hold.",
        )
    for name in sorted(may_be_built(layer) & found.keys()):
        _check_pure(layer, found[name])
    _check_links(layer, target, found.values())
    make_portable(target)
    return found


def _explained(layer: Layer, failure: BuildFailed) -> BuildFailed:
    """uv's words for why something cannot be installed, and what helps."""
    words = " ".join(re.sub(r"[^\w\s.,:;()'\"=<>!~@/\[\]+*-]", " ", failure.detail).split())
    because = re.search(r"Because (.+?)(?:\. |, we can conclude|$)", words)
    cause = because.group(1) if because else words.removeprefix("error: ")[:300]
    remedy = f"Correct {layer.source}; only wheels for {layer.runtime} on {layer.architecture} are "
    remedy += "taken, and what sources of the layer names is built."
    if unbuilt := _UNBUILT.search(words):
        name = next(filter(None, unbuilt.groups()))
        remedy = (
            f"Write sources: [{name}] for layer {layer.name} to have it built from source, which "
            "runs its build and must lead to pure Python; or take a version that has a wheel for "
            f"{layer.runtime} on {layer.architecture}."
        )
    return BuildFailed(
        f"layer {layer.name} cannot be made of {layer.source}: {cause}",
        detail=failure.detail,
        remedy=remedy,
    )


def _check_links(layer: Layer, root: Path, found: Iterable[InstalledPackage]) -> None:
    """Refuse what leads to a folder of this machine, as an editable package does (PEP 660).

    Raises:
        BuildFailed: with the package and the folder.
    """
    for one in found:
        for name in (file for file in one.files if file.endswith(".pth") and "/" not in file):
            text = (root / name).read_text(encoding="utf-8", errors="replace")
            outside = next((line for line in text.splitlines() if line.startswith("/")), "")
            if outside:
                raise BuildFailed(
                    f"{one.name} {one.version} in layer {layer.name} leads to {outside} of this "
                    f"machine ({name}), which no layer has",
                    remedy="Use a build of it that holds its modules, not an editable one.",
                )


def _check_pure(layer: Layer, one: InstalledPackage) -> None:
    """Refuse what was built for this machine.

    Raises:
        BuildFailed: it is not pure Python.
    """
    if not any(tag.endswith("-none-any") for tag in one.tags):
        raise BuildFailed(
            f"{one.name} {one.version} in layer {layer.name} was built from source, and fits this "
            f"machine only ({', '.join(one.tags)})",
            remedy="Use a version of it that has a wheel for Lambda, or one that is pure Python.",
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
    layer: Layer, found: Mapping[str, InstalledPackage]
) -> dict[str, list[InstalledPackage]]:
    """The packages of each part, each in exactly one: with what they need, earlier parts first.

    Raises:
        BuildFailed: a package is in no part, or a part names one that is not there.
    """
    free = dict(sorted(found.items()))
    parts: dict[str, list[InstalledPackage]] = {}
    for part, held in layer.parts.items():
        parts[part] = []
        waiting = [normal(name) for name in held]
        if missing := [name for name in waiting if name not in found]:
            raise BuildFailed(
                f"layer {part} names {', '.join(missing)}, which {layer.source} does not require",
                remedy=f"Correct split of layer {layer.name}, or add it to {layer.source}.",
            )
        while waiting:
            if one := free.pop(waiting.pop(0), None):
                parts[part].append(one)
                waiting += one.needs
    rest = next((part for part, held in layer.parts.items() if not held), "")
    if rest:
        parts[rest] = list(free.values())
    elif free:
        raise BuildFailed(
            f"layer {layer.name} has no part for {', '.join(free)}",
            remedy="Name them in a part of split, or let one part be the rest.",
        )
    _check_shared(parts)
    return parts


def _check_shared(parts: Mapping[str, list[InstalledPackage]]) -> None:
    owners: dict[str, tuple[str, str]] = {}
    for part, held in parts.items():
        for one in held:
            for file in (each for each in one.files if not each.startswith("bin/")):
                other_part, other = owners.setdefault(file, (part, one.name))
                if other_part != part:
                    raise BuildFailed(
                        f"{other} (layer {other_part}) and {one.name} (layer {part}) both have "
                        f"{file}",
                        remedy="Put them into one part, so that neither hides the other.",
                    )

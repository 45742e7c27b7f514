"""Dependencies installed for Lambda's platform by uv, and what each installed package holds.

uv resolves and installs wheels for another platform; pip would need every older tag spelled out.
"""

from __future__ import annotations

import csv
import functools
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.parser import HeaderParser
from pathlib import Path

from engine.adapters.files import read_text
from engine.adapters.process import output_of, run
from engine.adapters.uv import uv
from engine.content.requirements import lock_of
from engine.errors import BuildFailed, disk_full
from engine.model import Architecture, Layer

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def normal(name: str) -> str:
    """A package's name as its index has it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed package: its files, relative to the folder, and the packages it needs."""

    name: str
    version: str
    files: tuple[str, ...]
    needs: tuple[str, ...]

    @property
    def modules(self) -> tuple[str, ...]:
        """The top-level modules that it brings."""
        tops = {file.split("/")[0] for file in self.files if file.endswith((".py", ".so"))}
        return tuple(sorted(top.split(".")[0] for top in tops if not top.endswith(".dist-info")))


def platform_of(runtime: str, architecture: Architecture) -> str:
    """uv's name of the platform a runtime has.

    Python 3.12 and newer run on Amazon Linux 2023 (glibc 2.34), older ones on Amazon Linux 2
    (glibc 2.26) (Lambda developer guide, "Lambda runtimes").
    """
    minor = int(runtime.removeprefix("python3."))
    machine = "x86_64" if architecture is Architecture.X86_64 else "aarch64"
    return f"{machine}-manylinux_2_28" if minor >= 12 else f"{machine}-manylinux2014"


@functools.cache
def interpreter(runtime: str) -> str:
    """The path of an interpreter of a runtime's version on this machine, or nothing.

    Looked for where uv looks, in the tool cache of GitHub's runners, and among pyenv's versions.
    """
    version = runtime.removeprefix("python")
    command = [uv(), "python", "find", "--no-config", "--no-project", "--no-python-downloads"]
    if found := output_of([*command, version], Path("/")):
        return found.strip()
    places = (
        (os.environ.get("RUNNER_TOOL_CACHE", ""), f"Python/{version}.*/*/bin/python3"),
        (os.environ.get("PYENV_ROOT") or "~/.pyenv", f"versions/{version}.*/bin/python3"),
    )
    for folder, pattern in places:
        for path in sorted(Path(folder).expanduser().glob(pattern)) if folder else ():
            return str(path)
    return ""


def held_back(layer: Layer, found: Mapping[str, Distribution]) -> list[str]:
    """What people should know of packages that are older than on a newer runtime.

    Wheels for a newer glibc are passed over without a word, and an older version is taken.
    """
    if platform_of(layer.runtime, layer.architecture).endswith("manylinux_2_28"):
        return []
    newer = replace(layer, runtime="python3.12")
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder, "requirements.txt")
        asked.write_text(_requirements_text(layer), encoding="utf-8")
        listed = output_of(
            [
                uv(),
                *("pip", "compile", "--quiet", "--no-config", "--no-header", "--no-annotate"),
                f"--python-version={layer.runtime.removeprefix('python')}",
                f"--python-platform={platform_of(newer.runtime, newer.architecture)}",
                "--only-binary=:all:",
                str(_as_file(layer) or asked),
            ],
            Path(folder),
            timeout=60,
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


def install(layer: Layer, target: Path) -> dict[str, Distribution]:
    """Install what a layer requires into a folder; what is there now, by name.

    Raises:
        BuildFailed: the requirements cannot be installed for that platform.
    """
    asked = target.with_name("requirements.txt")
    asked.write_text(_requirements_text(layer), encoding="utf-8")
    command = [
        uv(),
        *("pip", "install", "--quiet", "--no-config", "--link-mode=hardlink"),
        f"--target={target}",
        f"--requirements={_as_file(layer) or asked}",
        f"--python-version={layer.runtime.removeprefix('python')}",
        f"--python-platform={platform_of(layer.runtime, layer.architecture)}",
        "--only-binary=:all:",
        "--no-compile-bytecode",
    ]
    try:
        run(command, what=f"layer {layer.name}")
    except BuildFailed as failure:
        disk_full(f"layer {layer.name}", failure.detail)
        words = " ".join(re.sub(r"[^\w\s.,:;()'\"=<>!~@/\[\]+*-]", " ", failure.detail).split())
        because = re.search(r"Because (.+?)(?:\. |, we can conclude|$)", words)
        cause = because.group(1) if because else words.removeprefix("error: ")[:300]
        raise BuildFailed(
            f"layer {layer.name} cannot be made of {layer.source}: {cause}",
            detail=failure.detail,
            remedy=f"Correct {layer.source}; only wheels for {layer.runtime} on "
            f"{layer.architecture} are taken.",
        ) from None
    found = {each.name: each for each in map(_read, target.glob("*.dist-info"))}
    if not found:
        raise BuildFailed(
            f"layer {layer.name} is empty: {layer.source} requires nothing",
            remedy="Remove the layer, or name what it should hold.",
        )
    return found


def _as_file(layer: Layer) -> Path | None:
    """The requirements as uv takes them, unless they have to be written out first."""
    path = layer.requirements
    return path.resolve() if isinstance(path, Path) and lock_of(path) is None else None


def _requirements_text(layer: Layer) -> str:
    source = layer.requirements
    if not isinstance(source, Path):
        return "\n".join(source)
    lock = lock_of(source)
    if lock is None:
        return ""
    if lock.name == "uv.lock":
        command = [uv(), "export", "--frozen", "--quiet", "--no-config", "--no-dev", "--no-header"]
        text = output_of([*command, "--no-emit-project", "--no-annotate"], source.parent)
        if text is None:
            says = f"layer {layer.name} cannot be made of {lock}: uv does not read it"
            raise BuildFailed(says, remedy="Make it again: uv lock.")
        return text
    return "\n".join(_of_poetry(lock))


def _of_poetry(lock: Path) -> list[str]:
    """Pinned and hashed requirements of a poetry.lock: those of its main group."""
    lines = []
    for package in tomllib.loads(read_text(lock)).get("package", []):
        if "main" not in package.get("groups", [package.get("category", "main")]):
            continue
        markers = package.get("markers", "")
        marker = markers.get("main", "") if isinstance(markers, dict) else markers
        line = f"{package['name']}=={package['version']}" + (f" ; {marker}" if marker else "")
        hashes = [f"--hash={file['hash']}" for file in package.get("files", [])]
        lines.append(" ".join([line, *hashes]))
    return lines


def _read(information: Path) -> Distribution:
    header = HeaderParser().parsestr(
        (information / "METADATA").read_text(encoding="utf-8", errors="replace")
    )
    record = information / "RECORD"
    with record.open(encoding="utf-8", newline="") as lines:
        files = [row[0] for row in csv.reader(lines) if row]
    needs = [
        normal(match.group())
        for line in header.get_all("Requires-Dist") or []
        if "extra ==" not in line and (match := _NAME.match(line))
    ]
    return Distribution(
        name=normal(header["Name"]),
        version=header["Version"],
        files=tuple(sorted(file for file in files if not file.startswith(("..", "/", "bin/")))),
        needs=tuple(needs),
    )


def divide(layer: Layer, found: Mapping[str, Distribution]) -> dict[str, list[Distribution]]:
    """The packages of each part, each in exactly one: with what they need, earlier parts first.

    Raises:
        BuildFailed: a package is in no part, or a part names one that is not there.
    """
    free = dict(sorted(found.items()))
    parts: dict[str, list[Distribution]] = {}
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


def _check_shared(parts: Mapping[str, list[Distribution]]) -> None:
    owners: dict[str, tuple[str, str]] = {}
    for part, held in parts.items():
        for one in held:
            for file in one.files:
                other_part, other = owners.setdefault(file, (part, one.name))
                if other_part != part:
                    raise BuildFailed(
                        f"{other} (layer {other_part}) and {one.name} (layer {part}) both have "
                        f"{file}",
                        remedy="Put them into one part, so that neither hides the other.",
                    )

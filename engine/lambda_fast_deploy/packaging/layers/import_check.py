"""Checks that every module of a layer imports, in an interpreter of the layer's version."""

from __future__ import annotations

import json
import os
import platform
import re
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.adapters.process import output_within
from lambda_fast_deploy.models import Layer
from lambda_fast_deploy.packaging.layers.pruning import PrunedFolder
from lambda_fast_deploy.packaging.layers.wheels import InstalledPackage, interpreter

TIMEOUT = 300  # seconds for all modules of one process
_ONE = 30  # seconds for one module
_ENDED = "the interpreter ended"
_SUFFIX = re.compile(r"(?:\.py|\.abi3\.so|(?:\.cpython-[\w-]+)?\.so)\Z")
# Modules that no function imports: they run something, or are for developers.
_LEFT = frozenset(
    {"__main__", "tests", "test", "testing", "conftest", "setup", "examples", "_examples"}
)

# -I ignores the machine's packages and the user's settings. Each module is printed before its
# import, so that one that ends the interpreter is known by name. Without garbage collection,
# imports take a fifth less time.
_SCRIPT = """
import gc, importlib, json, os, signal, sys, warnings
gc.disable()
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
for name in json.load(sys.stdin):
    out.write(json.dumps([name]) + "\\n")
    out.flush()
    signal.alarm(int(sys.argv[2]))
    try:
        importlib.import_module(name)
    except BaseException as error:
        out.write(json.dumps([name, f"{type(error).__name__}: {error}"]) + "\\n")
    signal.alarm(0)
out.write("[]")
out.flush()
os._exit(0)
"""


def why_not(layer: Layer) -> str:
    """Why the imports of a layer cannot be tested on this machine, or ``""``."""
    if platform.machine() not in (layer.architecture, {"arm64": "aarch64"}.get(layer.architecture)):
        return f"this machine is {platform.machine()}"
    if not interpreter(layer.runtime):
        return f"there is no {layer.runtime} on this machine"
    return ""


def modules_of(root: Path, packages: Iterable[InstalledPackage]) -> list[str]:
    """All modules except tests, examples and programs; a package before its own modules."""
    modules = set()
    for one in packages:
        for file in one.files:
            is_module = _SUFFIX.search(file) and not file.startswith("bin/")
            if not (is_module and (root / file).is_file()):
                continue
            parts = _SUFFIX.sub("", file).split("/")
            if parts[-1] == "__init__":
                parts.pop()
            if parts and all(part.isidentifier() for part in parts) and not _LEFT & {*parts}:
                modules.add(".".join(parts))
    return sorted(modules)


def failures(layer: Layer, root: Path, modules: list[str]) -> dict[str, str]:
    """The modules that cannot be imported, and why.

    One process per processor, each with separate packages.
    """
    tops = sorted({name.partition(".")[0] for name in modules})
    many = max(1, min(os.cpu_count() or 1, len(tops)))
    share = {top: number % many for number, top in enumerate(_by_weight(tops, modules))}
    parts = [[m for m in modules if share[m.partition(".")[0]] == n] for n in range(many)]
    errors: dict[str, str] = {}
    for each in together(lambda part: _failures(layer, root, part), parts):
        errors |= each
    return errors


def _by_weight(tops: list[str], modules: list[str]) -> list[str]:
    """Packages, those with the most modules first."""
    count = dict.fromkeys(tops, 0)
    for name in modules:
        count[name.partition(".")[0]] += 1
    return sorted(tops, key=lambda top: -count[top])


def _failures(layer: Layer, root: Path, modules: list[str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    while modules:
        tried, failed, is_done = _tried(layer, root, modules)
        errors |= failed
        if is_done:
            break
        if not tried:  # it does not even start
            return errors | dict.fromkeys(modules, _ENDED)
        errors[tried[-1]] = _ENDED
        modules = modules[modules.index(tried[-1]) + 1 :]
    return errors


def _tried(
    layer: Layer, root: Path, modules: list[str]
) -> tuple[list[str], Mapping[str, str], bool]:
    """Import modules in one process: the modules tried, the errors, and whether it completed."""
    command = [interpreter(layer.runtime), "-I", "-B", "-c", _SCRIPT, str(root), str(_ONE)]
    with tempfile.TemporaryDirectory() as nowhere:
        environment = {"HOME": nowhere, "PATH": "/usr/bin:/bin"}
        printed, _ = output_within(
            command, Path(nowhere), TIMEOUT, environment, json.dumps(modules)
        )
    lines = []
    for line in printed.splitlines():
        with suppress(ValueError):
            lines.append(json.loads(line))
    tried = [line[0] for line in lines if len(line) == 1]
    return tried, {line[0]: line[1] for line in lines if len(line) == 2}, [] in lines


def restore(layer: Layer, root: Path, pruned: PrunedFolder, modules: list[str]) -> dict[str, str]:
    """Restore what imports need; returns the modules that still cannot be imported, and why."""
    failed = failures(layer, root, modules)
    beyond = {name: why for name, why in failed.items() if not _could_be(why, pruned)}
    if suspects := sorted(failed.keys() - beyond.keys()):
        with tempfile.TemporaryDirectory(dir=root.parent) as unpruned:
            pruned.before(Path(unpruned))
            beyond |= failures(layer, Path(unpruned), suspects)
    missing = {name: why for name, why in failed.items() if name not in beyond}
    while missing:
        # First one module for each error is tried again, and all modules when these import.
        few = {why: name for name, why in reversed(missing.items())}
        waiting = {name: why for why, name in few.items()}
        while waiting:
            paths = {
                path
                for name, why in waiting.items()
                for path in _needed(why, pruned) or _near(name, pruned)
            }
            if not paths:
                return beyond | missing
            for path in paths:
                pruned.restore(path)
            waiting = failures(layer, root, sorted(waiting))
        missing = failures(layer, root, sorted(missing))
    return beyond


def _could_be(why: str, pruned: PrunedFolder) -> bool:
    """Whether pruning can be the cause of an error: not if it names a package without removals."""
    match = re.match(r"ModuleNotFoundError: No module named '(\w+)", why)
    tops = set(map(_top, pruned.removed))
    return bool(tops) and (match is None or match.group(1) in tops)


def _top(path: str) -> str:
    """The top module of a path."""
    return path.partition("/")[0].partition(".")[0]


def _near(module: str, pruned: PrunedFolder) -> set[str]:
    """The removed paths nearest to a module: in its own package, else in the parent package."""
    parts = module.split(".")
    for length in range(len(parts) - 1, 0, -1):
        folder = "/".join(parts[:length])
        if removed := {path for path in pruned.removed if path.startswith(f"{folder}/")}:
            return removed
    return {path for path in pruned.removed if _top(path) == parts[0]}


def _needed(why: str, pruned: PrunedFolder) -> set[str]:
    """The removed paths of the module or file that an import error names."""
    if files := {path for path in pruned.removed if path in why and "." in path}:
        return files
    match = re.search(r"No module named '([\w.]+)'", why)
    match = match or re.search(r"cannot import name '\w+' from (?:partially.*?)?'([\w.]+)'", why)
    if not match:
        return set()
    place = match.group(1).replace(".", "/")
    child = re.search(r"cannot import name '(\w+)'", why)
    places = [place, f"{place}/{child.group(1)}"] if child else [place]
    return {
        path
        for path in pruned.removed
        for place in places
        if path == place
        or path.startswith((f"{place}.", f"{place}/"))
        or place.startswith(f"{path}/")
    }

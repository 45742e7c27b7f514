"""Whether a layer imports, in an interpreter of the version that it is for."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from engine.build.pruning import Pruned
from engine.build.wheels import Distribution, interpreter
from engine.model import Layer

TIMEOUT = 300  # seconds
_DEPTH = 2  # scipy.stats is imported, scipy.stats.distributions is not

# -I: neither the machine's packages nor the user's settings have a say.
_SCRIPT = """
import importlib, json, os, sys, warnings
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
failed = {}
for name in json.load(sys.stdin):
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"
json.dump(failed, out)
out.flush()
os._exit(0)
"""


def why_not(layer: Layer) -> str:
    """Why the imports of a layer cannot be tried on this machine, or nothing."""
    if platform.machine() not in (layer.architecture, {"arm64": "aarch64"}.get(layer.architecture)):
        return f"this machine is {platform.machine()}"
    if not interpreter(layer.runtime):
        return f"there is no {layer.runtime} on this machine"
    return ""


def modules_of(root: Path, found: Iterable[Distribution]) -> list[str]:
    """The modules that users import: packages to a depth of two, without private ones."""
    names = {name for one in found for name in one.modules if name.isidentifier()}
    modules = {name for name in names if not name.startswith("_")}
    for name in sorted(modules):
        for start in (root / name).glob("*/__init__.py"):
            child = start.parent.name
            if not child.startswith("_") and child not in ("tests", "test", "testing", "conftest"):
                modules.add(f"{name}.{child}")
    return sorted(modules)


def failures(layer: Layer, root: Path, modules: list[str]) -> dict[str, str]:
    """The modules that cannot be imported, and why."""
    with tempfile.TemporaryDirectory() as nowhere:
        try:
            done = subprocess.run(
                [interpreter(layer.runtime), "-I", "-B", "-c", _SCRIPT, str(root)],
                input=json.dumps(modules),
                cwd=nowhere,
                env={"HOME": nowhere, "PATH": "/usr/bin:/bin"},
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
            found: dict[str, str] = json.loads(done.stdout)
        except (subprocess.TimeoutExpired, ValueError) as error:
            return dict.fromkeys(modules, f"the interpreter ended: {type(error).__name__}")
    return found


def restore(layer: Layer, root: Path, pruned: Pruned, modules: list[str]) -> dict[str, str]:
    """Put back what imports turn out to need; what cannot be imported all the same, and why."""
    while failed := failures(layer, root, modules):
        wanted = {path for why in failed.values() for path in _needed(why, pruned)}
        if not wanted:
            tops = {name.split(".")[0] for name in failed}
            wanted = {path for path in pruned.removed if path.split("/")[0] in tops}
        if not wanted:
            return failed
        for path in wanted:
            pruned.put_back(path)
        modules = sorted(failed)
    return {}


def _needed(why: str, pruned: Pruned) -> set[str]:
    """What was taken out of the module that an import error names."""
    named = re.search(r"No module named '([\w.]+)'", why)
    named = named or re.search(r"cannot import name '\w+' from (?:partially.*?)?'([\w.]+)'", why)
    if not named:
        return set()
    place = named.group(1).replace(".", "/")
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

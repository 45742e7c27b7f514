"""Bytecode in layers: /opt is read-only, so without bytecode every cold start compiles again.

Importing a whole data science stack took 4.2 s without and 1.3 s with bytecode. Hashes are
unchecked: the fixed times in a zip would make timestamp-based files stale.
"""

from __future__ import annotations

from pathlib import Path

from lambda_fast_deploy.adapters.environment import for_tools
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.adapters.process import output_of
from lambda_fast_deploy.models import Layer
from lambda_fast_deploy.packaging.layers.wheels import interpreter

_MODE = ["--invalidation-mode=unchecked-hash", "-j1"]  # with more jobs the bytes vary


def compile_all(layer: Layer, root: Path) -> None:
    """Compile every module with its path below /opt; modules that do not compile stay source.

    Two processes compile separate packages, always the same ones.
    """
    tops = sorted(path for path in root.iterdir() if path.suffix != ".dist-info")
    command = [interpreter(layer.runtime), "-I", "-m", "compileall", "-q", *_MODE]
    command += ["-s", str(root), "-p", "/opt/python"]
    if layer.bytecode == "only":
        command.append("-b")
    together(
        lambda half: output_of([*command, *map(str, half)], root, 600, for_tools()),
        [tops[0::2], tops[1::2]],
    )
    if layer.bytecode == "only":
        _take_place(root)


def _take_place(root: Path) -> None:
    """Replace sources by their compiled modules, where imports find them (PEP 3147)."""
    for compiled in root.rglob("*.pyc"):
        compiled.with_suffix(".py").unlink(missing_ok=True)


def beside(root: Path, module: str, tag: str) -> str:
    """The compiled file of a module, relative as the module is; ``""`` if it does not exist."""
    path = Path(module)
    if path.suffix != ".py":
        return ""
    places = (path.with_suffix(".pyc"), path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc")
    return next((place.as_posix() for place in places if (root / place).is_file()), "")


def tag_of(layer: Layer) -> str:
    """The infix of compiled files' names (PEP 3147)."""
    return f"cpython-{layer.runtime.version.replace('.', '')}"

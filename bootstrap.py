"""Starts the engine, with dependencies of its own and nobody else's Python.

A release has them beside this file, in ``dist/`` (tools/dist.py makes it): the engine runs at once,
in this process. Where that is not there, uv installs the hashed lock into an environment in the
runner's tool cache, and only the first run on a machine does.

Python is told to ignore the workspace, the user's settings and what is installed on the machine
(``-I -S``): a folder named ``engine``, or a ``sitecustomize.py``, changes nothing.
"""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent
VENDORED = ROOT / "dist"
LOCK = ROOT / "requirements" / "engine.txt"
SDK = ("botocore", "urllib3", "dateutil", "jmespath")  # two thirds of what a deploy imports


def run_vendored() -> NoReturn:
    """Become the engine, in this process."""
    from engine.adapters import toolcache

    keep_bytecode(str(toolcache.folder() / "bytecode"))
    sys.path.insert(0, str(VENDORED))
    from engine.__main__ import start

    start()


def keep_bytecode(folder: str) -> None:
    """Keep what is compiled of the action in a folder, since runners check it out for each job.

    ``sys.pycache_prefix`` would move the standard library's bytecode too, all of which had to be
    compiled first.
    """

    def place(path: str) -> str:
        return folder + path if path.endswith(".pyc") else path

    class Loader(SourceFileLoader):
        def get_data(self, path: str) -> bytes:
            return super().get_data(place(path))

        def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
            super().set_data(place(path), data, _mode=_mode)

    def finder(path: str) -> FileFinder:
        if not path.startswith(f"{ROOT}"):
            raise ImportError
        return FileFinder(path, (Loader, [".py"]))

    if not Path(folder).exists():
        compile_beside(Loader)
    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()


def compile_beside(loader: type[SourceFileLoader]) -> None:
    """Compile AWS's SDK on the other processors, while this process imports what comes before it.

    Nobody waits for them: a module that is not there yet is compiled by whoever imports it.
    """
    modules = [str(path) for package in SDK for path in (VENDORED / package).rglob("*.py")]
    others = min((os.cpu_count() or 1) - 1, 3)
    for number in range(others):
        if os.fork() == 0:
            try:
                for module in modules[number::others]:
                    loader(module, module).get_code(module)
            finally:
                os._exit(0)


def run_locked() -> NoReturn:
    """Become the engine in its environment, made first if this machine has none yet."""
    from engine.adapters.toolcache import kept

    parts = (LOCK.read_bytes(), str(ROOT), sys.version, platform.machine())
    python = kept(parts, install) / "venv" / "bin" / "python"
    sys.stdout.flush()
    os.execv(python, [str(python), "-I", "-m", "engine", *sys.argv[1:]])  # noqa: S606


def install(folder: Path) -> None:
    """Make the environment; Python compiles of it what is used, when it is."""
    from engine.adapters.process import run
    from engine.adapters.uv import clean_environment, uv

    venv = folder / "venv"
    for arguments in (
        ["venv", "--python", sys.executable, str(venv)],
        ["pip", "sync", "--require-hashes", "--python", f"{venv}/bin/python", str(LOCK)],
    ):
        command = [uv(), *arguments, "--quiet", "--no-config"]
        run(command, what="uv", environment=clean_environment(), cwd=folder)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    pointer = venv / "lib" / version / "site-packages" / "lambda_fast_deploy.pth"
    pointer.write_text(f"{ROOT}\n", encoding="utf-8")


def main() -> None:
    """Hand over to the engine."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the runner's Python, not ours
        sys.exit(
            f"error: lambda-fast-deploy needs Python 3.11, this is {sys.version.split()[0]}\n"
            "  Add actions/setup-python with python-version: '3.13' before this step."
        )
    sys.path.insert(0, str(ROOT))
    from engine.errors import DeployError

    try:
        if VENDORED.is_dir():
            run_vendored()
        run_locked()
    except DeployError as error:
        with suppress(OSError):  # nobody reads it: that is no other error
            print(f"error: the engine cannot start: {error}", file=sys.stderr, flush=True)
        sys.exit(3)


if __name__ == "__main__":
    main()

"""Starts the engine, with dependencies of its own and nobody else's Python.

A release has them beside this file, in ``dist/`` (tools/dist.py makes it): the engine runs at once,
in this process. Where that is not there, uv installs the hashed lock into an environment that the
later starts of a job have, or of a user (engine/lambda_fast_deploy/adapters/toolcache.py).

Python keeps what it compiles beside the sources: whoever could write there could write those too.

Python is told to ignore the workspace, the user's settings and what is installed on the machine
(``-I -S``): a folder named ``lambda_fast_deploy``, or a ``sitecustomize.py``, changes nothing.
"""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "engine"
VENDORED = ROOT / "dist"
LOCK = ROOT / "requirements" / "engine.txt"
SDK = ("botocore", "urllib3", "dateutil", "jmespath")  # two thirds of what a deploy imports


def run_vendored() -> NoReturn:
    """Become the engine, in this process."""
    if not (VENDORED / SDK[0] / "__pycache__").exists():
        compile_beside()
    sys.path.insert(0, str(VENDORED))
    from lambda_fast_deploy.__main__ import start

    start()


def compile_beside() -> None:
    """Compile AWS's SDK on the other processors, while this process imports what comes before it.

    Nobody waits for them: a module that is not there yet is compiled by whoever imports it.
    """
    modules = [str(path) for package in SDK for path in (VENDORED / package).rglob("*.py")]
    others = min((os.cpu_count() or 1) - 1, 3)
    for number in range(others):
        if os.fork() == 0:
            try:
                for module in modules[number::others]:
                    SourceFileLoader(module, module).get_code(module)
            finally:
                os._exit(0)


def run_locked() -> NoReturn:
    """Become the engine in its environment, made first if it is not kept yet."""
    from lambda_fast_deploy.adapters.toolcache import kept

    parts = (LOCK.read_bytes(), str(ROOT), sys.version, platform.machine())
    python = kept(parts, install) / "venv" / "bin" / "python"
    sys.stdout.flush()
    os.execv(python, [str(python), "-I", "-m", "lambda_fast_deploy", *sys.argv[1:]])  # noqa: S606


def install(folder: Path) -> None:
    """Make the environment; Python compiles of it what is used, when it is."""
    from lambda_fast_deploy.adapters.environment import for_tools
    from lambda_fast_deploy.adapters.process import run
    from lambda_fast_deploy.adapters.uv import uv

    venv = folder / "venv"
    for arguments in (
        ["venv", "--python", sys.executable, str(venv)],
        ["pip", "sync", "--require-hashes", "--python", f"{venv}/bin/python", str(LOCK)],
    ):
        command = [uv(), *arguments, "--quiet", "--no-config"]
        run(command, what="uv", environment=for_tools(), cwd=folder)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    pointer = venv / "lib" / version / "site-packages" / "lambda_fast_deploy.pth"
    pointer.write_text(f"{SOURCES}\n", encoding="utf-8")


def refuse(cause: str, remedy: str) -> NoReturn:
    """End, since this machine is not ready."""
    print(f"error: {cause}\n  {remedy}", file=sys.stderr)
    sys.exit(3)


def main() -> None:
    """Hand over to the engine."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the runner's Python, not ours
        refuse(
            f"lambda-fast-deploy needs Python 3.11, this is {sys.version.split()[0]}",
            "Add actions/setup-python with python-version: '3.13' before this step.",
        )
    if not hasattr(os, "fork"):
        refuse(
            f"lambda-fast-deploy runs on Linux and macOS, this is {platform.system()}",
            "Let the job run there, such as on ubuntu-latest.",
        )
    sys.path.insert(0, str(SOURCES))
    from lambda_fast_deploy.errors import DeployError

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

"""Starts the engine with separate dependencies, independent of the machine's Python packages.

A release has the dependencies next to this file, in ``dist/`` (built by tools/dist.py), and the
engine runs in this process. Without ``dist/``, uv installs the hashed lock file into an environment
that later starts reuse (engine/lambda_fast_deploy/adapters/toolcache.py).

Python stores compiled modules next to the sources, where only users who can change the sources can
write.

The options ``-I -S`` make Python ignore the workspace, the user's settings and installed packages:
a folder named ``lambda_fast_deploy`` or a ``sitecustomize.py`` has no effect.
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
SDK = ("botocore", "urllib3", "dateutil", "jmespath")  # two thirds of a deploy's imports


def run_vendored() -> NoReturn:
    """Run the engine in this process."""
    if not (VENDORED / SDK[0] / "__pycache__").exists():
        compile_beside()
    sys.path.insert(0, str(VENDORED))
    from lambda_fast_deploy.__main__ import start

    start()


def compile_beside() -> None:
    """Compile the AWS SDK on other processors while this process imports the engine.

    This process does not wait for them: it compiles missing modules itself.
    """
    modules = [str(path) for package in SDK for path in (VENDORED / package).rglob("*.py")]
    processes = min((os.cpu_count() or 1) - 1, 3)
    for number in range(processes):
        if os.fork() == 0:
            try:
                for module in modules[number::processes]:
                    SourceFileLoader(module, module).get_code(module)
            finally:
                os._exit(0)


def run_locked() -> NoReturn:
    """Replace this process by the engine in its environment, which is created if it is absent."""
    from lambda_fast_deploy.adapters.toolcache import kept

    parts = (LOCK.read_bytes(), str(ROOT), sys.version, platform.machine())
    python = kept(parts, install) / "venv" / "bin" / "python"
    sys.stdout.flush()
    os.execv(python, [str(python), "-I", "-m", "lambda_fast_deploy", *sys.argv[1:]])  # noqa: S606


def install(folder: Path) -> None:
    """Create the environment, without compiling its modules."""
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
    """Exit because this machine is not ready."""
    print(f"error: {cause}\n  {remedy}", file=sys.stderr)
    sys.exit(3)


def main() -> None:
    """Start the engine."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the Python of the runner
        refuse(
            f"lambda-fast-deploy needs Python 3.11 or later, this is {sys.version.split()[0]}",
            "Add actions/setup-python with python-version: '3.13' before this step.",
        )
    if not hasattr(os, "fork"):
        refuse(
            f"lambda-fast-deploy runs on Linux and macOS, this is {platform.system()}",
            "Run the job on Linux or macOS, such as ubuntu-latest.",
        )
    sys.path.insert(0, str(SOURCES))
    from lambda_fast_deploy.errors import DeployError

    try:
        if VENDORED.is_dir():
            run_vendored()
        run_locked()
    except DeployError as error:
        with suppress(OSError):  # stderr is closed
            print(f"error: the engine cannot start: {error}", file=sys.stderr, flush=True)
        sys.exit(3)


if __name__ == "__main__":
    main()

"""Starts the engine in an environment of its own: hashed dependencies, nobody else's Python.

The environment is kept in the runner's tool cache under the hash of what it holds, so only the
first run on a machine installs anything. Only the standard library is used here, and Python is
told to ignore the workspace and the user's settings (``-I``): a folder named ``engine`` or a
``sitecustomize.py`` in the caller's checkout changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"


def home() -> Path:
    """Where the environment for this engine, this Python and this machine is kept."""
    parts = [
        (REQUIREMENTS / "engine.txt").read_bytes(),
        str(ROOT).encode(),
        sys.version.encode(),
        os.uname().machine.encode(),
    ]
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    cache = os.environ.get("RUNNER_TOOL_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "lambda-fast-deploy" / key


def run(*command: str | Path) -> None:
    """Run an installer away from the workspace, with its words on stderr."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=sys.stderr)


def install(target: Path) -> None:
    """Make the environment: by uv when the machine has it, else by a uv that pip installs."""
    uv: str | Path | None = shutil.which("uv")
    if not uv:
        tools = target / "tools"
        run(sys.executable, "-I", "-m", "venv", tools)
        pip = (tools / "bin" / "python", "-I", "-m", "pip", "--disable-pip-version-check")
        run(*pip, "install", "-q", "--require-hashes", "-r", REQUIREMENTS / "uv.txt")
        uv = tools / "bin" / "uv"
    venv = target / "venv"
    run(uv, "venv", "-q", "--no-config", "--python", sys.executable, venv)
    python = venv / "bin" / "python"
    run(
        *(uv, "pip", "sync", "-q", "--no-config", "--require-hashes", "--compile-bytecode"),
        *("--python", python, REQUIREMENTS / "engine.txt"),
    )
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    pointer = venv / "lib" / version / "site-packages" / "lambda_fast_deploy.pth"
    pointer.write_text(f"{ROOT}\n", encoding="utf-8")


def ready() -> Path:
    """The environment's Python, installed first if this machine has none yet."""
    place = home()
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            made = Path(folder) / "made"
            made.mkdir()
            install(made)
            try:
                made.rename(place)  # at once and whole, or not at all
            except OSError:
                if not place.is_dir():  # a parallel job may have been first
                    raise
    return place / "venv" / "bin" / "python"


def main() -> None:
    """Hand over to the engine."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the runner's Python, not ours
        sys.exit(
            f"error: lambda-fast-deploy needs Python 3.11, this is {sys.version.split()[0]}\n"
            "  Add actions/setup-python with python-version: '3.13' before this step."
        )
    try:
        python = ready()
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"error: the engine could not be installed: {error}", file=sys.stderr)
        sys.exit(3)
    sys.stdout.flush()
    os.execv(python, [str(python), "-I", "-m", "engine", *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()

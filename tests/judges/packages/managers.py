"""The package managers that judge, each in an environment of its own below .lab."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pip._internal.models.index import PyPI

from lambda_fast_deploy.adapters.uv import uv
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.layers.wheels import interpreter
from tests.support import CHECKOUT

RUNTIME = Runtime("python3.11")
HOME = CHECKOUT / ".lab" / "judges"
PYTHON = {
    # A mirror of PyPI needs not have the interface that Poetry asks, which the plugin spares.
    "poetry-1": ("poetry==1.8.5", "poetry-plugin-pypi-mirror==0.4.2"),
    "poetry-2": ("poetry==2.5.1", "poetry-plugin-pypi-mirror==0.6.5"),
    "pdm": ("pdm==2.29.4", "hishel<2"),
    "pipenv": ("pipenv==2026.10.3",),
    "pip-tools": ("pip-tools==7.6.2",),
}
NODE = {
    "pnpm": ("pnpm@10",),
    "yarn-1": ("yarn@1",),
    "yarn-4": ("@yarnpkg/cli-dist@4",),
}
# None of this machine's settings: a project is what its own files say.
_LEFT = ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "VIRTUAL_ENV", "PYTHONPATH")


def environment(**more: str) -> dict[str, str]:
    """The environment of a manager: this one, without what decides for it."""
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT}
    own = {
        "PIP_CONFIG_FILE": os.devnull,
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
        "POETRY_NO_INTERACTION": "1",
        "POETRY_CACHE_DIR": str(HOME / "cache" / "poetry"),
        "POETRY_CONFIG_DIR": str(HOME / "cache" / "poetry-config"),
        "POETRY_PYPI_MIRROR_URL": f"{PyPI.simple_url}/",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PDM_CHECK_UPDATE": "0",
        "PIPENV_VENV_IN_PROJECT": "1",
        "PIPENV_NOSPIN": "1",
        "PIPENV_CACHE_DIR": str(HOME / "cache" / "pipenv"),
        "NPM_CONFIG_CACHE": str(HOME / "cache" / "npm"),
        "COREPACK_ENABLE_STRICT": "0",
        "YARN_ENABLE_TELEMETRY": "0",
        "CI": "true",
    }
    return kept | own | more


@functools.cache
def manager(name: str) -> str:
    """The path of a manager's program, which is installed first if it is not there."""
    folder = HOME / name
    ready = folder / "ready"
    wanted = (PYTHON | NODE)[name]
    if not (ready.is_file() and ready.read_text() == " ".join(wanted)):
        folder.mkdir(parents=True, exist_ok=True)
        if name in PYTHON:
            venv = str(folder / "venv")
            call(
                [uv(), "venv", "--quiet", "--clear", "--seed", "--python", sys.executable, venv],
                folder,
            )
            install = [uv(), "pip", "install", "--quiet", "--python", f"{venv}/bin/python"]
        else:
            install = ["npm", "install", "--silent", "--no-save", "--prefix", str(folder)]
        call([*install, *wanted], folder)
        ready.write_text(" ".join(wanted))
    if name in PYTHON:
        program = "pip-compile" if name == "pip-tools" else name.partition("-")[0]
        return str(folder / "venv" / "bin" / program)
    return str(folder / "node_modules" / ".bin" / name.partition("-")[0])


def call(command: list[str], folder: Path, more: Mapping[str, str] | None = None) -> str:
    """Run a program in a folder to its good end; what it prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**(more or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def python() -> str:
    """An interpreter of the runtime that the projects are for."""
    found = interpreter(RUNTIME)
    assert found, f"{RUNTIME} is not on this machine"
    return found

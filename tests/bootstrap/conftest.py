"""The action on a runner of its own, started from its vendored tree and from its lock."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.process import run
from lambda_fast_deploy.adapters.uv import uv
from tests.support import check_out, check_out_release, requests_during

PYTHON = os.path.realpath(sys.executable)
CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
    tests: [environment]
tests:
  environment: {{command: [sh, -c, "env -0 > ../environment"]}}
"""


@dataclass(frozen=True)
class Start:
    """One start of the action."""

    code: int
    out: str
    log: str
    requests: list[dict[str, Any]]


class Runner:
    """A machine with a caller's checkout on it, and nothing of the caller's in HOME.

    It has uv on PATH, and what uv has in its cache; uv asks no network.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workspace = root / "workspace"
        self.home = root / "home"
        self.tools = root / "tools"
        self.temp = root / "temp"
        for folder in (self.workspace / "src", self.home, self.tools, self.temp, root / "bin"):
            folder.mkdir(parents=True)
        (root / "bin/uv").symlink_to(uv())
        (self.workspace / "src/app.py").write_text("def handler(event, context): return 1\n")
        config = CONFIG.format(name=f"fn-{secrets.token_hex(4)}", role=os.environ["LAB_ROLE_ARN"])
        (self.workspace / "lambda-deploy.yml").write_text(config)
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GITHUB_"))},
            "PATH": f"{root}/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "PWD": str(self.workspace),
            "RUNNER_TOOL_CACHE": str(self.tools),
            "RUNNER_TEMP": str(self.temp),
            "UV_OFFLINE": "1",
            "UV_CACHE_DIR": run([uv(), "cache", "dir"]).strip(),
        }

    def start(self, action: Path, *arguments: str, python: str = PYTHON) -> Start:
        """Start the action as action.yml does, in the workspace."""
        with requests_during() as requests:
            done = subprocess.run(
                [python, "-I", "-S", str(action / "bootstrap.py"), *arguments],
                cwd=self.workspace,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        print(done.stdout, done.stderr)
        return Start(done.returncode, done.stdout, done.stderr, requests)


def snapshot(folder: Path) -> Mapping[str, tuple[int, bytes]]:
    """All files below a folder: their modes and contents."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(f.relative_to(folder)): (f.stat().st_mode, f.read_bytes()) for f in files}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A machine that has never run the action."""
    return Runner(tmp_path)


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action as it is on main."""
    root = tmp_path_factory.mktemp("locked")
    check_out(root)
    return root


@pytest.fixture(scope="session")
def vendored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action as it is on a release's tag."""
    root = tmp_path_factory.mktemp("vendored")
    check_out_release(root)
    return root


@pytest.fixture(params=["vendored", "locked"])
def action(request: pytest.FixtureRequest) -> Path:
    """The action, started both ways."""
    found: Path = request.getfixturevalue(request.param)
    return found

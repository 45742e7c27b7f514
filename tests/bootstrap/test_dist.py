"""What a release carries: the same bytes wherever it is made, and all that the engine imports."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import botocore.session

from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.layers.locks.target import normal
from lambda_fast_deploy.packaging.layers.wheels import interpreter
from tests.bootstrap.conftest import Runner, snapshot
from tests.support import CHECKOUT

IMPORT = """
import importlib, json, sys
sys.path[:0] = sys.argv[1:]
for module, name in json.load(sys.stdin):
    found = importlib.import_module(module)
    if name and not hasattr(found, name):
        importlib.import_module(f"{module}.{name}")
"""


def _dist(*arguments: str, cwd: Path = CHECKOUT, umask: int = -1, **environment: str) -> str:
    """What ``tools.dist`` says when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.dist", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) or ": " in done.stderr, done.stderr
    return done.stderr if done.returncode else ""


def test_it_is_the_same_whatever_umask_clock_and_path(vendored: Path, tmp_path: Path) -> None:
    there = tmp_path / "another/place"
    away = {"PYTHONPATH": str(CHECKOUT), "TZ": "Asia/Tokyo", "TMPDIR": str(tmp_path)}
    _dist(str(there), cwd=tmp_path, umask=0o077, **away)
    clean = {n: f for n, f in snapshot(vendored / "dist").items() if "__pycache__" not in n}
    assert snapshot(there) == clean
    assert {mode for mode, _ in clean.values()} == {0o100644}
    assert {path.stat().st_mode for path in there.rglob("*") if path.is_dir()} == {0o40755}
    assert sum(len(data) for _, data in clean.values()) < 10e6

    assert _dist("--check", str(there)) == ""
    (there / "yaml/loader.py").write_text("")
    (there / "six.py").unlink()
    (there / "more.py").touch()
    assert _dist("--check", str(there)).splitlines() == [
        "missing: six.py",
        "not of it: more.py",
        "changed: yaml/loader.py",
    ]


def test_each_package_tells_its_version_and_licence(vendored: Path) -> None:
    dist = vendored / "dist"
    information = {each.name: each for each in dist.glob("*.dist-info")}
    assert information
    for name, folder in information.items():
        package, _, number = name.removesuffix(".dist-info").rpartition("-")
        assert number == version(normal(package))
        assert (folder / "METADATA").is_file()
        licences = [*folder.glob("LICEN[CS]E*"), *folder.glob("licenses/*")]
        assert licences, f"{package} has no licence"
    assert not [path for path in dist.rglob("*") if path.suffix in (".so", ".pyd")]


def test_every_service_that_the_engine_calls_is_there(vendored: Path) -> None:
    there = {path.name for path in (vendored / "dist/botocore/data").iterdir() if path.is_dir()}
    known = set(botocore.session.Session().get_available_services())
    called = {
        argument.value
        for path in (vendored / "engine").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("call", "client")
        for argument in node.args
        if isinstance(argument, ast.Constant) and argument.value in known
    }
    assert "sts" in called
    assert called <= there


def test_every_import_of_the_engine_works_on_every_python(vendored: Path, runner: Runner) -> None:
    pythons = [
        found for minor in range(11, 15) if (found := interpreter(Runtime(f"python3.{minor}")))
    ]
    print("tried:", *pythons)
    assert pythons, "there is no Python 3.11 to 3.14 on this machine"
    wanted = sorted({found for path in (vendored / "engine").rglob("*.py") for found in _of(path)})
    assert ("boto3.s3.transfer", "TransferConfig") in wanted  # one that is imported late
    for python in pythons:
        subprocess.run(
            [
                python,
                "-I",
                "-S",
                "-B",
                "-c",
                IMPORT,
                str(vendored / "engine"),
                str(vendored / "dist"),
            ],
            input=json.dumps(wanted),
            text=True,
            check=True,
        )
        assert runner.start(vendored, "deploy", python=python).code == 0


def _of(path: Path) -> Iterator[tuple[str, str]]:
    """Modules, and names in them, that a file imports anywhere; not uv, which can be absent."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module != "uv":
            yield from ((node.module, alias.name) for alias in node.names)

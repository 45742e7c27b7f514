"""Starting the action: at once from what it carries, and the same whatever lies around it."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bootstrap.conftest import PYTHON, Runner, snapshot

TAG = sys.implementation.cache_tag
Hostile = Callable[[Runner], None]


@pytest.fixture
def network() -> Iterator[tuple[str, list[bytes]]]:
    """An address that takes the part of the network, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(200))

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)


def test_the_vendored_engine_asks_nobody_but_aws(
    vendored: Path, runner: Runner, network: tuple[str, list[bytes]]
) -> None:
    address, asked = network
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        runner.environment |= {name: address, name.lower(): address}
    runner.environment |= {"PIP_INDEX_URL": address, "UV_DEFAULT_INDEX": address}
    runner.environment["NO_PROXY"] = runner.environment["AWS_ENDPOINT_URL"].split("/")[2]
    (runner.root / "bin/uv").unlink()
    first, again = runner.start(vendored, "deploy"), runner.start(vendored, "deploy")
    assert (first.code, again.code) == (0, 0)
    assert first.requests
    assert again.requests
    assert asked == []
    assert snapshot(runner.home) == {}


def test_what_is_compiled_is_kept_beside_its_source(vendored: Path, runner: Runner) -> None:
    runner.start(vendored, "deploy")
    assert (vendored / f"dist/botocore/__pycache__/session.{TAG}.pyc").is_file()
    assert (vendored / f"engine/lambda_fast_deploy/__pycache__/deploy.{TAG}.pyc").is_file()


def test_a_job_leaves_nothing_that_another_one_would_execute(action: Path, runner: Runner) -> None:
    assert runner.start(action, "deploy").code == 0
    assert snapshot(runner.tools) == snapshot(runner.home) == {}


def _open(place: Path) -> None:
    place.mkdir()
    place.chmod(0o777)


def _led(place: Path) -> None:
    (place.parent / "elsewhere").mkdir(mode=0o700)
    place.symlink_to("elsewhere")


def _given(place: Path) -> None:
    place.mkdir(mode=0o700)
    os.chown(place, 65534, 65534)


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (_open, "can be written by others"),
        (_led, "is not a folder"),
        pytest.param(
            _given,
            "belongs to another user",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away"),
        ),
    ],
)
def test_what_others_could_have_written_is_not_executed(
    locked: Path, runner: Runner, plant: Callable[[Path], None], says: str
) -> None:
    place = runner.temp / "lambda-fast-deploy"
    plant(place)
    run = runner.start(locked, "plan")
    assert run.code == 3
    first, *more = run.log.splitlines()
    assert first.startswith(f"error: the engine cannot start: {place} {says}")
    assert more == [f"Remove it: rm -rf {place}"]
    assert snapshot(place) == {}


LOADED = 'open("{root}/loaded", "w")\n'


def _file(name: str, text: str = LOADED) -> Hostile:
    def put(runner: Runner) -> None:
        path = runner.workspace / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(root=runner.root))

    return put


def _variable(variable: str) -> Hostile:
    def put(runner: Runner) -> None:
        for name in ("lambda_fast_deploy", "yaml", "sitecustomize"):
            _file(f"hostile/{name}.py")(runner)
        file = "" if variable == "PYTHONPATH" else "/yaml.py"
        runner.environment[variable] = f"{runner.workspace}/hostile{file}"

    return put


HOSTILE: dict[str, Hostile] = {
    "lambda_fast_deploy": _file("lambda_fast_deploy/__init__.py"),
    "yaml": _file("yaml.py"),
    "sitecustomize": _file("sitecustomize.py"),
    "usercustomize": _file("usercustomize.py"),
    "uv.toml": _file("uv.toml", "this is no TOML"),
    "pyproject.toml": _file("pyproject.toml", "this is no TOML"),
    "pip.conf": _file("pip.conf", "[global]\nindex-url = nowhere\n"),
    "python-version": _file(".python-version", "3.99"),
    "PYTHONPATH": _variable("PYTHONPATH"),
    "PYTHONSTARTUP": _variable("PYTHONSTARTUP"),
    "PYTHONHOME": _variable("PYTHONHOME"),
}


# An installation takes seconds: there it is all of them at once, and what installers read alone.
@pytest.mark.parametrize(
    ("action", "names"),
    [
        *(("vendored", [name]) for name in HOSTILE),
        ("locked", [*HOSTILE]),
        *(("locked", [name]) for name in ("uv.toml", "pip.conf", "python-version")),
    ],
    indirect=["action"],
    ids=lambda value: value if isinstance(value, str) else "+".join(value)[:30],
)
def test_what_lies_around_changes_nothing(action: Path, runner: Runner, names: list[str]) -> None:
    for name in names:
        HOSTILE[name](runner)
    before = snapshot(runner.workspace)
    run = runner.start(action, "plan", "--json")
    assert run.code == 0
    assert '"changed": true' in run.out
    assert run.requests
    assert not (runner.root / "loaded").exists()
    assert snapshot(runner.workspace) == before


def test_a_user_site_changes_nothing(action: Path, runner: Runner) -> None:
    minor = PYTHON.rpartition("python")[2] or "3"
    context = runner.home / f".local/lib/python{minor}/site-packages"
    context.mkdir(parents=True)
    for name in ("usercustomize.py", "yaml.py"):
        (context / name).write_text(LOADED.format(root=runner.root))
    assert runner.start(action, "plan").code == 0
    assert not (runner.root / "loaded").exists()


def test_nothing_is_left_in_the_environment_or_in_the_workspace(
    action: Path, runner: Runner
) -> None:
    handed = {name: runner.root / name for name in ("GITHUB_ENV", "GITHUB_PATH")}
    for name, path in handed.items():
        path.touch()
        runner.environment[name] = str(path)
    before = snapshot(runner.workspace)
    assert runner.start(action, "deploy").code == 0
    assert snapshot(runner.workspace) == before
    assert [path.read_text() for path in handed.values()] == ["", ""]
    told = (runner.root / "environment").read_text()  # by a command of the caller's tests
    seen = dict(each.split("=", 1) for each in told.split("\0") if each)
    assert {name: seen.get(name) for name in runner.environment} == runner.environment
    added = [name for name in seen if name not in runner.environment]
    assert not [name for name in added if name.startswith(("PYTHON", "VIRTUAL_ENV", "UV_"))]


LAYER = """\
layers:
  little: {requirements: [six==1.17.0], runtime: python3.11}
"""
OLD = """\
#!/bin/sh
echo uv 0.1.0
[ "$1" = --version ] || touch {root}/loaded
"""


def test_a_layer_brings_a_uv_of_its_own_where_path_has_none(vendored: Path, runner: Runner) -> None:
    config = runner.workspace / "lambda-deploy.yml"
    config.write_text(LAYER + config.read_text().replace("3.11}", "3.11, layers: [little]}"))
    uv = runner.root / "bin/uv"
    del runner.environment["UV_OFFLINE"]
    assert runner.start(vendored, "deploy").code == 0
    assert not [*runner.temp.rglob("bin/uv")]  # that of PATH did it

    uv.unlink()
    uv.write_text(OLD.format(root=runner.root))
    uv.chmod(0o755)
    before = snapshot(runner.workspace)
    assert runner.start(vendored, "deploy").code == 0
    assert not [*runner.temp.rglob("bin/uv")]  # nothing was built
    (runner.workspace / "pip.conf").write_text("[global]\nindex-url = nowhere\n")
    config.write_text(config.read_text().replace("1.17.0", "1.16.0"))
    before = snapshot(runner.workspace)
    assert runner.start(vendored, "deploy").code == 0
    assert len([*runner.temp.rglob("bin/uv")]) == 1
    assert not (runner.root / "loaded").exists()
    assert snapshot(runner.workspace) == before
    assert {path.name for path in runner.home.iterdir()} <= {".cache"}

"""One dockerd on a data folder, out of the unpacked engine."""

from __future__ import annotations

import json
import os
from pathlib import Path

from lab.engine.machine import Engine, client_environment
from lab.engine.unpacked import tool
from lab.layout import LabError
from lab.process import Daemons, Deadline, tail

_BUILDX = "usr/libexec/docker/cli-plugins/docker-buildx"


def start_dockerd(
    daemons: Daemons,
    root: Path,
    *,
    data: Path,
    work: Path,
    state: Path,
    cgroup: str,
    grace: float = 10,
) -> Engine:
    """Start dockerd of the unpacked engine at ``root``; it is up once ``wait()`` returns.

    ``data`` is its data folder; ``work`` a folder with a short path, for its sockets; ``state``
    takes its log and the clients' configuration; ``cgroup`` is the parent of its containers;
    ``grace`` is how many seconds it gets to stop. ``wait()`` raises LabError with dockerd's log
    if it does not come up.
    """
    work.mkdir(parents=True, exist_ok=True)
    socket = work / "docker.sock"
    path = [str(root / name) for name in ("lab", "usr/sbin", "usr/bin")]
    env = {
        "DOCKER_HOST": f"unix://{socket}",
        "PATH": ":".join([*path, os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"]),
        **client_environment(state, [root / _BUILDX]),
    }
    settings = {
        "features": {"containerd-snapshotter": True, "buildkit": True},
        "data-root": str(data),
        "exec-root": str(work / "exec"),
        "pidfile": str(work / "dockerd.pid"),
        "cgroup-parent": cgroup,
    }
    configuration = work / "daemon.json"
    configuration.write_text(json.dumps(settings))
    log = state / "dockerd.log"
    dockerd = daemons.start(
        [tool(root, "dockerd"), "--config-file", configuration, "-H", env["DOCKER_HOST"]],
        log=log,
        env={**os.environ, **env},
        grace=grace,
    )
    engine = Engine(up=True, env=env, emulator_hosts=("0.0.0.0",), private=True)

    def wait() -> None:
        deadline = Deadline(30)
        while not socket.exists() or engine.docker("version").returncode != 0:
            if dockerd.poll() is not None or not deadline.pause():
                raise LabError(f"dockerd is not up: {tail(log)}")

    engine.wait = wait
    return engine

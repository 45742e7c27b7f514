"""A private Docker engine out of Debian packages: unpacked, never installed.

It runs in namespaces of its own (see `lab.engine.namespace`), so nothing on the machine sees
its network, mounts or processes, and all of it ends with the lab.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from lab import debian
from lab.engine.machine import Engine, client_environment
from lab.layout import LabError, cached, digest_of
from lab.process import Daemons, Deadline, tail

_SUITE = "trixie"  # the first release with buildx and a containerd image store
_ENGINE = ("docker.io", "docker-cli", "docker-buildx", "containerd", "tini")
# Of the machine's own release: these need no newer C library than the machine has.
_TOOLS = ("runc", "iptables", "slirp4netns")
_LIBRARIES = "usr/lib/x86_64-linux-gnu"


def unpacked_engine() -> Path:
    """Return the folder with the unpacked engine and tools, downloading them once."""
    key = digest_of([_SUITE, *_ENGINE, debian.release(), *_TOOLS, Path(__file__)])

    def make(folder: Path) -> None:
        downloads = folder / "downloads"
        files = debian.download(_SUITE, _ENGINE, downloads / "engine", needs=False)
        files += debian.download(debian.release(), _TOOLS, downloads / "tools", needs=True)
        debian.unpack(files, folder / "root")
        for file in files:
            file.unlink()
        _link_system_tools(folder / "root")

    return cached(f"engine-{key}", make) / "root"


def tool(root: Path, name: str) -> Path:
    """Return the path of an unpacked program, or of the system's own if that was there."""
    for folder in ("lab", "usr/sbin", "usr/bin"):
        if (root / folder / name).exists():
            return root / folder / name
    return Path("/usr/sbin") / name if Path("/usr/sbin", name).exists() else Path("/usr/bin", name)


def library_path(root: Path) -> dict[str, str]:
    """Return the environment in which unpacked programs find their unpacked libraries."""
    return {
        "LD_LIBRARY_PATH": str(root / _LIBRARIES),
        "XTABLES_LIBDIR": str(root / _LIBRARIES / "xtables"),
    }


def start_private_engine(daemons: Daemons, state: Path) -> Engine:
    """Start dockerd in these namespaces and wait until it answers. Raises LabError if not."""
    root = unpacked_engine()
    folder = state / "engine"
    folder.mkdir(exist_ok=True)
    socket = folder / "docker.sock"
    plugin = root / "usr/libexec/docker/cli-plugins/docker-buildx"
    path = [str(root / name) for name in ("lab", "usr/sbin", "usr/bin")]
    env = {
        "DOCKER_HOST": f"unix://{socket}",
        "PATH": ":".join([*path, os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"]),
        **client_environment(state, [plugin]),
    }
    settings = {
        "features": {"containerd-snapshotter": True, "buildkit": True},
        "data-root": str(folder / "data"),
        "exec-root": str(folder / "exec"),
        "pidfile": str(folder / "dockerd.pid"),
        "cgroup-parent": f"lab-{os.getpid()}-{state.name}",
    }
    (folder / "daemon.json").write_text(json.dumps(settings))
    log = folder / "dockerd.log"
    dockerd = daemons.start(
        [tool(root, "dockerd"), "--config-file", folder / "daemon.json", "-H", env["DOCKER_HOST"]],
        log=log, env={**os.environ, **env}, grace=10,
    )
    engine = Engine(up=True, env=env, emulator_hosts=("0.0.0.0",), private=True)
    deadline = Deadline(30)
    while not socket.exists() or engine.docker("version").returncode != 0:
        if dockerd.poll() is not None or not deadline.pause():
            raise LabError(f"dockerd is not up: {tail(log)}")
    engine.notes.append("Docker: a private engine, seen by nobody outside this lab")
    return engine


def remove_containers(engine: Engine) -> None:
    """Remove what still runs, before the engine is stopped."""
    ids = engine.docker("ps", "--all", "--quiet").stdout.split()
    if ids:
        engine.docker("rm", "--force", *ids)


def _link_system_tools(root: Path) -> None:
    """Give dockerd an ``iptables`` that finds its own libraries."""
    if not (root / "usr/sbin/xtables-nft-multi").exists():
        return
    (root / "lab").mkdir()
    for name in ("iptables", "ip6tables", "iptables-save", "iptables-restore"):
        script = root / "lab" / name
        exports = " ".join(
            f'{key}="$here/{value.relative_to(root)}"'
            for key, value in ((k, Path(v)) for k, v in library_path(root).items())
        )
        script.write_text(
            "#!/bin/sh\n"
            'here=$(dirname "$(dirname "$0")")\n'
            f'{exports} exec "$here/usr/sbin/xtables-nft-multi" {name} "$@"\n'
        )
        script.chmod(0o755)


def works_here(root: Path) -> bool:
    """Tell whether the unpacked programs run on this machine at all."""
    try:
        done = subprocess.run(
            [tool(root, "dockerd"), "--version"], capture_output=True, timeout=20, check=False
        )
    except OSError:
        return False
    return done.returncode == 0

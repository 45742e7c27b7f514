"""The Docker engine that this machine already runs, if it does."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lab.emulator.settings import REGISTRY_PASSWORD, REGISTRY_USER


@dataclass
class Engine:
    """A Docker engine, or the lack of one.

    ``env`` is what Docker clients need, ``emulator_hosts`` the addresses on which the emulator
    must listen so that this machine and containers reach it; ``wait`` returns once the engine
    answers.
    """

    up: bool
    env: dict[str, str] = field(default_factory=dict)
    emulator_hosts: tuple[str, ...] = ("127.0.0.1",)
    notes: list[str] = field(default_factory=list)
    private: bool = False
    wait: Callable[[], None] = lambda: None

    def docker(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run the docker client to its end; ``timeout`` is in seconds. Never raises on failure
        of the command itself."""
        return subprocess.run(
            ["docker", *words],
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )

    def emulator_env(self, port: int) -> dict[str, str]:
        """Return ``env`` for the emulator, logged in to its own registry on ``port``.

        Lambda pulls images from ECR by its own right. Clients in the lab have a configuration
        folder of their own and must log in, as they must on AWS.
        """
        if not self.up:
            return {}
        pair = base64.b64encode(f"{REGISTRY_USER}:{REGISTRY_PASSWORD}".encode()).decode()
        folder = Path(self.env["DOCKER_CONFIG"]).with_name("emulator-docker")
        folder.mkdir(exist_ok=True)
        auths = {f"127.0.0.1:{port}": {"auth": pair}}
        (folder / "config.json").write_text(json.dumps({"auths": auths}))
        return {**self.env, "DOCKER_CONFIG": str(folder)}


def no_engine(why: str) -> Engine:
    """Return the lack of an engine, with its reason."""
    return Engine(up=False, notes=[f"no Docker: {why}; container functions are left out"])


def find_engine() -> bool:
    """Tell whether a Docker server answers here and buildx is installed."""
    try:
        for words in (["version"], ["buildx", "version"]):
            done = subprocess.run(
                ["docker", *words],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=20,
                check=False,
            )
            if done.returncode != 0:
                return False
    except (OSError, subprocess.TimeoutExpired):
        return False
    return True


def client_environment(state: Path, plugins: list[Path]) -> dict[str, str]:
    """Return DOCKER_CONFIG for an own, empty configuration folder with these plugins."""
    folder = state / "docker"
    (folder / "cli-plugins").mkdir(parents=True, exist_ok=True)
    for plugin in plugins:
        link = folder / "cli-plugins" / plugin.name
        link.unlink(missing_ok=True)
        link.symlink_to(plugin)
    return {"DOCKER_CONFIG": str(folder)}


def machine_engine(state: Path) -> Engine:
    """Return the machine's engine, which `find_engine` found."""
    engine = Engine(up=True)
    host = (
        os.environ.get("DOCKER_HOST")
        or engine.docker(
            "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"
        ).stdout.strip()
    )
    gateway = engine.docker(
        "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"
    ).stdout.strip()
    plugins = engine.docker(
        "info", "--format", "{{range .ClientInfo.Plugins}}{{println .Path}}{{end}}"
    ).stdout.split()
    engine.env = {
        "DOCKER_HOST": host,
        **client_environment(state, [Path(path) for path in plugins]),
    }
    # Docker's own bridge is the one address beyond loopback: containers come from there.
    # Docker Desktop has no such address here; it leads containers to loopback by itself.
    if gateway and _is_local(gateway):
        engine.emulator_hosts = ("127.0.0.1", gateway)
    engine.notes.append(f"Docker: the machine's own engine at {host}")
    return engine


def _is_local(address: str) -> bool:
    try:
        with socket.socket() as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True

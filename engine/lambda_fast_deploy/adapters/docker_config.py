"""The log-ins that docker's ``config.json`` holds itself.

It is read as a file: those that credential helpers keep (``credsStore``, ``credHelpers``) would
need programs to run. Source: docker/cli, ``docs/reference/commandline/login.md``.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

_LARGEST = 1 << 20  # bytes


def stored_login(registry: str) -> str:
    """User and password of a registry as HTTP's Basic scheme sends them (base64), or nothing."""
    try:
        folder = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
        with Path(folder, "config.json").open("rb") as file:
            logins = json.loads(file.read(_LARGEST))["auths"].items()
        found = next((entry["auth"] for key, entry in logins if _registry(key) == registry), "")
        pair = base64.b64decode(found, validate=True).rstrip(b"\0")
    # No such file, none that docker wrote, or none with a password for this registry.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError):
        return ""
    return base64.b64encode(pair).decode() if b":" in pair.strip(b":") else ""


def _registry(key: str) -> str:
    """The registry that an entry is for; Docker Hub's is kept under the address of its API."""
    host = key.partition("://")[2] or key
    host = host.partition("/")[0]
    return "docker.io" if host == "index.docker.io" else host

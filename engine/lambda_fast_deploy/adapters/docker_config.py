"""The logins stored in docker's ``config.json`` itself.

Only the file is read: logins in credential helpers (``credsStore``, ``credHelpers``) would need
programs to run. Source: docker/cli, ``docs/reference/commandline/login.md``.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

_LARGEST = 1 << 20  # bytes


def stored_login(registry: str) -> str:
    """User and password of a registry in HTTP's Basic scheme (base64), or ``""``."""
    try:
        folder = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
        with Path(folder, "config.json").open("rb") as file:
            logins = json.loads(file.read(_LARGEST))["auths"].items()
        login = next((entry["auth"] for key, entry in logins if _registry(key) == registry), "")
        pair = base64.b64decode(login, validate=True).rstrip(b"\0")
    # No such file, not written by docker, or without a password for this registry.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError):
        return ""
    return base64.b64encode(pair).decode() if b":" in pair.strip(b":") else ""


def _registry(key: str) -> str:
    """The registry of an entry; Docker Hub's is stored under the URL of its API."""
    host = key.partition("://")[2] or key
    host = host.partition("/")[0]
    return "docker.io" if host == "index.docker.io" else host

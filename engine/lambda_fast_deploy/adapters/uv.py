"""uv, which resolves and installs: this package's own, one on PATH, or one that pip installs."""

from __future__ import annotations

import functools
import platform
import re
import sys
import threading
from pathlib import Path

from lambda_fast_deploy.adapters.environment import for_tools
from lambda_fast_deploy.adapters.process import output_of, path_of, run
from lambda_fast_deploy.adapters.toolcache import kept
from lambda_fast_deploy.errors import BuildFailed, NotReady, disk_full

LOCK = Path(__file__).resolve().parents[3] / "requirements" / "uv.txt"
_FINDING = threading.Lock()


def uv() -> str:
    """The path of uv. The vendored package does not include uv, as few deploys build a layer.

    Raises:
        NotReady: uv is missing, and cannot be installed.
    """
    with _FINDING:  # once; and in Python 3.11, sysconfig fills its table while others read it
        return _path()


@functools.cache
def _path() -> str:
    try:
        from uv import find_uv_bin
    except ImportError:
        return _on_path() or str(kept((LOCK.read_bytes(), platform.machine()), _install) / "bin/uv")
    return find_uv_bin()


def _on_path() -> str:
    """The uv on PATH if it is the locked version or newer, or ``""``."""
    program = path_of("uv")
    stdout = (
        output_of([program, "--version"], Path("/"), environment=for_tools()) if program else ""
    )
    text = stdout or ""
    versions = [re.search(r"uv(?: |==)(\d+)\.(\d+)\.(\d+)", t) for t in (text, LOCK.read_text())]
    has, locked = ([int(n) for n in match.groups()] if match else [] for match in versions)
    return program if program and has >= locked else ""


def _install(folder: Path) -> None:
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    how = ["--require-hashes", "--no-compile", "--target", str(folder), "--requirement", str(LOCK)]
    try:
        run([*pip, *how], what="pip", environment=for_tools(), cwd=folder)
    except BuildFailed as failure:
        disk_full("uv", failure.detail)
        raise NotReady(
            "uv could not be installed",
            detail=failure.detail,
            remedy="Check the network and pip's settings, or install uv before this step.",
        ) from None

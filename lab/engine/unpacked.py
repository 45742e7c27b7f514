"""Docker Engine out of Debian packages: unpacked into the cache, never installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from lab import debian
from lab.layout import cached, digest_of

_SUITE = "trixie"  # the first release with buildx and a containerd image store
_ENGINE = ("docker.io", "docker-cli", "docker-buildx", "containerd", "tini")
# Of the machine's own release: these need no newer C library than the machine has.
_TOOLS = ("runc", "iptables", "slirp4netns")
_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_IPTABLES = """#!/bin/sh
# iptables as unpacked, with the libraries and extensions that came along
here=$(dirname "$(dirname "$0")")
export LD_LIBRARY_PATH="$here/{libraries}" XTABLES_LIBDIR="$here/{libraries}/xtables"
exec "$here/usr/sbin/xtables-nft-multi" {name} "$@"
"""


def unpacked_engine() -> Path:
    """Return the folder with the unpacked engine and tools, downloading them once."""
    key = digest_of([_SUITE, *_ENGINE, debian.release(), *_TOOLS, Path(__file__)])

    def make(folder: Path) -> None:
        downloads = folder / "downloads"
        files = debian.download(_SUITE, _ENGINE, downloads / "engine", needs=False)
        files += debian.download(debian.release(), _TOOLS, downloads / "tools", needs=True)
        debian.unpack(files, folder / "root")
        shutil.rmtree(downloads)
        _wrap_iptables(folder / "root")

    return cached(f"engine-{key}", make) / "root"


def tool(root: Path, name: str) -> Path:
    """Return the path of an unpacked program, or of the system's own if that was there."""
    for folder in ("lab", "usr/sbin", "usr/bin"):
        if (root / folder / name).exists():
            return root / folder / name
    return Path("/usr/sbin") / name if Path("/usr/sbin", name).exists() else Path("/usr/bin", name)


def library_path(root: Path) -> dict[str, str]:
    """Return the environment in which unpacked programs find their unpacked libraries."""
    return {"LD_LIBRARY_PATH": str(root / _LIBRARIES)}


def works_here(root: Path) -> bool:
    """Tell whether the unpacked programs run on this machine at all."""
    try:
        done = subprocess.run(
            [tool(root, "dockerd"), "--version"], capture_output=True, timeout=20, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def _wrap_iptables(root: Path) -> None:
    if not (root / "usr/sbin/xtables-nft-multi").exists():
        return  # the system has its own
    (root / "lab").mkdir()
    for name in ("iptables", "ip6tables", "iptables-save", "iptables-restore"):
        script = root / "lab" / name
        script.write_text(_IPTABLES.format(libraries=_LIBRARIES, name=name))
        script.chmod(0o755)

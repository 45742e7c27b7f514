"""Debian packages without installing them: apt with a state of its own, and dpkg-deb.

Nothing of the system's package state is read or changed; the mirror is the one that this
machine already uses.
"""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from lab.layout import LabError, cached
from lab.process import run

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SOURCES = Path("/etc/apt")
_MIRROR = re.compile(
    r"^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s*)?)(\w+://\S+?/debian)/?(?:\s|$)", re.MULTILINE
)


def unsupported() -> str:
    """Return why packages cannot be had on this machine, or an empty string if they can."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and _KEYRING.exists()):
        return "this machine is no Debian with apt-get"
    try:
        mirror()
    except LabError as error:
        return str(error)
    return ""


def mirror() -> str:
    """Return the address of the Debian mirror in this machine's apt configuration."""
    files = [_SOURCES / "sources.list", *sorted((_SOURCES / "sources.list.d").glob("*"))]
    for file in files:
        found = _MIRROR.search(file.read_text()) if file.is_file() else None
        if found:
            return found[1]
    raise LabError("no Debian mirror is configured in /etc/apt")


def release() -> str:
    """Return the code name of this machine's own release, such as ``bookworm``."""
    return str(platform.freedesktop_os_release().get("VERSION_CODENAME", "stable"))


def download(
    suite: str, packages: Sequence[str], folder: Path, *, needs: bool, blank: bool = False
) -> list[Path]:
    """Download packages of ``suite`` into ``folder`` and return the files.

    ``needs`` brings what they depend on as well: beyond what this machine has installed, or
    with ``blank`` beyond nothing at all. Raises LabError if apt cannot.
    """
    index = cached(f"apt-{suite}", lambda folder: _fetch_index(suite, folder))
    folder.mkdir(parents=True, exist_ok=True)
    cache = folder / "cache"
    (cache / "archives" / "partial").mkdir(parents=True)
    status = folder / "status"
    status.touch()
    options = [
        *_options(index),
        f"-oDir::Cache={cache}",
        f"-oDir::State::status={status if blank else '/var/lib/dpkg/status'}",
    ]
    if needs:
        install = "-qq -y --no-install-recommends --download-only install".split()
        run(["apt-get", *options, *install, *packages])
        return sorted((cache / "archives").glob("*.deb"))
    run(["apt-get", *options, "-qq", "download", *packages], cwd=folder)
    return sorted(folder.glob("*.deb"))


def unpack(files: Iterable[Path], root: Path) -> None:
    """Unpack packages over the folder ``root``, without running their scripts."""
    root.mkdir(parents=True, exist_ok=True)
    for file in files:
        run(["dpkg-deb", "-x", file, root])


def status_of(file: Path) -> str:
    """Return the entry of an installed package for dpkg's status file."""
    control = run(["dpkg-deb", "-f", file])
    name, _, rest = control.partition("\n")
    return f"{name}\nStatus: install ok installed\n{rest.rstrip()}\n\n"


def sources_line(suite: str) -> str:
    """Return the apt source for ``suite`` from this machine's mirror."""
    return f"deb [signed-by={_KEYRING}] {mirror()} {suite} main\n"


def _options(index: Path) -> list[str]:
    return [
        f"-oDir::Etc::sourcelist={index / 'sources.list'}",
        "-oDir::Etc::sourceparts=-",
        f"-oDir::State::lists={index / 'lists'}",
        "-oAPT::Sandbox::User=root",
        "-oDebug::NoLocking=true",  # the folders are the lab's own
    ]


def _fetch_index(suite: str, folder: Path) -> None:
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "sources.list").write_text(sources_line(suite))
    run(["apt-get", *_options(folder), f"-oDir::Cache={folder / 'cache'}", "-qq", "update"])

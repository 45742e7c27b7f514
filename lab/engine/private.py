"""A private Docker engine that starts in a second, with the base image already in it.

It runs in namespaces of its own (see `lab.engine.namespace`), so nothing on the machine sees
its network, mounts or processes, and all of it ends with the lab.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lab.engine.dockerd import start_dockerd
from lab.engine.machine import Engine
from lab.engine.unpacked import unpacked_engine
from lab.layout import CACHE, LabError, cached, digest_of
from lab.process import Daemons
from lab.standin.image import IMAGE, archive

_CGROUPS = Path("/sys/fs/cgroup")
# Where containerd keeps what it never changes again: image blobs and unpacked layers.
_NEVER_CHANGED = ("io.containerd.content.v1.content", "io.containerd.snapshotter.v1.overlayfs")


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give a private engine its folder and its control group's name, and remove both at the end.

    For the process that stays outside the namespaces: nothing in there is mounted or running
    any more when this ends. Leftovers of labs that were killed are removed at the beginning.
    """
    CACHE.mkdir(exist_ok=True)
    for left in CACHE.glob("run-*"):
        with contextlib.suppress(OSError), (left / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # OSError: its lab is up
            _remove(left)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=CACHE))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            _remove(folder)


def start_private_engine(daemons: Daemons, state: Path, folder: Path) -> Engine:
    """Start dockerd in these namespaces, on its own copy of a data folder with the base image.

    ``folder`` is the one of `scratch`. Raises LabError if the engine does not come up.
    """
    root = unpacked_engine()
    image = archive()
    key = digest_of([root.parent.name, image.parent.name, Path(__file__)])
    work = short_folder(folder)

    def make(draft: Path) -> None:
        own = Daemons()
        data = draft / "data"
        try:
            engine = start_dockerd(
                own, root, data=data, work=work / "first", state=draft, cgroup=_cgroup(folder)
            )
            loaded = engine.docker("load", "--input", str(image))
            if loaded.returncode != 0:
                raise LabError(f"docker load: {loaded.stderr}")
        finally:
            own.stop()

    template = cached(f"images-{key}", make) / "data"
    clone(template, folder / "data")
    engine = start_dockerd(
        daemons, root, data=folder / "data", work=work, state=state, cgroup=_cgroup(folder)
    )
    engine.notes.append("Docker: a private engine, seen by nobody outside this lab")
    engine.notes.append(f"{IMAGE}: a stand-in made of Debian packages")
    return engine


def clone(template: Path, copy: Path) -> None:
    """Copy an engine's data folder: by links what never changes, the databases in full."""

    def duplicate(source: str, target: str) -> str:
        if not (Path(source).is_file() or Path(source).is_symlink()):
            return target  # dockerd makes its device node again
        if any(f"/{name}/" in source for name in _NEVER_CHANGED) and not source.endswith(".db"):
            os.link(source, target, follow_symlinks=False)
            return target
        return str(shutil.copy2(source, target, follow_symlinks=False))

    shutil.copytree(template, copy, symlinks=True, copy_function=duplicate)


def stop_containers(engine: Engine) -> None:
    """Remove what still runs, before the engine is stopped."""
    ids = engine.docker("ps", "--all", "--quiet").stdout.split()
    if ids:
        engine.docker("rm", "--force", *ids)


def short_folder(folder: Path) -> Path:
    """Return a second folder for the same lab, whose path is short enough for sockets."""
    return Path(tempfile.gettempdir()) / folder.name.replace("run-", "lab-")


def _cgroup(folder: Path) -> str:
    return f"lab-{folder.name}"


def _remove(folder: Path) -> None:
    for each in (folder, short_folder(folder)):
        shutil.rmtree(each, ignore_errors=True)
    name = _cgroup(folder)
    for parent in [_CGROUPS / name, *_CGROUPS.glob(f"*/{name}")]:
        for below, _, _ in os.walk(parent, topdown=False):
            with contextlib.suppress(OSError):
                Path(below).rmdir()

"""A private Docker engine that starts in a second, with the base image already in it.

It runs in namespaces of its own (see `lab.engine.namespace`), so nothing on the machine sees
its network, mounts or processes, and all of it ends with the lab.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lab.engine.dockerd import start_dockerd
from lab.engine.machine import Engine
from lab.engine.unpacked import unpacked_engine
from lab.layout import CACHE, LabError, cached, digest_of, own_folder, temporary_folder
from lab.process import Daemons, run
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
    with own_folder(CACHE, "run-", _remove) as folder:
        yield folder


def start_private_engine(daemons: Daemons, state: Path, folder: Path) -> Engine:
    """Start dockerd in these namespaces, on its own copy of a data folder with the base image.

    ``folder`` is the one of `scratch`. The engine is up once its ``wait()`` returns.
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
            engine.wait()
            loaded = engine.docker("load", "--input", str(image))
            if loaded.returncode != 0:
                raise LabError(f"docker load: {loaded.stderr}")
        finally:
            own.stop()

    template = cached(f"images-{key}", make) / "data"
    clone(template, folder / "data")
    engine = start_dockerd(
        daemons,
        root,
        data=folder / "data",
        work=work,
        state=state,
        cgroup=_cgroup(folder),
        grace=0,  # its data goes with the lab, and its processes with their namespace
    )
    engine.notes.append("Docker: a private engine, seen by nobody outside this lab")
    engine.notes.append(f"{IMAGE}: a stand-in made of Debian packages")
    return engine


def clone(template: Path, copy: Path) -> None:
    """Copy an engine's data folder: by links what never changes, the databases in full."""
    run(["cp", "--archive", "--link", template, copy])
    for place, folders, files in os.walk(copy):
        if any(part in place for part in _NEVER_CHANGED):
            folders[:] = [name for name in folders if name not in ("blobs", "snapshots")]
        for name in files:
            file = Path(place, name)
            if file.is_file() and not file.is_symlink():
                own = file.with_name(f"{name}.own")
                shutil.copy2(file, own)
                own.replace(file)


def short_folder(folder: Path) -> Path:
    """Return a second folder for the same lab, whose path is short enough for sockets."""
    return temporary_folder() / folder.name.replace("run-", "lab-")


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

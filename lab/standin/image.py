"""The stand-in as a Docker image: written as an archive, loaded into an engine.

The archive is in the format of ``docker save``:
https://github.com/opencontainers/image-spec and Docker's image specification v1.2.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

from lab import debian
from lab.engine.machine import Engine
from lab.layout import LabError, cached, digest_of
from lab.process import run
from lab.standin import rootfs

IMAGE = "public.ecr.aws/lambda/python:3.13"

_CONFIG = {
    "Env": [
        "PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LANG=en_US.UTF-8",
        "TZ=:/etc/localtime",
        "LAMBDA_TASK_ROOT=/var/task",
        "LAMBDA_RUNTIME_DIR=/var/runtime",
    ],
    "WorkingDir": "/var/task",
    "Entrypoint": ["/lambda-entrypoint.sh"],
    "Labels": {"lab.standin": "Debian in place of Amazon Linux"},
}


def offer(engine: Engine) -> str:
    """Make sure that the machine's engine has AWS's Python base image, and return a note about it.

    The real image is used where it is present or can be pulled; else the stand-in is loaded
    under its name.
    """
    if engine.docker("image", "inspect", IMAGE).returncode == 0:
        return f"{IMAGE}: as present in the engine"
    try:
        if engine.docker("pull", "--quiet", IMAGE, timeout=300).returncode == 0:
            return f"{IMAGE}: pulled"
    except subprocess.TimeoutExpired:
        pass
    if debian.unsupported():
        return f"{IMAGE}: left out, it cannot be pulled and {debian.unsupported()}"
    loaded = engine.docker("load", "--input", str(archive()))
    if loaded.returncode != 0:
        raise LabError(f"docker load: {loaded.stderr}")
    return f"{IMAGE}: a stand-in made of Debian packages"


def archive() -> Path:
    """Return the archive of the stand-in, made once per recipe."""
    recipe = [*sorted(rootfs.FILES.iterdir()), *sorted(rootfs.HERE.glob("*.txt"))]
    recipe += sorted(rootfs.HERE.glob("*.py"))
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    key = digest_of([*recipe, json.dumps(_CONFIG), *([bundle] if bundle.exists() else [])])
    return cached(f"standin-{key}", _make) / "image.tar"


def _make(folder: Path) -> None:
    work = folder / "work"
    root = work / "root"
    root.mkdir(parents=True)
    rootfs.make_rootfs(root, work)
    layer = work / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        tar.add(root, ".", filter=_as_root)
    with layer.open("rb") as content:
        diff_id = hashlib.file_digest(content, "sha256").hexdigest()
    # Registries hold AWS's image compressed, so pushes weigh what they weigh there.
    run(["gzip", "-4", layer])
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": _CONFIG,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
            "history": [{"created_by": "lab.standin"}],
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [IMAGE], "Layers": ["layer.tar.gz"]}]
    with tarfile.open(folder / "image.tar", "w") as tar:
        _add(tar, config_name, config)
        _add(tar, "manifest.json", json.dumps(manifest).encode())
        tar.add(work / "layer.tar.gz", "layer.tar.gz", filter=_as_root)
    shutil.rmtree(work)


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))

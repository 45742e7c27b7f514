"""Images that BuildKit builds, as files: their manifest, configuration and flattened files."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import posixpath
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.aws.registry import Manifest
from lambda_fast_deploy.adapters.zstd import ZstdReader

# Type, permissions, owner, and content or target of each path.
Files = dict[str, tuple[str, int, int, int, bytes]]


@dataclass(frozen=True)
class OciImage:
    """An image: its manifest, and its blobs by their digests."""

    manifest: Manifest
    blobs: Mapping[str, bytes]

    def read(self, digest: str, most: int) -> bytes:
        """A blob."""
        assert len(self.blobs[digest]) <= most
        return self.blobs[digest]

    @property
    def configuration(self) -> dict[str, Any]:
        """Its configuration."""
        return dict(json.loads(self.blobs[self.manifest.content["config"]["digest"]]))

    @property
    def run(self) -> dict[str, Any]:
        """What decides how it runs: its configuration without times, history and layers."""
        others = ("created", "history", "rootfs")
        return {name: value for name, value in self.configuration.items() if name not in others}

    @property
    def history(self) -> list[dict[str, Any]]:
        """Its history without times."""
        history = self.configuration["history"]
        return [{k: v for k, v in each.items() if k != "created"} for each in history]

    @property
    def files(self) -> Files:
        """Its files, flattened."""
        files: Files = {}
        layers = self.manifest.content["layers"]
        diffs = self.configuration["rootfs"]["diff_ids"]
        for layer, diff in zip(layers, diffs, strict=True):
            archive = _uncompressed(self.blobs[layer["digest"]])
            assert f"sha256:{hashlib.sha256(archive).hexdigest()}" == diff
            _apply(archive, files)
        return files


def build(root: Path, compression: str = "gzip", *, no_cache: bool = False) -> OciImage | str:
    """What BuildKit makes of a folder, or its words."""
    output = f"--output=type=oci,dest=-,oci-mediatypes=true,compression={compression}"
    command = ["docker", "buildx", "build", "--provenance=false", "--sbom=false", output]
    command += ["--no-cache"] if no_cache else []
    done = subprocess.run([*command, str(root)], capture_output=True, check=False)
    if done.returncode:
        return done.stderr.decode(errors="replace")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        files = {each.name: tar.extractfile(each) for each in tar if each.isfile()}
        contents = {name: file.read() for name, file in files.items() if file}
    blobs = {
        f"sha256:{name.rpartition('/')[2]}": content
        for name, content in contents.items()
        if name.startswith("blobs/")
    }
    entry = json.loads(contents["index.json"])["manifests"][0]
    text = blobs[entry["digest"]].decode()
    return OciImage(Manifest(text, entry["mediaType"], json.loads(text)), blobs)


def _uncompressed(blob: bytes) -> bytes:
    if blob.startswith(b"\x1f\x8b"):
        return gzip.decompress(blob)
    with ZstdReader(blob) as reader:
        return reader.read() or b""


def _apply(archive: bytes, files: Files) -> None:
    """Apply a layer (OCI image specification, "Applying Changesets")."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for each in tar:
            name = posixpath.normpath(each.name)
            folder, _, base = name.rpartition("/")
            if base.startswith(".wh."):
                _remove(files, posixpath.join(folder, base[4:]))
                continue
            if name in files and not (each.isdir() and files[name][0] == "folder"):
                _remove(files, name)
            if each.islnk():
                files[name] = files[posixpath.normpath(each.linkname)]
                continue
            kind = "folder" if each.isdir() else "link" if each.issym() else "file"
            file = tar.extractfile(each) if kind == "file" else None
            content = file.read() if file else each.linkname.encode()
            files[name] = (kind, each.mode & 0o7777, each.uid, each.gid, content)


def _remove(files: Files, path: str) -> None:
    for name in [each for each in files if each == path or each.startswith(f"{path}/")]:
        del files[name]


def differences(one: Files, other: Files) -> list[str]:
    """What differs, for people."""
    return [
        f"{path}: {one.get(path)} and {other.get(path)}"
        for path in sorted({*one, *other})
        if one.get(path) != other.get(path)
    ]


def with_blobs(image: OciImage, manifest: Manifest, blobs: Iterable[Any]) -> OciImage:
    """An image made of another one."""

    def content(blob: Any) -> bytes:
        opened: Callable[[], Any] = blob.open
        with opened() as stream:
            return bytes(stream.read())

    return OciImage(manifest, {**image.blobs, **{each.digest: content(each) for each in blobs}})

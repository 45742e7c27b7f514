"""The layers of a tail: which paths each COPY writes, as BuildKit's COPY does.

A COPY without ``--link`` depends on the files of the image below it: whether its destination is a
folder, and whether there are links on its path. The layer that the same COPY has made in another
image of the stem tells that: it has an entry for each folder on the path. If that does not answer,
or BuildKit would refuse the COPY, its result is not certain.

Source: BuildKit's file operations (``solver/llbsolver/file``) and tonistiigi/fsutil (``copy``).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from lambda_fast_deploy.fingerprints.images.context_paths import ContextPaths, NoSuchPath
from lambda_fast_deploy.fingerprints.images.tail import Copy, Tail
from lambda_fast_deploy.models.image_layers import Donor, EntryKind, Layer, LayerEntry

_KINDS: dict[str, EntryKind] = {"folder": "folder", "file": "file", "link": "link"}
_FOLDER = LayerEntry("folder", mode=0o755)
# Where images have links to folders, such as /lib and those of package managers. BuildKit refuses a
# COPY of a folder onto one; a layer with the folder would hide what it links to.
_MAY_BE_LINK = re.compile(
    r"(?!var/task/)(?:bin|boot|dev|etc|lib\w*|proc|run|sbin|sys|usr|var)(?:/|$)|(?:.*/)?node_modules/"
)


class UncertainLayer(Exception):
    """What BuildKit would make of a COPY is not certain. Its text is the reason, for people."""


def layers_of(tail: Tail, paths: ContextPaths, donor: Donor) -> tuple[Layer, ...]:
    """The layers that the COPYs of a tail make, in order.

    Args:
        tail: the tail.
        paths: the build context.
        donor: an image of the same stem. Its layers matter if a COPY is not linked.

    Raises:
        UncertainLayer: a result is not certain.
    """
    layers: list[Layer] = []
    above: dict[str, LayerEntry] = {}  # what the tail has written so far
    before: dict[str, LayerEntry] = {}  # what the donor's tail has
    for number, copy in enumerate(tail.copies):
        below = None if copy.is_linked else _Below(above, before, donor.layers[number])
        try:
            layer = _Copying(copy, paths, below).layer(_destination(copy, donor))
        except NoSuchPath as error:
            raise UncertainLayer(f"{error} does not exist") from None
        layers.append(layer)
        above.update(layer)
        before.update(donor.layers[number] if donor.layers else {})
    return tuple(layers)


def _destination(copy: Copy, donor: Donor) -> str:
    written = copy.destination(donor.variables)
    if not written:
        raise UncertainLayer(f"{copy.written} in line {copy.line} is not known")
    path = posixpath.normpath(posixpath.join("/", donor.folder, written)).lstrip("/")
    is_folder = written == "." or written.endswith(("/", "/."))
    return f"{path}/" if is_folder and path else path


class _Below:
    """The files below a layer, as far as they are known."""

    def __init__(self, above: Layer, before: Layer, twin: Layer) -> None:
        self.written = above
        self._before = before
        self._twin = twin

    def entry(self, path: str) -> LayerEntry:
        """What is at a path after the same COPY in the donor, or was there before it."""
        if path in self.written:
            return self.written[path]
        if path in self._before or path not in self._twin:
            raise UncertainLayer(f"what the image has at /{path} is not known")
        return self._twin[path]

    def check(self, path: str, kind: EntryKind) -> None:
        """Check that a folder or a link can be written: that the same COPY has written it."""
        if self.entry(path).kind != kind:
            raise UncertainLayer(f"what the image has at /{path} is not known")


class _Copying:
    """One COPY; ``below`` are the files below its layer, and ``None`` if these do not matter."""

    def __init__(self, copy: Copy, paths: ContextPaths, below: _Below | None) -> None:
        self._copy = copy
        self._paths = paths
        self._below = below
        self._entries: dict[str, LayerEntry] = {}

    def layer(self, destination: str) -> Layer:
        """What it writes."""
        for source in self._copy.sources:
            for path, name in self._paths.matches(source):
                self._add(path, name, destination)
        if not self._entries:
            raise UncertainLayer(f"COPY in line {self._copy.line} copies nothing")
        return dict(sorted(self._entries.items()))

    def _add(self, source: str, name: str, destination: str) -> None:
        """Copy one source: a folder's contents, or a file."""
        target = destination.rstrip("/")
        if self._paths.kind(source) == "folder":
            self._make_folders(target)
            skipped = len(source) + 1 if source else 0
            for path in self._paths.below(source):
                self._write(f"{target}/{path[skipped:]}".lstrip("/"), path)
            return
        is_into = not target or destination.endswith("/")
        self._make_folders(target if is_into else target.rpartition("/")[0])
        if is_into or self._is_folder(target):
            target = f"{target}/{name}".lstrip("/")
        self._write(target, source)

    def _is_folder(self, path: str) -> bool:
        """Whether a destination is a folder; one that is missing becomes a file."""
        entry = self._entries.get(path)
        if entry is None and self._below:
            entry = self._below.entry(path)
        if entry and entry.kind == "link":
            raise UncertainLayer(f"/{path} is a link")
        if entry is None or entry.kind != "folder":
            return False
        self._entries[path] = entry
        return True

    def _make_folders(self, path: str) -> None:
        """Make the folders on the way to a path, and the path itself a folder."""
        for folder in _parents(path):
            if folder not in self._entries:
                made = replace(_FOLDER, owner=self._copy.owner)
                self._entries[folder] = self._below.entry(folder) if self._below else made
            if self._entries[folder].kind != "folder":
                raise UncertainLayer(f"/{folder} is not a folder")

    def _write(self, target: str, source: str) -> None:
        """Copy a path itself, which may be a folder."""
        if (kind := _KINDS.get(self._paths.kind(source))) is None:
            raise UncertainLayer(f"{source} is a {self._paths.kind(source)}")
        mode = 0o777 if kind == "link" else self._copy.mode
        if self._below and kind != "file" and _MAY_BE_LINK.match(target):
            self._below.check(target, kind)
        entry = LayerEntry(kind, self._copy.owner, mode, source)
        existing = self._entries.get(target)
        if existing is None and self._below:
            existing = self._below.written.get(target)
        if existing and (existing.kind == "folder") != (kind == "folder"):
            raise UncertainLayer(f"/{target} is a {existing.kind} already")
        try:
            target.encode()
        except UnicodeEncodeError:
            raise UncertainLayer(f"the name of {source!a} is not UTF-8") from None
        self._entries[target] = entry


def _parents(path: str) -> Iterator[str]:
    """A path and its parents, from the top."""
    at = 0
    while at < len(path):
        at = path.find("/", at + 1) if "/" in path[at + 1 :] else len(path)
        yield path[:at]

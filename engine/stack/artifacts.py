"""The zips of a stack: made once, known by what they hold, kept in the bucket.

Objects of the bucket, all below ``lambda-fast-deploy/``:

    HASH.zip                a zip, by the hash of what it holds
    dependencies/PRINT.zip  what requirements led to, by their fingerprint
    made/PRINT.json         which zip a fingerprint of requirements and files led to, and its hash
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from engine.adapters.parallel import together
from engine.build.budget import UNZIPPED_LIMIT, check_size, shown
from engine.build.layer import build_layer
from engine.build.upload import PREFIX
from engine.content.archive import archive
from engine.content.fingerprint import of_layer
from engine.content.tree import code_files
from engine.model import Action, Archive, Layer, Step
from engine.stack.order import Order
from engine.stack.parts import Part

BUILDS_AT_ONCE = 4  # uv mostly waits


@dataclass(frozen=True, slots=True)
class Artifact:
    """A part and where its zip is, or will be once it is built.

    ``own`` are the files of the part itself, zipped; ``fingerprint`` stands for these and for what
    they require, and ``key`` is of the object, or nothing as long as the zip is not made.
    ``sha256`` is the zip's, as Lambda's ``CodeSha256``, or nothing where that is not known.
    """

    part: Part
    own: Archive = field(repr=False)
    fingerprint: str
    key: str
    sha256: str = ""

    @property
    def expected(self) -> str:
        """The object's key, or one that no object has while the zip is not made."""
        return self.key or f"{PREFIX}{self.fingerprint}.zip"


class Artifacts:
    """Finds and makes the zips of one stack in one region."""

    def __init__(self, order: Order) -> None:
        self._bucket = order.bucket
        self._budgets = order.settings.budgets
        self._journal = order.journal
        self._region = order.region

    def find(self, part: Part) -> Artifact:
        """A part as it is in the working tree, and its zip if that is in the bucket."""
        own = _own(part)
        if part.requirements is None:
            digest = _digest(own.content)
            return Artifact(part, own, digest[:16], f"{PREFIX}{digest}.zip", own.sha256)
        fingerprint = _fingerprint(part, own)
        found = self._bucket.get(_made(fingerprint))
        made = json.loads(found) if found else {}
        return Artifact(part, own, fingerprint, made.get("key", ""), made.get("sha256", ""))

    def make_all(
        self, found: Iterable[Artifact], steps: Iterable[Step]
    ) -> tuple[tuple[Artifact, ...], dict[str, Mapping[str, int]]]:
        """Build what the steps say is not there yet, several at a time.

        Returns:
            Every artifact with its key, and what was installed in those that were built.

        Raises:
            BuildFailed: one cannot be built, or is over a limit.
        """
        installed: dict[str, Mapping[str, int]] = {}

        def ready(pair: tuple[Artifact, Step]) -> Artifact:
            artifact, step = pair
            if step.action is not Action.BUILD:
                return artifact
            made, packages = self.make(artifact, step.reason)
            if packages:
                installed[artifact.part.logical] = packages
            return made

        return tuple(
            together(ready, zip(found, steps, strict=True), most=BUILDS_AT_ONCE)
        ), installed

    def make(self, artifact: Artifact, reason: str) -> tuple[Artifact, Mapping[str, int]]:
        """Build what is not there yet, and put it into the bucket.

        Returns:
            The artifact with its key, and unzipped bytes by package of what was installed.

        Raises:
            BuildFailed: it cannot be built, or is over a limit.
        """
        part = artifact.part
        packages: Mapping[str, int] = {}
        self._journal.check()
        with self._journal.work(part.id, "build", reason, self._region) as detail:
            zipped = artifact.own
            self._check(part, zipped)
            if artifact.key and self._bucket.has(artifact.key):
                detail("the bucket has it already")
                return artifact, packages
            key = artifact.key
            if part.requirements is not None:
                installed, packages = self._installed(part)
                zipped = _together(part, installed, zipped)
                self._check(part, zipped)
                key = f"{PREFIX}{_held(zipped)}.zip"
            self._upload(key, zipped, part)
            if part.requirements is not None:
                made = json.dumps({"key": key, "sha256": zipped.sha256})
                self._bucket.put(_made(artifact.fingerprint), made.encode())
            detail(f"{shown(zipped.size)} zipped, {shown(zipped.unzipped)} unzipped")
        return replace(artifact, key=key, sha256=zipped.sha256), packages

    def _installed(self, part: Part) -> tuple[bytes, Mapping[str, int]]:
        """What requirements lead to: found under their fingerprint, or installed now."""
        layer = _layer(part)
        key = f"{PREFIX}dependencies/{of_layer(layer)}.zip"
        if found := self._bucket.get(key):
            return found, {}
        tell = partial(self._tell, part)
        built = build_layer(layer, tell, UNZIPPED_LIMIT)
        for note in built.notes:
            self._journal.note(note)
        made = built.parts[layer.name]
        self._upload(key, made.archive, part)
        return made.archive.content, made.sizes

    def _upload(self, key: str, zipped: Archive, part: Part) -> None:
        def tell(done: int) -> None:
            self._tell(part, f"{10 * done // zipped.size * 10} % uploaded to S3")

        self._bucket.upload(key, zipped.content, tell)

    def _tell(self, part: Part, line: str) -> None:
        self._journal.check()
        self._journal.progress(part.id, line, self._region)

    def _check(self, part: Part, zipped: Archive) -> None:
        what = _called(part)
        budget = self._budgets.layer if part.is_layer else self._budgets.code
        check_size(what, zipped.unzipped, budget, "unzipped")
        check_size(what, zipped.unzipped, UNZIPPED_LIMIT, "unzipped")


# ------------------------------------------------------------ what a zip holds


def _called(part: Part) -> str:
    return f"layer {part.logical}" if part.is_layer else f"the code of {part.logical}"


def _own(part: Part) -> Archive:
    if part.path.is_file():
        check_size(_called(part), part.path.stat().st_size, UNZIPPED_LIMIT, "as a file")
        content = part.path.read_bytes()
        sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return Archive(content, sha256, _unzipped(content))
    # Requirements are known by what they ask for: a comment among them makes no other zip.
    files = {
        f"{part.prefix}{name}": part.path / name
        for name in code_files(part.path)
        if part.path / name != part.requirements
    }
    return archive(files, compress=False)


def _unzipped(content: bytes) -> int:
    """Bytes that a zip says it holds; nothing is unpacked, and what is none holds nothing."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            return sum(info.file_size for info in zipped.infolist())
    except zipfile.BadZipFile:
        return 0


def _layer(part: Part) -> Layer:
    assert part.requirements is not None
    return Layer(part.logical, part.requirements, part.runtime, part.architecture)


def _fingerprint(part: Part, own: Archive) -> str:
    text = f"{of_layer(_layer(part))} {part.prefix} {_digest(own.content)}"
    return _digest(text.encode())[:16]


def _together(part: Part, installed: bytes, own: Archive) -> Archive:
    """One zip of what was installed and the part's own files, which go before."""
    entries: dict[str, tuple[zipfile.ZipInfo, bytes]] = {}
    for content in (installed, own.content):
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            for info in zipped.infolist():
                name = info.filename
                if content is installed:
                    name = part.prefix + name.partition("/")[2]  # below python/ or nodejs/
                entries[name] = (info, zipped.read(info))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name in sorted(entries):
            info, held = entries[name]
            copy = zipfile.ZipInfo(name, info.date_time)
            copy.create_system, copy.external_attr = info.create_system, info.external_attr
            copy.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(copy, held)
    content = buffer.getvalue()
    sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return Archive(content, sha256, sum(len(held) for _, held in entries.values()))


def _held(zipped: Archive) -> str:
    """The hash of what a zip holds, whatever its own bytes: deflate differs between versions."""
    manifest = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as opened:
        for info in opened.infolist():
            line = f"{info.filename}\n{info.external_attr}\n{_digest(opened.read(info))}\n"
            manifest.update(line.encode())
    return manifest.hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _made(fingerprint: str) -> str:
    return f"{PREFIX}made/{fingerprint}.json"

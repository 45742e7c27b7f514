"""The zips of a stack: made once, known by what they hold, kept in the bucket.

What is found there (keys: ``state.bucket_keys``) is used only if S3's checksum, or its bytes, are
those that were written.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.bucket import checksum_of
from lambda_fast_deploy.adapters.files import is_file, read_bytes
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.config.sections.layers import NODE_LOCKS, default_layer
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.archive import code_archive
from lambda_fast_deploy.fingerprints.file_tree import code_files
from lambda_fast_deploy.fingerprints.fingerprints import still
from lambda_fast_deploy.fingerprints.layers.fingerprint import local_contents, of_layer
from lambda_fast_deploy.models import Action, Archive, Layer, Step
from lambda_fast_deploy.models.quotas import UNZIPPED_LIMIT
from lambda_fast_deploy.packaging.layers.layer_build import build_layer
from lambda_fast_deploy.packaging.limits import check_size
from lambda_fast_deploy.packaging.upload import exchanged
from lambda_fast_deploy.stacks.bucket_objects import digest, held, is_as_named
from lambda_fast_deploy.stacks.local_artifacts import LocalArtifact
from lambda_fast_deploy.stacks.stack_context import StackContext
from lambda_fast_deploy.state import bucket_keys

BUILDS_AT_ONCE = 4  # uv mostly waits
_COMPILED = re.compile(r"(.*/)?(?:__pycache__/([^/.]+)\.[^/]*|([^/.]+))\.pyc")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A part and where its zip is, or will be once it is built.

    ``own`` are the files of the part itself, zipped; ``fingerprint`` stands for these and for what
    they require, and ``key`` is of the object, or nothing as long as the zip is not made.
    ``sha256`` is the zip's, as Lambda's ``CodeSha256``, and ``checksum`` S3's of the object, or
    nothing where that is not known.
    """

    part: LocalArtifact
    own: Archive = field(repr=False)
    fingerprint: str
    key: str
    sha256: str = ""
    checksum: str = ""

    @property
    def expected(self) -> str:
        """The object's key, or one that no object has while the zip is not made."""
        return self.key or bucket_keys.zip_key(self.fingerprint)


class StackArtifacts:
    """Finds and makes the zips of one stack in one region."""

    def __init__(self, context: StackContext) -> None:
        self._bucket = context.bucket
        self._budgets = context.settings.budgets
        self._run_log = context.run_log
        self._region = context.region

    def find(self, part: LocalArtifact) -> Artifact:
        """A part as it is in the working tree, and its zip if that is in the bucket."""
        own = _own(part)
        if part.requirements is None:
            name, checksum = digest(own.content), checksum_of(own.content)
            return Artifact(part, own, name[:16], bucket_keys.zip_key(name), own.sha256, checksum)
        fingerprint = _fingerprint(part, of_layer(_layer(part)), own)
        return Artifact(part, own, fingerprint, **self._recorded(fingerprint))

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

    def make_sure(self, artifacts: Iterable[Artifact], steps: Iterable[Step]) -> None:
        """See to it that what is reused can be had: CloudFormation may fetch it anew.

        Raises:
            BuildFailed: it is not there any more, and what it was made of makes another zip now.
        """

        def there(pair: tuple[Artifact, Step]) -> None:
            artifact, step = pair
            if step.action is Action.BUILD or self._has(artifact):
                return
            made, _ = self.make(artifact, "it is not in the bucket any more")
            if made.key != artifact.key:
                raise BuildFailed(
                    f"{artifact.key} is not in the bucket any more, and its requirements lead to "
                    "another zip now",
                    remedy="Run again, and the stack is given that one.",
                )

        together(there, zip(artifacts, steps, strict=True), most=BUILDS_AT_ONCE)

    def make(self, artifact: Artifact, reason: str) -> tuple[Artifact, Mapping[str, int]]:
        """Build what is not there yet, and put it into the bucket.

        Returns:
            The artifact with its key, and unzipped bytes by package of what was installed.

        Raises:
            BuildFailed: it cannot be built, or is over a limit.
        """
        part = artifact.part
        packages: Mapping[str, int] = {}
        self._run_log.cancellation.check()
        with self._run_log.work(part.id, "build", reason, self._region) as detail:
            zipped = artifact.own
            self._check(part, zipped)
            if self._has(artifact):
                detail("the bucket has it already")
                return artifact, packages
            key = artifact.key
            if part.requirements is not None:
                installed, packages = self._installed(artifact)
                zipped = _together(part, installed, zipped)
                self._check(part, zipped)
                key = bucket_keys.zip_key(held(zipped.content))
            self._upload(key, zipped, part)
            checksum = checksum_of(zipped.content)
            if part.requirements is not None:
                self._record(artifact.fingerprint, key, zipped.sha256, checksum)
            detail(f"{units.size(zipped.size)} zipped, {units.size(zipped.unzipped)} unzipped")
        return replace(artifact, key=key, sha256=zipped.sha256, checksum=checksum), packages

    def _has(self, artifact: Artifact) -> bool:
        """Whether the zip is in the bucket as it was written; one that was exchanged is told."""
        found = self._bucket.checksum(artifact.key) if artifact.key else None
        if found and found == artifact.checksum:
            return True
        if found is not None and not is_as_named(self._bucket, artifact.key):
            self._run_log.note(exchanged(self._bucket, artifact.key))
        return False

    def _recorded(self, fingerprint: str) -> dict[str, str]:
        """Which zip a fingerprint led to: its ``key``, ``sha256`` and ``checksum``, if known."""
        found = self._bucket.get(bucket_keys.build_key(fingerprint))
        values = json.loads(found) if found else {}
        return {name: str(values.get(name, "")) for name in ("key", "sha256", "checksum")}

    def _record(self, fingerprint: str, key: str, sha256: str, checksum: str) -> None:
        made = {"key": key, "sha256": sha256, "checksum": checksum}
        self._bucket.put(bucket_keys.build_key(fingerprint), json.dumps(made).encode())

    def _installed(self, artifact: Artifact) -> tuple[bytes, Mapping[str, int]]:
        """What requirements lead to: found under their fingerprint, or installed now.

        Raises:
            BuildFailed: they have changed since the artifact was looked for.
        """
        part, layer = artifact.part, _layer(artifact.part)
        own = local_contents(layer)
        fingerprint = of_layer(layer, own)
        whole = _fingerprint(part, fingerprint, artifact.own)
        still(_called(part), artifact.fingerprint, lambda: whole)
        key = bucket_keys.dependencies_key(fingerprint)
        checksum = self._recorded(fingerprint)["checksum"]
        if found := self._bucket.get(key) if checksum else None:
            if checksum_of(found) == checksum:
                return found, {}
            self._run_log.note(exchanged(self._bucket, key))
        tell = partial(self._tell, part)
        built = build_layer(layer, tell, UNZIPPED_LIMIT)
        still(_called(part), fingerprint, lambda: of_layer(layer, own))
        for note in built.notes:
            self._run_log.note(note)
        made = built.parts[layer.name]
        self._upload(key, made.archive, part)
        content = made.archive.content
        self._record(fingerprint, key, made.archive.sha256, checksum_of(content))
        return content, made.sizes

    def _upload(self, key: str, zipped: Archive, part: LocalArtifact) -> None:
        def tell(done: int) -> None:
            self._tell(part, f"{10 * done // zipped.size * 10} % uploaded to S3")

        self._bucket.upload(key, zipped.content, tell)

    def _tell(self, part: LocalArtifact, line: str) -> None:
        self._run_log.cancellation.check()
        self._run_log.progress(part.id, line, self._region)

    def _check(self, part: LocalArtifact, zipped: Archive) -> None:
        what = _called(part)
        budget = self._budgets.layer if part.is_layer else self._budgets.code
        check_size(what, zipped.unzipped, budget, "unzipped")
        check_size(what, zipped.unzipped, UNZIPPED_LIMIT, "unzipped")


# ------------------------------------------------------------ what a zip holds


def _called(part: LocalArtifact) -> str:
    return f"layer {part.logical}" if part.is_layer else f"the code of {part.logical}"


def _own(part: LocalArtifact) -> Archive:
    if is_file(part.path):
        content = read_bytes(part.path, UNZIPPED_LIMIT)
        return Archive(content, _sha256(content), _unzipped(content))
    # Requirements are known by what they ask for: a comment among them makes no other zip.
    is_node = part.requirements is not None and part.requirements.name in NODE_LOCKS
    names = code_files(part.path, ("node_modules/",) if is_node else ())
    own = [name for name in names if part.path / name != part.requirements]
    return code_archive(part.path, own, prefix=part.prefix)


def _unzipped(content: bytes) -> int:
    """Bytes that a zip says it holds; nothing is unpacked, and what is none holds nothing."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            return sum(info.file_size for info in zipped.infolist())
    except zipfile.BadZipFile:
        return 0


def _layer(part: LocalArtifact) -> Layer:
    assert part.requirements is not None
    return default_layer(part.logical, part.requirements, part.runtime, part.architecture)


def _fingerprint(part: LocalArtifact, requirements: str, own: Archive) -> str:
    text = f"{requirements} {part.prefix} {digest(own.content)}"
    return digest(text.encode())[:16]


def _together(part: LocalArtifact, installed: bytes, own: Archive) -> Archive:
    """One zip of what was installed and the part's own files, which go before."""
    entries: dict[str, tuple[zipfile.ZipInfo, bytes]] = {}
    with zipfile.ZipFile(io.BytesIO(installed)) as zipped:
        for info in zipped.infolist():
            name = part.prefix + info.filename.partition("/")[2]  # below python/ or nodejs/
            entries[name] = (info, zipped.read(info))
    with zipfile.ZipFile(io.BytesIO(own.content)) as zipped:
        names = set(zipped.namelist())
        # Python would run what an installed module was compiled to in place of the own one.
        entries = {name: each for name, each in entries.items() if _module(name) not in names}
        for info in zipped.infolist():
            entries[info.filename] = (info, zipped.read(info))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name in sorted(entries):
            info, held = entries[name]
            copy = zipfile.ZipInfo(name, info.date_time)
            copy.create_system, copy.external_attr = info.create_system, info.external_attr
            copy.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(copy, held)
    content = buffer.getvalue()
    return Archive(content, _sha256(content), sum(len(held) for _, held in entries.values()))


def _module(compiled: str) -> str:
    """The source that Python has compiled to a file of this name (PEP 3147), or nothing."""
    if match := _COMPILED.fullmatch(compiled):
        return f"{match[1] or ''}{match[2] or match[3]}.py"
    return ""


def _sha256(content: bytes) -> str:
    """As Lambda's ``CodeSha256`` has it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()

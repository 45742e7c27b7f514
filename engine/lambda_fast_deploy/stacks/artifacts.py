"""Builds the zips of a stack once, and stores them in the bucket under content-addressed keys.

An object in the bucket (keys: ``state.bucket_keys``) is used only if S3's checksum, or its bytes,
are those that were written.
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

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.bucket import checksum_of
from lambda_fast_deploy.adapters.files import is_directory, read_bytes
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.adapters.zips import UNREADABLE
from lambda_fast_deploy.config.sections.layers import default_layer
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.archive import code_archive
from lambda_fast_deploy.fingerprints.file_tree import code_files
from lambda_fast_deploy.fingerprints.fingerprints import still
from lambda_fast_deploy.fingerprints.layers.fingerprint import local_contents, of_layer
from lambda_fast_deploy.models import Action, Archive, Layer, Step
from lambda_fast_deploy.models.quotas import UNZIPPED_LIMIT
from lambda_fast_deploy.packaging.layers.layer_build import build_layer
from lambda_fast_deploy.packaging.limits import check_size
from lambda_fast_deploy.packaging.packages_in_code import with_packages
from lambda_fast_deploy.packaging.upload import exchanged
from lambda_fast_deploy.stacks.bucket_objects import content_digest, digest, is_as_named
from lambda_fast_deploy.stacks.code_builds import NODE_MANIFEST, LocalArtifact, is_zip
from lambda_fast_deploy.stacks.stack_context import StackContext
from lambda_fast_deploy.state import bucket_keys

BUILDS_AT_ONCE = 4  # uv mostly waits for the network


@dataclass(frozen=True, slots=True)
class Artifact:
    """A part and its zip.

    ``own`` are the files of the part itself, zipped; ``fingerprint`` identifies these and their
    requirements. ``key`` is of the object, or empty until the zip is built. ``sha256`` is that of
    the zip, as Lambda's ``CodeSha256``, and ``checksum`` is S3's of the object, or empty if it is
    unknown.
    """

    part: LocalArtifact
    own: Archive = field(repr=False)
    fingerprint: str
    key: str
    sha256: str = ""
    checksum: str = ""

    @property
    def expected(self) -> str:
        """The key of the object, or a key that no object has until the zip is built."""
        return self.key or bucket_keys.zip_key(self.fingerprint)


class StackArtifacts:
    """Finds and builds the zips of one stack in one region."""

    def __init__(self, context: StackContext) -> None:
        self._bucket = context.bucket
        self._budgets = context.settings.budgets
        self._run_log = context.run_log
        self._region = context.region

    def find(self, part: LocalArtifact) -> Artifact:
        """A part of the working tree, with its zip if that is in the bucket."""
        own = _own(part)
        if part.requirements is None:
            name, checksum = digest(own.content), checksum_of(own.content)
            is_raw = not part.form.is_folder
            key = bucket_keys.file_key(name, part.path) if is_raw else bucket_keys.zip_key(name)
            return Artifact(part, own, name[:16], key, own.sha256, checksum)
        fingerprint = _fingerprint(part, of_layer(_layer(part)), own)
        return Artifact(part, own, fingerprint, **self._recorded(fingerprint))

    def build_all(
        self, artifacts: Iterable[Artifact], steps: Iterable[Step]
    ) -> tuple[tuple[Artifact, ...], dict[str, Mapping[str, int]]]:
        """Build the artifacts whose steps say so, several at a time.

        Returns:
            Every artifact with its key, and the installed packages of those that were built.

        Raises:
            BuildFailed: one cannot be built, or exceeds a limit.
        """
        installed: dict[str, Mapping[str, int]] = {}

        def build(pair: tuple[Artifact, Step]) -> Artifact:
            artifact, step = pair
            if step.action is not Action.BUILD:
                return artifact
            built, packages = self.build(artifact, step.reason)
            if packages:
                installed[artifact.part.logical] = packages
            return built

        return tuple(
            together(build, zip(artifacts, steps, strict=True), most=BUILDS_AT_ONCE)
        ), installed

    def check_reused(self, artifacts: Iterable[Artifact], steps: Iterable[Step]) -> None:
        """Check that reused zips are in the bucket, because CloudFormation may read them again.

        Raises:
            BuildFailed: one was deleted, and a new build gives another zip.
        """

        def check(pair: tuple[Artifact, Step]) -> None:
            artifact, step = pair
            if step.action is Action.BUILD or self._is_in_bucket(artifact):
                return
            built, _ = self.build(artifact, "it was deleted from the bucket")
            if built.key != artifact.key:
                raise BuildFailed(
                    f"{artifact.key} was deleted from the bucket, and a new build of its "
                    "requirements gives another zip",
                    remedy="Run again to deploy the new zip.",
                )

        together(check, zip(artifacts, steps, strict=True), most=BUILDS_AT_ONCE)

    def build(self, artifact: Artifact, reason: str) -> tuple[Artifact, Mapping[str, int]]:
        """Build an artifact and upload it, if it is not in the bucket.

        Returns:
            The artifact with its key, and the unzipped bytes of each installed package.

        Raises:
            BuildFailed: it cannot be built, or exceeds a limit.
        """
        part = artifact.part
        packages: Mapping[str, int] = {}
        self._run_log.cancellation.check()
        with self._run_log.work(part.id, "build", reason, self._region) as detail:
            zipped = artifact.own
            self._check(part, zipped)
            if self._is_in_bucket(artifact):
                detail("already in the bucket")
                return artifact, packages
            key = artifact.key
            if part.requirements is not None:
                installed, packages = self._installed(artifact)
                zipped = with_packages(installed, zipped, part.prefix)
                self._check(part, zipped)
                key = bucket_keys.zip_key(content_digest(zipped.content))
            self._upload(key, zipped, part)
            checksum = checksum_of(zipped.content)
            if part.requirements is not None:
                self._record(artifact.fingerprint, key, zipped.sha256, checksum)
            detail(f"{units.size(zipped.size)} zipped, {units.size(zipped.unzipped)} unzipped")
        return replace(artifact, key=key, sha256=zipped.sha256, checksum=checksum), packages

    def _is_in_bucket(self, artifact: Artifact) -> bool:
        """Whether the zip is in the bucket as it was written; notes a zip that was replaced."""
        checksum = self._bucket.checksum(artifact.key) if artifact.key else None
        if checksum and checksum == artifact.checksum:
            return True
        if checksum is not None and not is_as_named(self._bucket, artifact.key):
            self._run_log.note(exchanged(self._bucket, artifact.key))
        return False

    def _recorded(self, fingerprint: str) -> dict[str, str]:
        """The zip that was built for a fingerprint: ``key``, ``sha256``, ``checksum``, or empty."""
        record = self._bucket.get(bucket_keys.build_key(fingerprint))
        values = json.loads(record) if record else {}
        return {name: str(values.get(name, "")) for name in ("key", "sha256", "checksum")}

    def _record(self, fingerprint: str, key: str, sha256: str, checksum: str) -> None:
        record = {"key": key, "sha256": sha256, "checksum": checksum}
        self._bucket.put(bucket_keys.build_key(fingerprint), json.dumps(record).encode())

    def _installed(self, artifact: Artifact) -> tuple[bytes, Mapping[str, int]]:
        """The zipped dependencies of requirements, from the bucket or installed now.

        Raises:
            BuildFailed: the requirements have changed since their fingerprint was computed.
        """
        part, layer = artifact.part, _layer(artifact.part)
        own = local_contents(layer)
        fingerprint = of_layer(layer, own)
        whole = _fingerprint(part, fingerprint, artifact.own)
        still(_label(part), artifact.fingerprint, lambda: whole)
        key = bucket_keys.dependencies_key(fingerprint)
        checksum = self._recorded(fingerprint)["checksum"]
        if content := self._bucket.get(key) if checksum else None:
            if checksum_of(content) == checksum:
                return content, {}
            self._run_log.note(exchanged(self._bucket, key))
        report = partial(self._report, part)
        built = build_layer(layer, report, UNZIPPED_LIMIT)
        still(_label(part), fingerprint, lambda: of_layer(layer, own))
        for note in built.notes:
            self._run_log.note(note)
        dependencies = built.parts[layer.name]
        self._upload(key, dependencies.archive, part)
        content = dependencies.archive.content
        self._record(fingerprint, key, dependencies.archive.sha256, checksum_of(content))
        return content, dependencies.sizes

    def _upload(self, key: str, zipped: Archive, part: LocalArtifact) -> None:
        def report(done: int) -> None:
            self._report(part, f"{10 * done // zipped.size * 10} % uploaded to S3")

        self._bucket.upload(key, zipped.content, report)

    def _report(self, part: LocalArtifact, line: str) -> None:
        self._run_log.cancellation.check()
        self._run_log.progress(part.id, line, self._region)

    def _check(self, part: LocalArtifact, zipped: Archive) -> None:
        name = _label(part)
        budget = self._budgets.layer if part.is_layer else self._budgets.code
        check_size(name, zipped.unzipped, budget, "unzipped")
        check_size(name, zipped.unzipped, UNZIPPED_LIMIT, "unzipped")


# ------------------------------------------------------------ the content of a zip


def _label(part: LocalArtifact) -> str:
    return f"layer {part.logical}" if part.is_layer else f"the code of {part.logical}"


def _own(part: LocalArtifact) -> Archive:
    """The files of a part: a zip of its folder or its file, or a file other than code, as it is."""
    if is_directory(part.path):
        # The fingerprint of requirements ignores comments, so their file is not part of the zip;
        # but Node.js reads package.json.
        names = code_files(part.path, part.left_out)
        without = {part.requirements} - {part.path / NODE_MANIFEST}
        own = [name for name in names if part.path / name not in without]
        return code_archive(part.path, own, prefix=part.prefix)
    content = read_bytes(part.path, UNZIPPED_LIMIT)
    if part.form.is_code and not is_zip(part.path):
        return code_archive(part.path.parent, [part.path.name])
    return Archive(content, _sha256(content), _unzipped(content))


def _unzipped(content: bytes) -> int:
    """The unzipped bytes according to the index of a zip; 0 if it is not a zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            return sum(info.file_size for info in zipped.infolist())
    except UNREADABLE:
        return 0


def _layer(part: LocalArtifact) -> Layer:
    assert part.requirements is not None
    return default_layer(part.logical, part.requirements, part.runtime, part.architecture)


def _fingerprint(part: LocalArtifact, requirements: str, own: Archive) -> str:
    text = f"{requirements} {part.prefix} {digest(own.content)}"
    return digest(text.encode())[:16]


def _sha256(content: bytes) -> str:
    """The hash in the format of Lambda's ``CodeSha256``."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()

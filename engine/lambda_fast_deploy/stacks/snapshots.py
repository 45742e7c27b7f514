"""Snapshots of stacks in the bucket, which a rollback restores.

A snapshot has a template, its parameters, and the id of the previous snapshot. Its id is a hash of
the template and the parameters, so the current stack identifies its own snapshot. Another object
has the functions that have drifted from the stack (keys: ``state.bucket_keys``).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.errors import Conflict, NotReady
from lambda_fast_deploy.stacks.bucket_objects import is_as_named
from lambda_fast_deploy.stacks.template import plain
from lambda_fast_deploy.state import bucket_keys

SECRET = "****"  # noqa: S105  # CloudFormation's placeholder for a NoEcho parameter


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of a stack. ``parameters`` are without secrets; ``previous`` is the previous id.

    ``digests`` are those of its secrets, as far as they are known. ``back`` are the ids of the
    snapshots before it, until its tests have passed: the newest first, the latest that is known to
    have passed last. It is ``None`` after that. ``going``: a run is rolling the stack back to a
    snapshot before it. ``etag`` is of the object that stores it: the success of the tests and the
    start of a rollback are conditional on it, so that only one of the two happens.
    """

    template: str = field(repr=False)
    parameters: Mapping[str, str]
    capabilities: tuple[str, ...]
    tags: Mapping[str, str]
    previous: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    back: tuple[str, ...] | None = None
    going: bool = False
    etag: str = field(default="", compare=False)

    @property
    def tested_id(self) -> str:
        """The id of the latest snapshot that is known to have passed; its own if none is."""
        return (self.back or (self.id,))[-1]

    @property
    def line(self) -> tuple[str, ...]:
        """Its id and those before it, back to that of the latest that is known to have passed."""
        before = self.back or ()
        return before if self.id in before else (self.id, *before)

    @property
    def id(self) -> str:
        """A hash of the values of its template, and its parameters."""
        text = json.dumps([plain(self.template), dict(self.parameters)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def looks_like(self, other: Snapshot) -> bool:
        """Whether CloudFormation shows both alike: it replaces non-ASCII characters with ``?``.

        https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/814
        """
        return self._as_shown == other._as_shown

    @property
    def _as_shown(self) -> bytes:
        text = [plain(self.template), dict(self.parameters)]
        return json.dumps(text, sort_keys=True, ensure_ascii=False).encode("ascii", "replace")

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The keys of the objects in its template."""
        return tuple(sorted(set(bucket_keys.ARTIFACT.findall(self.template))))


@dataclass(frozen=True, slots=True)
class DriftedFunction:
    """A function whose code differs from its stack.

    ``version`` is the one that the stack has published for ``alias``, if there is an alias.
    """

    function: str
    alias: str = ""
    version: str = ""


def digest_of(secret: str, other: str = "") -> str:
    """A salted digest of a secret, to detect a change (RFC 7914, scrypt).

    Args:
        secret: the value of a ``NoEcho`` parameter.
        other: a digest to compare with, whose salt is used; the same secret gives the same digest.
    """
    salt = bytes.fromhex(other.partition("$")[0]) if other else secrets.token_bytes(16)
    digest = hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=5)
    return f"{salt.hex()}${digest.hex()}"


class Snapshots:
    """The snapshots of one stack."""

    def __init__(self, bucket: Bucket, name: str) -> None:
        self._bucket = bucket
        self._stack = name

    def get(self, snapshot_id: str) -> Snapshot | None:
        """The snapshot of an id; ``None`` if it does not exist.

        Raises:
            NotReady: the object of that id has another snapshot.
        """
        key = bucket_keys.snapshot_key(self._stack, snapshot_id)
        stored = self._bucket.read(key)
        if stored is None:
            return None
        values: dict[str, Any] = json.loads(stored[0])
        lists = {key: value for key, value in values.items() if isinstance(value, list)}
        values |= {key: tuple(value) for key, value in lists.items()}
        snapshot = Snapshot(**values, etag=stored[1])
        if snapshot.id != snapshot_id:
            raise NotReady(
                f"s3://{self._bucket.name}/{key} is not the snapshot that was stored there: its "
                f"id is {snapshot.id}",
                remedy="The object was changed: check who can write to the bucket. If you delete "
                "the object, deployments continue, but a rollback to that state is not possible.",
            )
        return snapshot

    def put(self, snapshot: Snapshot) -> Snapshot:
        """Store a snapshot, and overwrite a stored one."""
        return self.settle(replace(snapshot, etag=""))

    def settle(self, snapshot: Snapshot) -> Snapshot:
        """Store the changes of a snapshot; returns it as it is stored.

        Raises:
            Conflict: another run has changed it since it was read or stored.
        """
        values = asdict(snapshot)
        del values["etag"]
        key, content = (
            bucket_keys.snapshot_key(self._stack, snapshot.id),
            json.dumps(values, indent=1).encode(),
        )
        try:
            return replace(snapshot, etag=self._bucket.put(key, content, snapshot.etag))
        except Conflict:
            stored = self._bucket.read(key)
            if stored is None or stored[0] != content:
                raise
            return replace(snapshot, etag=stored[1])  # only the response was lost

    def passed(self, ids: Iterable[str]) -> Snapshot | None:
        """The first snapshot of these ids whose tests have passed."""
        stored = filter(None, map(self.get, ids))
        return next((each for each in stored if each.back is None), None)

    def give_up(self, snapshot_id: str) -> Snapshot | None:
        """Record that the stack is rolled back to before a snapshot, unless its tests have passed.

        Returns:
            The snapshot if they have.
        """
        while stored := self.get(snapshot_id):
            if stored.back is None:
                return stored
            with contextlib.suppress(Conflict):  # its run has recorded something since
                self.settle(replace(stored, going=True))
                break
        return None

    def drift(self) -> dict[str, DriftedFunction]:
        """The functions that have drifted from the stack, by their logical ids."""
        record = self._bucket.get(bucket_keys.drift_key(self._stack))
        values: dict[str, Any] = json.loads(record) if record else {}
        return {logical: DriftedFunction(**each) for logical, each in values.items()}

    def put_drift(self, drift: Mapping[str, DriftedFunction]) -> None:
        """Store the functions that have drifted from the stack."""
        text = json.dumps({logical: asdict(each) for logical, each in drift.items()}, indent=1)
        self._bucket.put(bucket_keys.drift_key(self._stack), text.encode())

    def lost(self, snapshot: Snapshot) -> list[str]:
        """The objects of a snapshot that were deleted from the bucket or changed."""
        are_intact = together(lambda key: is_as_named(self._bucket, key), snapshot.artifacts)
        return [
            key
            for key, is_intact in zip(snapshot.artifacts, are_intact, strict=True)
            if not is_intact
        ]

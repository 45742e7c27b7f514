"""What a stack was, kept in the bucket: the way back, without a server.

A record holds a template, its parameters, and the id of what the stack was before. The id comes of
the template and the parameters, so that the stack itself tells which record is its own. Another
object tells of functions that were updated past the stack (keys: ``state.bucket_keys``).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.errors import Conflict, NotReady
from lambda_fast_deploy.stacks.bucket_objects import is_as_named
from lambda_fast_deploy.stacks.template import plain
from lambda_fast_deploy.state import bucket_keys

SECRET = "****"  # noqa: S105  # what CloudFormation shows of a NoEcho parameter


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of a stack. ``parameters`` are without secrets; ``previous`` is the id before.

    ``digests`` are those of the secrets that it was given, as far as they are known. ``back`` is
    the id of the state to go back to as long as its tests have not passed, empty if there is none,
    and ``None`` once they have. ``going``: the run that has tested it is leading the stack back.
    ``etag`` is that of the object that keeps it: a test that passes, and an undo that begins, are
    written on the condition that it has not changed, so that only one of the two happens.
    """

    template: str = field(repr=False)
    parameters: Mapping[str, str]
    capabilities: tuple[str, ...]
    tags: Mapping[str, str]
    previous: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    back: str | None = None
    going: bool = False
    etag: str = field(default="", compare=False)

    @property
    def proved(self) -> str:
        """The id of the latest state that passed its tests; its own if nothing better is known."""
        return self.back or self.id

    @property
    def id(self) -> str:
        """What the state is known by: its template, however it is written, and parameters."""
        text = json.dumps([plain(self.template), dict(self.parameters)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def looks_like(self, other: Snapshot) -> bool:
        """Whether CloudFormation tells the same of both: it has question marks for all but ASCII.

        https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/814
        """
        return self._told == other._told

    @property
    def _told(self) -> bytes:
        text = [plain(self.template), dict(self.parameters)]
        return json.dumps(text, sort_keys=True, ensure_ascii=False).encode("ascii", "replace")

    @property
    def artifacts(self) -> tuple[str, ...]:
        """Keys of the objects that its template names."""
        return tuple(sorted(set(bucket_keys.ARTIFACT.findall(self.template))))


@dataclass(frozen=True, slots=True)
class DriftedFunction:
    """A function whose code is not what its stack says.

    ``version`` is where the stack has let ``alias`` lead, if users call one.
    """

    function: str
    alias: str = ""
    version: str = ""


def digest_of(secret: str, other: str = "") -> str:
    """What tells whether a secret is still the same, and not what it is (RFC 7914, scrypt).

    Args:
        secret: the value of a ``NoEcho`` parameter.
        other: a digest to compare with; that of the same secret comes out the same.
    """
    salt = bytes.fromhex(other.partition("$")[0]) if other else secrets.token_bytes(16)
    digest = hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=5)
    return f"{salt.hex()}${digest.hex()}"


class Snapshots:
    """The kept states of one stack."""

    def __init__(self, bucket: Bucket, name: str) -> None:
        self._bucket = bucket
        self._stack = name

    def get(self, kept_id: str) -> Snapshot | None:
        """A state; ``None`` if it was not kept.

        Raises:
            NotReady: what is kept under that id is another state.
        """
        key = bucket_keys.snapshot_key(self._stack, kept_id)
        found = self._bucket.read(key)
        if found is None:
            return None
        values: dict[str, Any] = json.loads(found[0])
        values |= {"capabilities": tuple(values["capabilities"]), "etag": found[1]}
        kept = Snapshot(**values)
        if kept.id != kept_id:
            raise NotReady(
                f"s3://{self._bucket.name}/{key} is not the state of the stack that was kept "
                f"there: it makes {kept.id}",
                remedy="Somebody has changed it: see who may write to the bucket. Without the "
                "object, deployments go on, and the way back to that state is lost.",
            )
        return kept

    def put(self, kept: Snapshot) -> Snapshot:
        """Keep a state, whatever is kept of it."""
        return self.settle(replace(kept, etag=""))

    def settle(self, kept: Snapshot) -> Snapshot:
        """Keep what has become of a state; as it is kept then.

        Raises:
            Conflict: another run has decided about it since it was read or kept.
        """
        values = asdict(kept)
        del values["etag"]
        key, content = (
            bucket_keys.snapshot_key(self._stack, kept.id),
            json.dumps(values, indent=1).encode(),
        )
        try:
            return replace(kept, etag=self._bucket.put(key, content, kept.etag))
        except Conflict:
            found = self._bucket.read(key)
            if found is None or found[0] != content:
                raise
            return replace(kept, etag=found[1])  # only the answer had been lost

    def drift(self) -> dict[str, DriftedFunction]:
        """The functions that were updated past the stack, by their logical ids."""
        found = self._bucket.get(bucket_keys.drift_key(self._stack))
        values: dict[str, Any] = json.loads(found) if found else {}
        return {logical: DriftedFunction(**each) for logical, each in values.items()}

    def put_drift(self, drift: Mapping[str, DriftedFunction]) -> None:
        """Keep which functions were updated past the stack."""
        text = json.dumps({logical: asdict(each) for logical, each in drift.items()}, indent=1)
        self._bucket.put(bucket_keys.drift_key(self._stack), text.encode())

    def lost(self, kept: Snapshot) -> list[str]:
        """The objects of a state that are not in the bucket any more, or hold something else."""
        there = together(lambda key: is_as_named(self._bucket, key), kept.artifacts)
        return [key for key, found in zip(kept.artifacts, there, strict=True) if not found]

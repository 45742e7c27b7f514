"""The keys of objects in the bucket for zips and stacks, named by content."""

from __future__ import annotations

import hashlib
import re

from lambda_fast_deploy.state import Mark

PREFIX = "lambda-fast-deploy/"
ARTIFACT = re.compile(rf"{re.escape(PREFIX)}[0-9a-f]+\.(?:zip|template)")  # that templates name

MARKS = (
    Mark(
        "zips over 50 MB, and what stacks are made of",
        "keys in your bucket, named by content",
        "this content is there; held against S3's checksum or the bytes before it is used",
    ),
    Mark(
        "what the requirements of a stack led to",
        "`made/<fingerprint>.json` and `dependencies/<fingerprint>.zip` in your bucket",
        "which zip, and the checksum of its bytes",
    ),
    Mark(
        "states of a stack",
        "`stacks/<name>/<id>.json` in your bucket",
        "template, parameters and the state before: the way back",
    ),
    Mark(
        "functions that code-only has updated",
        "`stacks/<name>/drift.json` in your bucket",
        "their code is not what the stack says",
    ),
)


def zip_key(digest: str) -> str:
    """The key of a zip, by a hash of its bytes or of what it holds (hexadecimal)."""
    return f"{PREFIX}{digest}.zip"


def template_key(text: str) -> str:
    """The key of a template."""
    return f"{PREFIX}{hashlib.sha256(text.encode()).hexdigest()}.template"


def dependencies_key(fingerprint: str) -> str:
    """The key of what requirements led to, zipped."""
    return f"{PREFIX}dependencies/{fingerprint}.zip"


def build_key(fingerprint: str) -> str:
    """The key of the record of which zip was built for a fingerprint."""
    return f"{PREFIX}made/{fingerprint}.json"


def snapshot_key(stack: str, snapshot: str) -> str:
    """The key of a state of a stack, by its id."""
    return f"{PREFIX}stacks/{stack}/{snapshot}.json"


def drift_key(stack: str) -> str:
    """The key of the record of functions that were updated past their stack."""
    return f"{PREFIX}stacks/{stack}/drift.json"

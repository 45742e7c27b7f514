"""The content-addressed keys of objects in the bucket for zips and stacks."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from lambda_fast_deploy.state import Mark

PREFIX = "lambda-fast-deploy/"
ARTIFACT = re.compile(rf"{re.escape(PREFIX)}(?:[0-9a-f]+\.\w+|[0-9a-f]{{64}}\b)")  # in templates


def zip_key(digest: str) -> str:
    """The key of a zip, by a hash of its bytes or of its content (hexadecimal)."""
    return f"{PREFIX}{digest}.zip"


def file_key(digest: str, path: Path) -> str:
    """The key of any other file; AWS's services recognize some files by their suffixes."""
    suffix = path.suffix if re.fullmatch(r"\.[A-Za-z0-9]+", path.suffix) else ""
    return f"{PREFIX}{digest}{suffix}"


def template_key(text: str) -> str:
    """The key of a template."""
    return f"{PREFIX}{hashlib.sha256(text.encode()).hexdigest()}.template"


def dependencies_key(fingerprint: str) -> str:
    """The key of the zipped dependencies that requirements resolved to."""
    return f"{PREFIX}dependencies/{fingerprint}.zip"


def build_key(fingerprint: str) -> str:
    """The key of the record that maps a fingerprint to its zip."""
    return f"{PREFIX}made/{fingerprint}.json"


def snapshot_key(stack: str, snapshot: str) -> str:
    """The key of a snapshot of a stack, by its id."""
    return f"{PREFIX}stacks/{stack}/{snapshot}.json"


def drift_key(stack: str) -> str:
    """The key of the record of functions that have drifted from their stack."""
    return f"{PREFIX}stacks/{stack}/drift.json"


_ID = "<fingerprint>"

MARKS = (
    Mark(
        "zips over 50 MB, and artifacts of stacks",
        f"`{zip_key(_ID)}` and `{PREFIX}<fingerprint>.template` in your bucket",
        "this content exists; its checksum or bytes are compared before use",
    ),
    Mark(
        "dependencies that the requirements of a stack resolved to",
        f"`{build_key(_ID)}` and `{dependencies_key(_ID)}` in your bucket",
        "the zip, and the checksum of its bytes",
    ),
    Mark(
        "snapshots of a stack",
        f"`{snapshot_key('<name>', '<id>')}` in your bucket",
        "template, parameters and the previous snapshot, for a rollback",
    ),
    Mark(
        "functions that code-only has updated",
        f"`{drift_key('<name>')}` in your bucket",
        "their code differs from the stack",
    ),
)

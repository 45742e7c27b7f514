"""Sizes in bytes: Lambda's limits, and how a size is told."""

from __future__ import annotations

GB = 10**9
MB = 10**6
MAX_LAYERS = 5  # Lambda quotas: function layers
DIRECT_LIMIT = 50 * MB  # Lambda quotas: deployment package, zipped, uploaded directly
UNZIPPED_LIMIT = 262_144_000  # Lambda quotas: deployment package, unzipped, with layers

# What to do where Lambda stores no more code of an account (Lambda quotas, "Storage").
FULL_STORAGE = (
    "Delete versions (keep: N) and layer versions that nobody uses (lambda-fast-deploy layers "
    "prune), or ask for a higher quota of code storage."
)


def shown(size: int) -> str:
    """A size for people."""
    if size >= GB:
        return f"{size / GB:.1f} GB"
    return f"{size / MB:.1f} MB" if size >= MB else f"{size / 1000:.1f} kB"

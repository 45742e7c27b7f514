"""Lambda's limits of sizes, in bytes."""

from __future__ import annotations

from lambda_fast_deploy import units

MAX_LAYERS = 5  # Lambda quotas: function layers
DIRECT_LIMIT = 50 * units.MB  # Lambda quotas: deployment package, zipped, uploaded directly
UNZIPPED_LIMIT = 262_144_000  # Lambda quotas: deployment package, unzipped, with layers

# What to do where Lambda stores no more code of an account (Lambda quotas, "Storage").
FULL_STORAGE = (
    "Delete versions (keep: N) and layer versions that nobody uses (lambda-fast-deploy layers "
    "prune), or ask for a higher quota of code storage."
)

"""Lambda's quotas; sizes are bytes."""

from __future__ import annotations

from lambda_fast_deploy import units

MAX_LAYERS = 5  # Lambda quotas: function layers
DIRECT_LIMIT = 50 * units.MB  # Lambda quotas: deployment package, zipped, uploaded directly
UNZIPPED_LIMIT = 262_144_000  # Lambda quotas: deployment package, unzipped, with layers

# Lambda quotas: the usual limits by their keys, in MB and seconds; the API's own bounds are wider.
QUOTAS = {"memory": 10_240, "timeout": 900, "storage": 10_240}

# The remedy if an account's code storage is full (Lambda quotas, "Storage").
FULL_STORAGE = (
    "Delete old versions (keep: N) and unused layer versions (lambda-fast-deploy layers prune), or "
    "request a higher quota for code storage."
)

"""The resource tags of repositories in ECR."""

from __future__ import annotations

from lambda_fast_deploy.state import Mark

COMPRESSION = (
    "lambda-fast-deploy:compression"  # of the layers in this repository that Lambda accepts: gzip
)
CREATION = {"made-by": "lambda-fast-deploy"}

MARKS = (
    Mark(
        "how an image's layers may be compressed",
        f"resource tag `{COMPRESSION}` of the repository",
        "Lambda refused zstd for this repository",
    ),
    Mark(
        "repository that a run has created",
        "resource tag `made-by` of the repository",
        "for people; nothing reads it",
    ),
)

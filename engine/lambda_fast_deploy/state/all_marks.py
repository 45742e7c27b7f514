"""All that deployments leave in AWS, as the documentation lists it."""

from __future__ import annotations

from lambda_fast_deploy.state import (
    Mark,
    bucket_keys,
    descriptions,
    image_tags,
    layer_descriptions,
    marks,
    repository_tags,
)

# What AWS itself says of a function, without a mark of ours
_OF_AWS = (
    Mark(
        "code",
        "`CodeSha256` of the function",
        "this zip, which is the same wherever it is made",
    ),
    Mark("configuration", "the function itself", "compared key by key with what you give"),
)

MARKS = (
    *image_tags.MARKS,
    *repository_tags.MARKS,
    *layer_descriptions.MARKS,
    *_OF_AWS,
    *descriptions.MARKS,
    *marks.MARKS,
    *bucket_keys.MARKS,
)

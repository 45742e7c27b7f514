"""All marks of deployments in AWS, in the order of the documentation."""

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

# Values that AWS itself has of a function
_OF_AWS = (
    Mark(
        "code",
        "`CodeSha256` of the function",
        "this zip, which is the same on every machine",
    ),
    Mark("configuration", "the function itself", "compared key by key with the desired one"),
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

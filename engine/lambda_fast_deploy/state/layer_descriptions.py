"""The descriptions of layer versions: what each was made of, and what it holds."""

from __future__ import annotations

import re

from lambda_fast_deploy.models import LayerVersion
from lambda_fast_deploy.state import Mark

_FORMAT = re.compile(
    r"lambda-fast-deploy (?P<fingerprint>[0-9a-f]+) (?P<content>[0-9a-f]+) "
    r"of (?P<contents>[0-9a-f.]+), (?P<size>\d+) bytes"
)

MARKS = (
    Mark(
        "layer",
        "description of the layer version",
        "fingerprint of its requirements and of your own folders among them, content, size",
    ),
)


def text(version: LayerVersion) -> str:
    """The description of a version; its ARN, which Lambda gives, is not in it."""
    return (
        f"lambda-fast-deploy {version.fingerprint} {version.content} "
        f"of {'.'.join(version.contents)}, {version.size} bytes"
    )


def parse(arn: str, description: str) -> LayerVersion | None:
    """The version that a description tells of; ``None`` if somebody else has written it."""
    match = _FORMAT.fullmatch(description)
    if match is None:
        return None
    return LayerVersion(
        arn=arn,
        size=int(match["size"]),
        fingerprint=match["fingerprint"],
        content=match["content"],
        contents=tuple(match["contents"].split(".")),
    )

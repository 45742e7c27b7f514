"""The descriptions of layer versions: their inputs and their content."""

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
        "fingerprint of its requirements (with local folders), content, size",
    ),
)


def text(version: LayerVersion) -> str:
    """The description of a version, without its ARN, which Lambda assigns."""
    return (
        f"lambda-fast-deploy {version.fingerprint} {version.content} "
        f"of {'.'.join(version.contents)}, {version.size} bytes"
    )


def parse(arn: str, description: str) -> LayerVersion | None:
    """The version of a description; ``None`` if it has another format."""
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

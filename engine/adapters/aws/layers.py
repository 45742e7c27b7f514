"""Layer versions, known by the fingerprint in their description (API: Lambda)."""

from __future__ import annotations

import re
from typing import Any

from engine.adapters.aws.session import Aws
from engine.errors import NotFound
from engine.model import LayerVersion

_MARK = "lambda-fast-deploy"


class Layers:
    """The layer versions of one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def find(self, name: str, fingerprint: str) -> LayerVersion | None:
        """The newest version with that fingerprint; ``None`` if there is none."""
        wanted = re.compile(rf"{_MARK} {re.escape(fingerprint)}(?: (\d+) bytes)?$")
        marker: dict[str, Any] = {}
        while True:
            try:
                page = self._aws.call(
                    self._region, "lambda", "list_layer_versions", LayerName=name, **marker
                )
            except NotFound:
                return None
            for version in page.get("LayerVersions", []):
                if match := wanted.match(version.get("Description", "")):
                    return LayerVersion(version["LayerVersionArn"], int(match.group(1) or 0))
            if not page.get("NextMarker"):
                return None
            marker = {"Marker": page["NextMarker"]}

    def publish(
        self,
        name: str,
        fingerprint: str,
        content: bytes,
        unzipped: int,
        runtime: str,
        architecture: str,
    ) -> LayerVersion:
        """Publish a zip as the next version. ``unzipped`` is its size on Lambda's disk."""
        made = self._aws.call(
            self._region,
            "lambda",
            "publish_layer_version",
            LayerName=name,
            Description=f"{_MARK} {fingerprint} {unzipped} bytes",
            Content={"ZipFile": content},
            CompatibleRuntimes=[runtime],
            CompatibleArchitectures=[architecture],
        )
        return LayerVersion(made["LayerVersionArn"], unzipped)

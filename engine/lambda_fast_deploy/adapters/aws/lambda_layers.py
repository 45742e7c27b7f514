"""Layer versions, known by what their descriptions say (API: Lambda)."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.http import request
from lambda_fast_deploy.errors import (
    ContentMismatch,
    FunctionTestFailed,
    NotFound,
    Unavailable,
    Unreachable,
)
from lambda_fast_deploy.models import LayerVersion
from lambda_fast_deploy.models.quotas import UNZIPPED_LIMIT
from lambda_fast_deploy.state import layer_descriptions

_PYTHON = re.compile(r"python/([^/]+)-([^-/]+)\.dist-info/METADATA")
_NODE = re.compile(r"nodejs/node_modules/((?:@[^/]+/)?[^/@]+)/package\.json")
_TOP = re.compile(r"(?:python|nodejs/node_modules)/((?:@[^/]+/)?[^/.]+)")
_NOT_FETCHED = (FunctionTestFailed, Unreachable, NotFound, KeyError, zipfile.BadZipFile)


class LayersApi:
    """The layer versions of one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def versions(self, name: str) -> tuple[LayerVersion, ...]:
        """The versions of a layer that were made here, the newest first; none if it is absent."""
        pages = self._aws.pages(self._region, "lambda", "list_layer_versions", LayerName=name)
        try:
            listed = [version for page in pages for version in page.get("LayerVersions", [])]
        except NotFound:
            return ()
        versions = (
            layer_descriptions.parse(each["LayerVersionArn"], each.get("Description", ""))
            for each in listed
        )
        return tuple(filter(None, versions))

    def is_ours(self, arn: str) -> bool:
        """Whether a version was made here; one that was deleted does not tell.

        Raises:
            NotPermitted: it may not be read, and so not be attached either.
        """
        try:
            return bool(layer_descriptions.parse(arn, str(self._read(arn).get("Description", ""))))
        except NotFound:
            return False

    def delete(self, name: str, number: str) -> None:
        """Delete a version; an absent one is no error."""
        self._aws.call(
            self._region,
            "lambda",
            "delete_layer_version",
            LayerName=name,
            VersionNumber=int(number),
        )

    def publish(
        self,
        name: str,
        version: LayerVersion,
        content: Mapping[str, Any],
        sha256: str,
        runtime: str,
        architecture: str,
    ) -> LayerVersion:
        """Publish a zip as the next version of a layer, once.

        Each call would make a version, the same content or not. So where an answer is lost, what
        is there is looked at before it is tried again.

        Args:
            name: the layer's.
            version: what the version will say of itself; its ARN does not count.
            content: the zip, or where it is in S3.
            sha256: the zip's, as Lambda's ``CodeSha256``.
            runtime: the runtime that it is for.
            architecture: the instruction set that it is for.

        Raises:
            Exchanged: Lambda has taken another zip; the version is deleted again.
        """
        parameters: dict[str, Any] = {
            "LayerName": name,
            "Description": layer_descriptions.text(version),
            "Content": content,
            "CompatibleRuntimes": [runtime],
            "CompatibleArchitectures": [architecture],
        }

        def publish() -> LayerVersion:
            try:
                answer = self._aws.call(
                    self._region, "lambda", "publish_layer_version", once=True, **parameters
                )
            except (Unreachable, Unavailable):
                for existing in self.versions(name):
                    if replace(version, arn=existing.arn) == existing:
                        answer = self._read(existing.arn)  # of this run: its answer was lost
                        break
                else:
                    raise
            published = replace(version, arn=answer["LayerVersionArn"])
            if (lambda_sha256 := str(answer["Content"]["CodeSha256"])) != sha256:
                self.delete(name, str(answer["Version"]))
                raise ContentMismatch(f"layer {name}", sha256, lambda_sha256)
            return published

        return retry.again(publish, (Unreachable, Unavailable))

    def packages(self, arn: str) -> dict[str, str]:
        """The packages that a version holds, with their versions; none if it cannot be fetched.

        Names are as an index has them (PEP 503), and those of Node.js as they are.
        """
        packages: dict[str, str] = {}
        with suppress(*_NOT_FETCHED), self._fetched(arn) as zipped:
            for name in zipped.namelist():
                if match := _PYTHON.fullmatch(name):
                    packages[re.sub(r"[-_.]+", "-", match.group(1)).lower()] = match.group(2)
                elif match := _NODE.fullmatch(name):
                    with suppress(ValueError, RecursionError, AttributeError):
                        packages[match.group(1)] = str(json.loads(zipped.read(name)).get("version"))
        return packages

    def modules(self, arn: str) -> frozenset[str]:
        """The top modules that a version holds; none if it cannot be fetched."""
        with suppress(*_NOT_FETCHED), self._fetched(arn) as zipped:
            matches = (_TOP.match(name) for name in zipped.namelist())
            return frozenset(match.group(1) for match in matches if match)
        return frozenset()

    def _fetched(self, arn: str) -> zipfile.ZipFile:
        answer = request("GET", self._read(arn)["Content"]["Location"], most=UNZIPPED_LIMIT)
        return zipfile.ZipFile(io.BytesIO(answer.body))

    def _read(self, arn: str) -> Any:
        return self._aws.call(self._region, "lambda", "get_layer_version_by_arn", Arn=arn)

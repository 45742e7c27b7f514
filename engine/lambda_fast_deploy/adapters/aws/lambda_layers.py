"""Layer versions, identified by their descriptions (API: Lambda)."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.http import request
from lambda_fast_deploy.adapters.zips import UNREADABLE
from lambda_fast_deploy.errors import (
    Conflict,
    ContentMismatch,
    FunctionTestFailed,
    NotFound,
    NotPermitted,
    Unavailable,
    Unreachable,
)
from lambda_fast_deploy.models import LayerVersion
from lambda_fast_deploy.models.quotas import UNZIPPED_LIMIT
from lambda_fast_deploy.state import layer_descriptions

_PYTHON = re.compile(r"python/([^/]+)-([^-/]+)\.dist-info/METADATA")
_NODE = re.compile(r"nodejs/node_modules/((?:@[^/]+/)?[^/@]+)/package\.json")
# The top module of a file in a layer, in its group.
MODULE = re.compile(r"(?:python|nodejs/node_modules)/((?:@[^/]+/)?[^/.]+)")
_STATEMENT = "lambda-fast-deploy-"  # ids of statements in the policies of versions
_LIST_OF_FILES = 1_000_000  # bytes, for some ten thousand files
_NOT_FETCHED = (
    *(FunctionTestFailed, Unreachable, NotFound, NotPermitted),
    *(KeyError, *UNREADABLE),
)


class LayersApi:
    """The layer versions of one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def versions(self, name: str) -> tuple[LayerVersion, ...]:
        """This project's versions of a layer, the newest first; empty if the layer is absent."""
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

    def newest(self, layer: str) -> str | None:
        """The ARN of the newest version of a layer; ``None`` if it has none.

        Args:
            layer: the layer's name or ARN.
        """
        for page in self._aws.pages(self._region, "lambda", "list_layer_versions", LayerName=layer):
            for version in page.get("LayerVersions", []):
                return str(version["LayerVersionArn"])
        return None

    def unzipped_size(self, arn: str) -> int:
        """Bytes of a version's files; 0 if it cannot be fetched.

        Its end is fetched, where a zip has the list of its files; all of it if that is longer.
        """
        for headers in ({"Range": f"bytes=-{_LIST_OF_FILES}"}, {}):
            with suppress(*_NOT_FETCHED):
                location = self.read(arn)["Content"]["Location"]
                answer = request("GET", location, headers=headers, most=UNZIPPED_LIMIT)
                with zipfile.ZipFile(io.BytesIO(answer.body)) as zipped:
                    return sum(entry.file_size for entry in zipped.infolist())
        return 0

    def is_ours(self, arn: str) -> bool:
        """Whether a version is this project's; ``False`` for a deleted version.

        Raises:
            NotPermitted: it may not be read, and so not be attached either.
        """
        try:
            return bool(layer_descriptions.parse(arn, str(self.read(arn).get("Description", ""))))
        except NotFound:
            return False

    def shared_with(self, name: str, number: str) -> tuple[str, ...]:
        """The accounts and organisations with whom this project has shared a version, sorted.

        Statements that were added outside this project do not count.
        """
        version: dict[str, Any] = {"LayerName": name, "VersionNumber": int(number)}
        try:
            answer = self._aws.call(self._region, "lambda", "get_layer_version_policy", **version)
        except NotFound:  # it has no policy
            return ()
        ids = [str(each.get("Sid")) for each in answer.parsed("Policy").get("Statement", [])]
        return tuple(
            sorted(each.removeprefix(_STATEMENT) for each in ids if each.startswith(_STATEMENT))
        )

    def share(self, name: str, number: str, added: Iterable[str], removed: Iterable[str]) -> None:
        """Let accounts, organisations or everyone use a version, and others no more."""
        version: dict[str, Any] = {"LayerName": name, "VersionNumber": int(number)}
        for who in removed:
            with suppress(NotFound):
                self._aws.call(
                    self._region,
                    "lambda",
                    "remove_layer_version_permission",
                    StatementId=f"{_STATEMENT}{who}",
                    **version,
                )
        for who in added:
            of: dict[str, Any] = {"OrganizationId": who} if who.startswith("o-") else {}
            with suppress(Conflict):  # another run has added it
                self._aws.call(
                    self._region,
                    "lambda",
                    "add_layer_version_permission",
                    StatementId=f"{_STATEMENT}{who}",
                    Action="lambda:GetLayerVersion",
                    Principal=who if who.isdigit() else "*",
                    **of,
                    **version,
                )

    def delete(self, name: str, number: str) -> None:
        """Delete a version, if it exists."""
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
        runtime: str | None,
        architecture: str | None,
    ) -> LayerVersion:
        """Publish a zip as the next version of a layer, once.

        Each call would create a version, even of the same content. So after a lost answer, the
        existing versions are read before a retry.

        Args:
            name: the layer's name.
            version: the values for its description; its ARN is ignored.
            content: the zip, or its location in S3.
            sha256: the zip's, as Lambda's ``CodeSha256``.
            runtime: the compatible runtime; ``None`` for all.
            architecture: the compatible instruction set; ``None`` for all.

        Raises:
            ContentMismatch: Lambda has another zip; the version is deleted again.
        """
        parameters: dict[str, Any] = {
            "LayerName": name,
            "Description": layer_descriptions.text(version),
            "Content": content,
            **({"CompatibleRuntimes": [runtime]} if runtime else {}),
            **({"CompatibleArchitectures": [architecture]} if architecture else {}),
        }

        def publish() -> LayerVersion:
            try:
                answer = self._aws.call(
                    self._region, "lambda", "publish_layer_version", once=True, **parameters
                )
            except (Unreachable, Unavailable):
                for existing in self.versions(name):
                    if replace(version, arn=existing.arn) == existing:
                        answer = self.read(existing.arn)  # from this run: its answer was lost
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
        """The packages of a version, with their versions; empty if it cannot be fetched.

        Python names are normalized (PEP 503); those of Node.js are unchanged.
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
        """The top modules of a version; empty if it cannot be fetched."""
        with suppress(*_NOT_FETCHED), self._fetched(arn) as zipped:
            matches = (MODULE.match(name) for name in zipped.namelist())
            return frozenset(match.group(1) for match in matches if match)
        return frozenset()

    def _fetched(self, arn: str) -> zipfile.ZipFile:
        answer = request("GET", self.read(arn)["Content"]["Location"], most=UNZIPPED_LIMIT)
        return zipfile.ZipFile(io.BytesIO(answer.body))

    def read(self, arn: str) -> Any:
        """A version (API: ``GetLayerVersionByArn``)."""
        return self._aws.call(self._region, "lambda", "get_layer_version_by_arn", Arn=arn)

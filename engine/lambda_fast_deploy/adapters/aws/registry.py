"""Repositories and images (API: ECR)."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.http import request
from lambda_fast_deploy.errors import DeployError, NotFound, Refused
from lambda_fast_deploy.state.repository_tags import CREATION

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


_GIVEN = ("ImageAlreadyExistsException", "ImageTagAlreadyExistsException")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of images. Tags that fit ``excluded`` are not, or only they are, immutable."""

    uri: str
    arn: str
    immutable: bool = False
    excluded: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name, without the registry's host."""
        return self.uri.partition("/")[2]

    def lets_move(self, tag: str) -> bool:
        """Whether a tag may go from one image to another (API: ``PutImageTagMutability``)."""
        is_excluded = any(fnmatch.fnmatchcase(tag, pattern) for pattern in self.excluded)
        return is_excluded == self.immutable


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of an image, or an index: as it was pushed, and read as JSON.

    It need not say its media type itself.
    """

    text: str
    media_type: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials of a registry, valid for 12 hours."""

    host: str
    user: str
    password: str = field(repr=False)


class Registry:
    """The ECR registry of one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    @property
    def region(self) -> str:
        """The region's name."""
        return self._region

    def _image(self, repository: str, tag: str) -> Any:
        """The image behind a tag; ``None`` if absent, or archived, which nobody can pull."""
        try:
            found = self._aws.call(
                self._region,
                "ecr",
                "describe_images",
                repositoryName=repository,
                imageIds=[{"imageTag": tag}],
            )
        except NotFound:
            return None
        image = found.first("imageDetails")
        return image if image.get("imageStatus", "ACTIVE") == "ACTIVE" else None

    def tags(self, repository: str, tag: str) -> tuple[str, ...]:
        """Every tag of the image behind a tag; none when it is absent."""
        found = self._image(repository, tag)
        return tuple(found.get("imageTags", ())) if found else ()

    def digest(self, repository: str, tag: str) -> str | None:
        """The digest behind a tag; ``None`` when the tag or the repository is absent."""
        found = self._image(repository, tag)
        return str(found["imageDigest"]) if found else None

    def manifest(self, repository: str, digest: str) -> Manifest:
        """The manifest, or index, behind a digest (API: ``BatchGetImage``).

        Raises:
            NotFound: there is no such image.
            Refused: ECR does not hand it out.
        """
        found = self._aws.call(
            self._region,
            "ecr",
            "batch_get_image",
            repositoryName=repository,
            imageIds=[{"imageDigest": digest}],
            acceptedMediaTypes=list(MANIFESTS),
        )
        for reason in _failures(found).values():
            raise Refused(f"ECR does not hand out {repository}@{digest}: {reason}")
        if not found["images"]:
            raise NotFound(f"{repository}@{digest} is not in ECR", code="ImageNotFoundException")
        image = found.first("images")
        return Manifest(
            text=image["imageManifest"],
            media_type=image["imageManifestMediaType"],
            content=image.parsed("imageManifest"),
        )

    def tag(self, repository: str, manifest: Manifest, tag: str) -> None:
        """Give an image one more tag.

        What another run has given the same tag meanwhile, where tags cannot move, keeps it: tags
        here say what an image is made of, so that it is as good.
        """
        try:
            self._aws.call(
                self._region,
                "ecr",
                "put_image",
                repositoryName=repository,
                imageManifest=manifest.text,
                imageManifestMediaType=manifest.media_type,
                imageTag=tag,
            )
        except Refused as refusal:
            if refusal.code not in _GIVEN:
                raise

    def untag(self, repository: str, tag: str) -> None:
        """Take a tag off its image, which goes with its last one; nothing if there is none.

        Raises:
            Refused: it stays.
        """
        for reason in self._delete(repository, [{"imageTag": tag}]).values():
            raise Refused(f"ECR does not take tag {tag} off in repository {repository}: {reason}")

    def delete(self, repository: str, digests: Iterable[str]) -> dict[str, str]:
        """Delete images with all their tags; absent ones are no error.

        Returns:
            Why each one stays that does, by its digest.
        """
        listed = [{"imageDigest": digest} for digest in digests]
        stay: dict[str, str] = {}
        for start in range(0, len(listed), 100):  # API: BatchDeleteImage takes 100
            stay |= self._delete(repository, listed[start : start + 100])
        return stay

    def _delete(self, repository: str, ids: list[dict[str, str]]) -> dict[str, str]:
        found = self._aws.call(
            self._region, "ecr", "batch_delete_image", repositoryName=repository, imageIds=ids
        )
        return _failures(found)

    def policy(self, repository: str) -> str:
        """The lifecycle policy of a repository (JSON), or nothing."""
        try:
            found = self._aws.call(
                self._region, "ecr", "get_lifecycle_policy", repositoryName=repository
            )
        except NotFound:
            return ""
        found.parsed("lifecyclePolicyText")  # whoever reads it can rely on that
        return str(found["lifecyclePolicyText"])

    def configuration(self, repository: str, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
        """An image's configuration, or ``None`` when ECR does not hand it out."""
        digest = manifest.get("config", {}).get("digest", "")
        try:
            found = self._aws.call(
                self._region,
                "ecr",
                "get_download_url_for_layer",
                repositoryName=repository,
                layerDigest=digest,
            )
            answer = request("GET", found["downloadUrl"])
            configuration = json.loads(answer.body) if answer.status == 200 else None
        except (DeployError, ValueError):
            return None
        return configuration if isinstance(configuration, dict) else None

    def find(self, name: str) -> Repository | None:
        """A repository; ``None`` if absent."""
        try:
            found = self._aws.call(
                self._region, "ecr", "describe_repositories", repositoryNames=[name]
            )
        except NotFound:
            return None
        return _repository(found.first("repositories"))

    def repository(self, name: str, policy: str) -> Repository:
        """A repository, created when absent: with scan on push, a tag and a lifecycle policy."""
        if found := self.find(name):
            return found
        try:
            made = self._aws.call(
                self._region,
                "ecr",
                "create_repository",
                repositoryName=name,
                imageScanningConfiguration={"scanOnPush": True},
                tags=[{"Key": key, "Value": value} for key, value in CREATION.items()],
            )
        except Refused as refusal:
            if refusal.code != "RepositoryAlreadyExistsException":
                raise
            return self.repository(name, policy)  # another run was first
        self._aws.call(
            self._region,
            "ecr",
            "put_lifecycle_policy",
            repositoryName=name,
            lifecyclePolicyText=policy,
        )
        return _repository(made["repository"])

    def note(self, repository: Repository, key: str) -> str:
        """What was remembered about a repository under a key (a resource tag), or nothing."""
        found = self._aws.call(
            self._region, "ecr", "list_tags_for_resource", resourceArn=repository.arn
        )
        return next((str(tag["Value"]) for tag in found["tags"] if tag["Key"] == key), "")

    def remember(self, repository: Repository, key: str, value: str) -> None:
        """Remember something about a repository, for later runs on any machine."""
        self._aws.call(
            self._region,
            "ecr",
            "tag_resource",
            resourceArn=repository.arn,
            tags=[{"Key": key, "Value": value}],
        )

    def login(self) -> Login:
        """Credentials for pushing and pulling."""
        found = self._aws.call(self._region, "ecr", "get_authorization_token")
        data = found.first("authorizationData")
        user, _, password = data.decoded("authorizationToken").partition(":")
        host = data["proxyEndpoint"].partition("://")[2].rstrip("/")
        return Login(host=host, user=user, password=password)


def _failures(found: Any) -> dict[str, str]:
    """What an answer to a batch says of images that it could do nothing with, by digest or tag.

    The answer as a whole is a success all the same; one that is absent is left out.
    """
    return {
        failure["imageId"].get("imageDigest") or failure["imageId"].get("imageTag", ""): (
            f"{failure.get('failureReason', '')} ({failure['failureCode']})"
        )
        for failure in found.get("failures") or ()
        if failure["failureCode"] != "ImageNotFound"
    }


def _repository(found: Any) -> Repository:
    filters = found.get("imageTagMutabilityExclusionFilters", ())
    return Repository(
        uri=found["repositoryUri"],
        arn=found["repositoryArn"],
        immutable=found.get("imageTagMutability", "MUTABLE").startswith("IMMUTABLE"),
        excluded=tuple(each["filter"] for each in filters),
    )

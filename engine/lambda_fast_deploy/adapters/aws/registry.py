"""Repositories and images (API: ECR)."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import DeployError, NotFound, Refused
from lambda_fast_deploy.state.repository_tags import CREATION

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.aws.image_blobs import ImageBlobs

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)

_CONFIGURATION = 4 << 20  # bytes
_SAME = "ImageAlreadyExistsException"  # the image already has the tag
_IMMUTABLE = "ImageTagAlreadyExistsException"  # another image has the tag


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of images. Tags that match ``excluded`` are exceptions to its mutability."""

    uri: str
    arn: str
    immutable: bool = False
    excluded: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name, without the registry's host."""
        return self.uri.partition("/")[2]

    def lets_move(self, tag: str) -> bool:
        """Whether a tag can move from one image to another (API: ``PutImageTagMutability``)."""
        is_excluded = any(fnmatch.fnmatchcase(tag, pattern) for pattern in self.excluded)
        return is_excluded == self.immutable


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of an image, or an index: as it was pushed, and parsed as JSON.

    It may not contain its media type.
    """

    text: str
    media_type: str
    content: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The digest of its text."""
        return f"sha256:{hashlib.sha256(self.text.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials of a registry, valid for 12 hours."""

    host: str
    user: str
    password: str = field(repr=False)


class Registry:
    """The ECR registry of one region; of another account, if one is given."""

    def __init__(self, aws: Aws, region: str, account: str = "") -> None:
        self._aws = aws
        self._region = region
        self._owner: dict[str, Any] = {"registryId": account} if account else {}

    @property
    def region(self) -> str:
        """The region's name."""
        return self._region

    def prepare(self) -> None:
        """Read the model of the API, which the first call would else do."""
        self._aws.client("ecr", self._region)

    @property
    def blobs(self) -> ImageBlobs:
        """The layers and configurations of its images."""
        from lambda_fast_deploy.adapters.aws.image_blobs import ImageBlobs  # few runs need it

        return ImageBlobs(self._aws, self._region, self._owner)

    def _call(self, operation: str, **parameters: Any) -> Any:
        return self._aws.call(self._region, "ecr", operation, **parameters, **self._owner)

    def _image(self, repository: str, tag: str) -> Any:
        """The image behind a tag; ``None`` if absent, or archived and so not pullable."""
        try:
            answer = self._call(
                "describe_images",
                repositoryName=repository,
                imageIds=[{"imageTag": tag}],
            )
        except NotFound:
            return None
        image = answer.first("imageDetails")
        return image if image.get("imageStatus", "ACTIVE") == "ACTIVE" else None

    def tags(self, repository: str, tag: str) -> tuple[str, ...]:
        """All tags of the image behind a tag; empty if it is absent."""
        image = self._image(repository, tag)
        return tuple(image.get("imageTags", ())) if image else ()

    def digest(self, repository: str, tag: str) -> str | None:
        """The digest behind a tag; ``None`` if the tag or the repository is absent."""
        image = self._image(repository, tag)
        return str(image["imageDigest"]) if image else None

    def manifest(self, repository: str, image: str) -> Manifest:
        """The manifest, or index, behind a digest or a tag; raises as ``image``."""
        return self.image(repository, image)[1]

    def image(self, repository: str, image: str) -> tuple[str, Manifest]:
        """The digest and the manifest behind a digest or a tag (API: ``BatchGetImage``).

        Raises:
            NotFound: the image does not exist.
            Refused: ECR did not return it.
        """
        answer = self._call(
            "batch_get_image",
            repositoryName=repository,
            imageIds=[{"imageDigest" if ":" in image else "imageTag": image}],
            acceptedMediaTypes=list(MANIFESTS),
        )
        for reason in _failures(answer).values():
            raise Refused(f"ECR did not return {image} of {repository}: {reason}")
        if not answer["images"]:
            raise NotFound(f"ECR has no {image} in {repository}", code="ImageNotFoundException")
        found = answer.first("images")
        return str(found["imageId"]["imageDigest"]), Manifest(
            text=found["imageManifest"],
            media_type=found["imageManifestMediaType"],
            content=found.parsed("imageManifest"),
        )

    def tag(self, repository: str, manifest: Manifest, tag: str) -> bool:
        """Put an image under a tag, or add the tag to an image (API: ``PutImage``).

        If another run has set the same immutable tag, that stays: tags identify the content of an
        image, so its image is equivalent.

        Returns:
            Whether the tag is on this image.

        Raises:
            NotFound: the repository does not have all blobs of the image.
            Refused: ECR refused the manifest.
        """
        try:
            self._call(
                "put_image",
                repositoryName=repository,
                imageManifest=manifest.text,
                imageManifestMediaType=manifest.media_type,
                imageTag=tag,
            )
        except Refused as refusal:
            if refusal.code not in (_SAME, _IMMUTABLE):
                raise
            return refusal.code == _SAME
        return True

    def untag(self, repository: str, tag: str) -> None:
        """Remove a tag, and with the last tag the image; nothing happens if the tag is absent.

        Raises:
            Refused: ECR did not remove it.
        """
        for reason in self._delete(repository, [{"imageTag": tag}]).values():
            raise Refused(f"ECR did not remove tag {tag} in repository {repository}: {reason}")

    def delete(self, repository: str, digests: Iterable[str]) -> dict[str, str]:
        """Delete images with all their tags, if they exist.

        Returns:
            The errors of the images that were not deleted, by digest.
        """
        listed = [{"imageDigest": digest} for digest in digests]
        stay: dict[str, str] = {}
        for start in range(0, len(listed), 100):  # limit of API BatchDeleteImage
            stay |= self._delete(repository, listed[start : start + 100])
        return stay

    def _delete(self, repository: str, ids: list[dict[str, str]]) -> dict[str, str]:
        answer = self._call("batch_delete_image", repositoryName=repository, imageIds=ids)
        return _failures(answer)

    def policy(self, repository: str) -> str:
        """The lifecycle policy of a repository (JSON), or ``""``."""
        try:
            answer = self._call("get_lifecycle_policy", repositoryName=repository)
        except NotFound:
            return ""
        answer.parsed("lifecyclePolicyText")  # callers can rely on valid JSON
        return str(answer["lifecyclePolicyText"])

    def configuration(self, repository: str, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
        """An image's configuration; ``None`` if ECR does not return it."""
        digest = manifest.get("config", {}).get("digest", "")
        try:
            configuration = json.loads(self.blobs.read(repository, digest, _CONFIGURATION))
        except (DeployError, ValueError):
            return None
        return configuration if isinstance(configuration, dict) else None

    def find(self, name: str) -> Repository | None:
        """A repository; ``None`` if absent."""
        try:
            answer = self._call("describe_repositories", repositoryNames=[name])
        except NotFound:
            return None
        return _repository(answer.first("repositories"))

    def repository(self, name: str, policy: str) -> Repository:
        """A repository, created if absent: with scan on push, a tag and a lifecycle policy."""
        if existing := self.find(name):
            return existing
        try:
            created = self._call(
                "create_repository",
                repositoryName=name,
                imageScanningConfiguration={"scanOnPush": True},
                tags=[{"Key": key, "Value": value} for key, value in CREATION.items()],
            )
        except Refused as refusal:
            if refusal.code != "RepositoryAlreadyExistsException":
                raise
            return self.repository(name, policy)  # another run was first
        self._call(
            "put_lifecycle_policy",
            repositoryName=name,
            lifecyclePolicyText=policy,
        )
        return _repository(created["repository"])

    def note(self, repository: Repository, key: str) -> str:
        """The value stored for a repository under a key (a resource tag), or ``""``."""
        tags = self._call("list_tags_for_resource", resourceArn=repository.arn)
        return next((str(tag["Value"]) for tag in tags["tags"] if tag["Key"] == key), "")

    def remember(self, repository: Repository, key: str, value: str) -> None:
        """Store a value for a repository, for later runs on any machine."""
        self._call(
            "tag_resource",
            resourceArn=repository.arn,
            tags=[{"Key": key, "Value": value}],
        )

    def login(self) -> Login:
        """Credentials for pushing and pulling."""
        answer = self._call("get_authorization_token")
        data = answer.first("authorizationData")
        user, _, password = data.decoded("authorizationToken").partition(":")
        host = data["proxyEndpoint"].partition("://")[2].rstrip("/")
        return Login(host=host, user=user, password=password)


def _failures(answer: Any) -> dict[str, str]:
    """The errors in an answer to a batch, by digest or tag.

    Such an answer still has a success status; absent images are left out.
    """
    return {
        failure["imageId"].get("imageDigest") or failure["imageId"].get("imageTag", ""): (
            f"{failure.get('failureReason', '')} ({failure['failureCode']})"
        )
        for failure in answer.get("failures") or ()
        if failure["failureCode"] != "ImageNotFound"
    }


def _repository(description: Any) -> Repository:
    filters = description.get("imageTagMutabilityExclusionFilters", ())
    return Repository(
        uri=description["repositoryUri"],
        arn=description["repositoryArn"],
        immutable=description.get("imageTagMutability", "MUTABLE").startswith("IMMUTABLE"),
        excluded=tuple(each["filter"] for each in filters),
    )

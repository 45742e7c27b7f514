"""Repositories and images (API: ECR)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from engine.adapters.aws.session import Aws
from engine.errors import NotFound, Refused


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

    def _image(self, repository: str, tag: str) -> Any:
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
        return found["imageDetails"][0]

    def tags(self, repository: str, tag: str) -> tuple[str, ...]:
        """Every tag of the image behind a tag; none when it is absent."""
        found = self._image(repository, tag)
        return tuple(found.get("imageTags", ())) if found else ()

    def digest(self, repository: str, tag: str) -> str | None:
        """The digest behind a tag; ``None`` when the tag or the repository is absent."""
        found = self._image(repository, tag)
        return str(found["imageDigest"]) if found else None

    def repository(self, name: str) -> str:
        """The URI of a repository, created when absent, with scan on push."""
        try:
            found = self._aws.call(
                self._region, "ecr", "describe_repositories", repositoryNames=[name]
            )
            return str(found["repositories"][0]["repositoryUri"])
        except NotFound:
            pass
        try:
            made = self._aws.call(
                self._region,
                "ecr",
                "create_repository",
                repositoryName=name,
                imageScanningConfiguration={"scanOnPush": True},
            )
        except Refused as refusal:
            if refusal.code != "RepositoryAlreadyExistsException":
                raise
            return self.repository(name)  # another run was first
        return str(made["repository"]["repositoryUri"])

    def login(self) -> Login:
        """Credentials for pushing and pulling."""
        found = self._aws.call(self._region, "ecr", "get_authorization_token")
        data = found["authorizationData"][0]
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        host = data["proxyEndpoint"].partition("://")[2].rstrip("/")
        return Login(host=host, user=user, password=password)

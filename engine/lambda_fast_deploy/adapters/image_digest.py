"""The digest of an image's tag, read from its registry over HTTP.

Neither the Docker engine nor a credential helper is used: no program runs. Source of the logins:
Amazon ECR user guide, "Private registry authentication".
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import replace

from lambda_fast_deploy.adapters.aws.partitions import registry_of_ecr
from lambda_fast_deploy.adapters.aws.registry import Login
from lambda_fast_deploy.adapters.docker_config import stored_login
from lambda_fast_deploy.adapters.image_reference import ImageReference, is_loopback, reference
from lambda_fast_deploy.adapters.registry_http import RegistryConnections, within
from lambda_fast_deploy.adapters.registry_query import RegistryQuery
from lambda_fast_deploy.errors import DeployError

_SECONDS = 8.0  # for all requests about one image
_ECR_SERVICE = "ecr.amazonaws.com"


class ImageDigests:
    """Registries, for a deployment to one region."""

    def __init__(self, region: str, login: Callable[[str], Login]) -> None:
        """Take the region whose ECR is this account's, and a login function for a region's ECR."""
        self._region = region
        self._login = login
        self._logins: dict[str, Login] = {}
        self._lock = threading.Lock()

    def digest(self, image: str) -> str:
        """The digest of an image's name; a digest in the name is returned without a request.

        Raises:
            Invalid: it is not the name of an image.
            NotFound: the registry does not have the image.
            Refused: the registry refuses access, or its answer is not a manifest.
            Unavailable: the registry limits requests (429), or fails itself.
            Unreachable: there is no answer within some seconds.
            NotReady, NotPermitted: ECR gives no login.
        """
        target = reference(image)
        if target.digest:
            return target.digest
        question = RegistryQuery(target, RegistryConnections(_SECONDS), self._pair)
        return within(_SECONDS, target.host, question.answer)

    def triggers(self, image: str, machine: str) -> tuple[str, ...]:
        """The ONBUILD instructions of an image (``Config.OnBuild``).

        Args:
            image: its name.
            machine: in the terms of images: ``amd64`` or ``arm64``.

        Raises:
            DeployError: as for ``digest``; or its configuration cannot be read.
        """
        target = reference(image)
        question = RegistryQuery(target, RegistryConnections(_SECONDS), self._pair)
        return within(_SECONDS, target.host, lambda: question.triggers(machine))

    def _pair(self, image: ImageReference, service: str) -> str:
        """User and password for a registry in the Basic scheme, or ``""``.

        ECR's go only to hosts that AWS reserves for registries, and to the account's own.
        """
        stored = stored_login(image.registry)
        of_aws = registry_of_ecr(image.registry)
        if not of_aws and service != _ECR_SERVICE:
            return stored
        try:
            login = self._ecr_login(of_aws[1] if of_aws else self._region)
        except DeployError:
            if stored:
                return stored
            raise
        if not of_aws and login.host != image.registry:
            return stored
        return base64.b64encode(f"{login.user}:{login.password}".encode()).decode()

    def ecr_login(self, host: str) -> Login | None:
        """The login to an ECR registry that this account may use; ``None`` for other registries.

        One token is valid for all registries of a region (ECR user guide, "Private registry
        authentication").

        Raises:
            DeployError: ECR gives no login.
        """
        of_aws = registry_of_ecr(host)
        if not of_aws and not is_loopback(host):
            return None
        login = self._ecr_login(of_aws[1] if of_aws else self._region)
        return replace(login, host=host) if of_aws or login.host == host else None

    def _ecr_login(self, region: str) -> Login:
        with self._lock:
            if region not in self._logins:
                self._logins[region] = self._login(region)
            return self._logins[region]

"""Which image a tag stands for, asked of its registry over HTTP, by reads alone.

Neither the Docker engine nor a credential helper has a part in it: no program runs. Source of the
log-ins: Amazon ECR user guide, "Private registry authentication".
"""

from __future__ import annotations

import base64
import functools
import threading
from collections.abc import Callable
from dataclasses import replace

from lambda_fast_deploy.adapters.aws.partitions import registry_of_ecr
from lambda_fast_deploy.adapters.aws.registry import Login
from lambda_fast_deploy.adapters.docker_config import stored_login
from lambda_fast_deploy.adapters.image_reference import ImageReference, is_loopback, reference
from lambda_fast_deploy.adapters.registry_http import RegistryConnections, trust, within
from lambda_fast_deploy.adapters.registry_query import RegistryQuery
from lambda_fast_deploy.errors import DeployError

_SECONDS = 8.0  # for all that one image needs
_ECR_SERVICE = "ecr.amazonaws.com"


class ImageDigests:
    """Registries, as a deployment to one region asks them."""

    def __init__(self, region: str, login: Callable[[str], Login]) -> None:
        """Take the region whose ECR is this account's, and what logs in to a region's ECR."""
        self._region = region
        self._login = login
        self._logins: dict[str, Login] = {}
        self._lock = threading.Lock()
        self._trust = functools.cache(trust)

    def digest(self, image: str) -> str:
        """The digest that the name of an image stands for; what names a digest is not asked for.

        Raises:
            Invalid: it is no name of an image.
            NotFound: the registry answers that there is no such image.
            Refused: the registry does not let it be read, or answers what is no manifest.
            Unavailable: the registry has no time for it (429), or fails itself.
            Unreachable: nothing answers within some seconds.
            NotReady, NotPermitted: ECR gives no login.
        """
        found = reference(image)
        if found.digest:
            return found.digest
        question = RegistryQuery(found, RegistryConnections(_SECONDS, self._trust), self._pair)
        return within(_SECONDS, found.host, question.answer)

    def triggers(self, image: str, machine: str) -> tuple[str, ...]:
        """What ONBUILD of an image lets a build do that starts from it (``Config.OnBuild``).

        Args:
            image: its name.
            machine: as images have it: ``amd64`` or ``arm64``.

        Raises:
            DeployError: as of ``digest``; or it has no configuration that can be read.
        """
        found = reference(image)
        question = RegistryQuery(found, RegistryConnections(_SECONDS, self._trust), self._pair)
        return within(_SECONDS, found.host, lambda: question.triggers(machine))

    def _pair(self, image: ImageReference, service: str) -> str:
        """User and password for a registry, as Basic sends them, or nothing.

        ECR's go to hosts that AWS gives to registries alone, and to that of the account itself.
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
        """The log-in to a registry of ECR that this account may use; ``None`` for other ones.

        One token serves for all registries of a region (ECR user guide, "Private registry
        authentication").

        Raises:
            DeployError: ECR gives none.
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

"""All adapters in one object, as the phases take them.

Adapters that only some runs need are imported on first use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from lambda_fast_deploy.adapters.aws.invocations import Invocations
from lambda_fast_deploy.adapters.aws.lambda_functions import Functions
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.aws.urls import Urls
from lambda_fast_deploy.adapters.aws.versions import Versions
from lambda_fast_deploy.models import FunctionState

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.aws.bucket import Bucket
    from lambda_fast_deploy.adapters.aws.cloudformation import Stacks
    from lambda_fast_deploy.adapters.aws.identity import Identity
    from lambda_fast_deploy.adapters.aws.lambda_layers import LayersApi
    from lambda_fast_deploy.adapters.aws.metrics import Metrics
    from lambda_fast_deploy.adapters.aws.registry import Registry
    from lambda_fast_deploy.adapters.buildx import Buildx
    from lambda_fast_deploy.adapters.docker_engine import Docker
    from lambda_fast_deploy.adapters.image_digest import ImageDigests


@dataclass(frozen=True)
class Clients:
    """AWS, Docker and BuildKit.

    ``heed`` receives each function that is read, and ``waits`` what a run is waiting for.
    ``builder`` is the name of a builder of buildx, if the user has set one. Once the run
    ``is_cancelled``, there are no waits for changes in Lambda.
    """

    aws: Aws
    builder: str = ""
    heed: Callable[[FunctionState], None] = lambda _: None
    is_cancelled: Callable[[], bool] = lambda: False
    waits: Callable[[str], None] = lambda _: None
    _registries: dict[str, ImageDigests] = field(default_factory=dict, repr=False)

    @cached_property
    def docker(self) -> Docker:
        """The Docker engine of this machine, connected on first use."""
        from lambda_fast_deploy.adapters.docker_engine import Docker

        return Docker(self.aws.changes.append)

    @cached_property
    def buildx(self) -> Buildx:
        """BuildKit."""
        from lambda_fast_deploy.adapters.buildx import Buildx

        return Buildx(self.docker, self.builder, self.aws.changes.append)

    def identity(self, region: str) -> Identity:
        """The deploying role, and what IAM allows it."""
        from lambda_fast_deploy.adapters.aws.identity import Identity

        return Identity(self.aws, region)

    def functions(self, region: str) -> Functions:
        """The functions of a region."""
        return Functions(self.aws, region, self.heed, self.is_cancelled, self.waits)

    def invocations(self, region: str) -> Invocations:
        """The invocations of the functions of a region."""
        return Invocations(self.aws, region)

    def versions(self, region: str) -> Versions:
        """The versions and aliases of a region."""
        return Versions(self.aws, region, self.is_cancelled, self.waits)

    def metrics(self, region: str) -> Metrics:
        """The metrics and alarms of a region."""
        from lambda_fast_deploy.adapters.aws.metrics import Metrics

        return Metrics(self.aws, region)

    def urls(self, region: str) -> Urls:
        """The function URLs of a region."""
        return Urls(self.aws, region)

    def layers(self, region: str) -> LayersApi:
        """The layer versions of a region."""
        from lambda_fast_deploy.adapters.aws.lambda_layers import LayersApi

        return LayersApi(self.aws, region)

    def stacks(self, region: str) -> Stacks:
        """The stacks of a region."""
        from lambda_fast_deploy.adapters.aws.cloudformation import Stacks

        return Stacks(self.aws, region)

    def registry(self, region: str, account: str = "") -> Registry:
        """The image registry of a region; of another account, if one is given."""
        from lambda_fast_deploy.adapters.aws.registry import Registry

        return Registry(self.aws, region, account)

    def distribution(self, region: str) -> ImageDigests:
        """All registries, for a deployment to a region."""
        from lambda_fast_deploy.adapters.image_digest import ImageDigests

        if region not in self._registries:  # one login for all requests
            self._registries[region] = ImageDigests(region, lambda of: self.registry(of).login())
        return self._registries[region]

    def bucket(self, region: str, name: str, owner: str = "") -> Bucket:
        """A bucket of an account; by default of the account of the run's credentials."""
        from lambda_fast_deploy.adapters.aws.bucket import Bucket

        return Bucket(self.aws, region, name, owner)

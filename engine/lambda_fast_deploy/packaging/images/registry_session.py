"""The registry of one region during a build: its login, and pushes with retries."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.access_denied import allow, denied_push
from lambda_fast_deploy.adapters.aws.registry import Login, Registry
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.image_reference import reference
from lambda_fast_deploy.errors import BuildFailed, DeployError, PushFailed
from lambda_fast_deploy.models import ImageBuild, Step
from lambda_fast_deploy.run_log import RunLog

ATTEMPTS = 4


class RegistrySession:
    """Pushes to the registry of one region, with one login for all builders."""

    def __init__(self, registry: Registry, clients: Clients, run_log: RunLog) -> None:
        self.registry = registry
        self._clients = clients
        self._run_log = run_log
        self._login: Login | None = None
        self._lock = threading.Lock()

    def upstream_logins(self, image: ImageBuild) -> list[Login]:
        """Logins to the ECR registries of the images that a Dockerfile starts from, or copies from.

        A registry without a login is skipped: it may be public, or the user may have logged in.
        """
        hosts = {reference(name).registry for name in image.upstreams}
        logins = []
        for host in sorted(hosts):
            with suppress(DeployError):
                login = self._clients.distribution(self.registry.region).ecr_login(host)
                logins += [login] if login else []
        return logins

    def pushing(self, attempt: Callable[[Login], None], step: Step) -> None:
        """Push with retries, and with a new login after a refused one.

        Raises:
            BuildFailed: the registry refused the image.
        """
        renewed = False

        def once() -> None:
            nonlocal renewed
            self._run_log.cancellation.check()
            login = self._current()
            try:
                attempt(login)
            except PushFailed as failure:
                if failure.login_refused and renewed:  # a new login does not help
                    raise _denied(failure) from None
                if failure.login_refused:
                    renewed = True
                    self._renew(login)
                self._run_log.progress(step.id, f"push failed: {failure.message}", step.region)
                raise

        retry.again(once, PushFailed, attempts=ATTEMPTS)

    def push_from_engine(self, image: ImageBuild, step: Step) -> None:
        """Push an image of the Docker engine under all its references.

        Raises:
            BuildFailed: the registry refused the image.
        """
        self.pushing(lambda login: self._push(image, login, step), step)

    def _push(self, image: ImageBuild, login: Login, step: Step) -> None:
        def tell(line: str) -> None:
            if line.startswith("pushed "):
                self._run_log.progress(step.id, line, step.region)

        def advance(sent: int, total: int) -> None:
            says = units.pushed(sent, total)
            self._run_log.advance(step.id, sent, total, says, step.region)

        try:
            self._clients.docker.push(image, login, tell, advance, self._run_log.cancellation.check)
        except PushFailed as failure:
            if "immutable" not in failure.message or not self._are_there(image):
                raise

    def _are_there(self, image: ImageBuild) -> bool:
        """Whether another run has pushed all tags of an image, which are immutable."""
        tags = [each.partition("/")[2].rpartition(":") for each in image.references]
        return all(self.registry.digest(repository, tag) for repository, _, tag in tags)

    def _current(self) -> Login:
        with self._lock:
            if self._login is None:
                self._login = self.registry.login()
            return self._login

    def _renew(self, refused: Login) -> None:
        """Discard a login, unless another thread has already renewed it."""
        with self._lock:
            if self._login is refused:
                self._login = None


def _denied(failure: PushFailed) -> BuildFailed:
    """The error of a push that failed again with a new login."""
    message, remedy = failure.message, failure.remedy
    if action := denied_push(message):
        message, remedy = f"no permission for {action}: {message}", allow(action)
    return BuildFailed(message, remedy=remedy, detail=failure.detail)

"""One image built and pushed: by whom, how often it is tried, and what its log tells."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.access_denied import allow, denied_push
from lambda_fast_deploy.adapters.aws.registry import Login, Registry, Repository
from lambda_fast_deploy.adapters.build_log import BuildLog
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.image_reference import reference
from lambda_fast_deploy.errors import BuildFailed, DeployError, PushFailed
from lambda_fast_deploy.journal import Journal
from lambda_fast_deploy.models import ImageBuild, Step
from lambda_fast_deploy.packaging.images.media_types import uniform
from lambda_fast_deploy.state.image_tags import ImageTag

CACHE_TAG = ImageTag.CACHE.named()
NO_CACHE = "Repository {repository} is immutable, so no build cache is kept in it."
LET_CACHE_MOVE = f"Let the tag {CACHE_TAG} move: IMMUTABLE_WITH_EXCLUSION with filter {CACHE_TAG}."
ATTEMPTS = 4


class ImageBuilder:
    """Builds and pushes images into the registry of one region, with one login for all."""

    def __init__(self, registry: Registry, clients: Clients, journal: Journal) -> None:
        self._registry = registry
        self._clients = clients
        self._journal = journal
        self._login: Login | None = None
        self._lock = threading.Lock()

    def by_engine(self, image: ImageBuild, step: Step, check: Callable[[], None]) -> str:
        """Build with the Docker engine's own builder; what it took, for people.

        Args:
            image: what to build.
            step: what it is done for.
            check: raises what stands against giving it its names, once it is built.

        Raises:
            BuildFailed: with its cause.
        """

        def tell(line: str) -> None:
            if line.startswith("Step "):
                self._journal.progress(step.id, line, step.region)

        for login in self._logins(image):
            self._clients.docker.log_in(login)
        # Again, if another build takes one of its names at the same moment.
        retry.again(
            lambda: self._clients.docker.build(image, tell, self._journal.check),
            PushFailed,
            attempts=ATTEMPTS,
        )
        check()
        self._pushing(lambda login: self._push(image, login, step), step)
        return "by the Docker engine"

    def make_uniform(self, image: ImageBuild, repository: Repository) -> None:
        """Let the names of an image be those of one whose media types are all of one kind.

        Bases need not be: builders take all kinds.
        """
        tags = [reference.rpartition(":")[2] for reference in image.references]
        digest = self._registry.digest(repository.name, tags[-1])
        if digest is None:  # another run has taken its name off; who looks for it will tell
            return
        pushed = self._registry.manifest(repository.name, digest)
        if (wanted := uniform(pushed)) is pushed:
            return
        for tag in tags:
            if not repository.lets_move(tag):
                self._registry.untag(repository.name, tag)
            self._registry.tag(repository.name, wanted, tag)

    def _push(self, image: ImageBuild, login: Login, step: Step) -> None:
        """Push what the Docker engine has, under all its names."""

        def tell(line: str) -> None:
            if line.startswith("pushed "):
                self._journal.progress(step.id, line, step.region)

        def advance(done: int, total: int) -> None:
            says = units.pushed(done, total)
            self._journal.advance(step.id, done, total, says, step.region)

        try:
            self._clients.docker.push(image, login, tell, advance, self._journal.check)
        except PushFailed as failure:
            if "immutable" not in failure.message or not self._are_there(image):
                raise

    def _are_there(self, image: ImageBuild) -> bool:
        """Whether another run has pushed all tags of an image meanwhile, which cannot move then."""
        tags = [reference.partition("/")[2].rpartition(":") for reference in image.references]
        return all(self._registry.digest(repository, tag) for repository, _, tag in tags)

    def by_buildkit(
        self,
        image: ImageBuild,
        step: Step,
        repository: Repository,
        check: Callable[[], None],
        *,
        cache_expected: bool = False,
    ) -> str:
        """Build with BuildKit and its caches; what it took, for people.

        It is in the registry before it has a name there, or in the Docker engine alone.

        Args:
            image: what to build.
            step: what it is done for.
            repository: where its cache is.
            check: raises what stands against giving it its names, once it is built.
            cache_expected: whether it is worth a note if nothing is found in a cache.

        Raises:
            BuildFailed: with its cause.
        """
        writes_cache = repository.lets_move(CACHE_TAG)
        log, digest = BuildLog(), ""

        def tell(line: str) -> None:
            if begun := log.read(line):
                self._journal.progress(step.id, begun, step.region)

        trouble = self._clients.buildx.github_trouble

        def attempt(login: Login) -> None:
            nonlocal log, digest
            log = BuildLog()
            digest = self._clients.buildx.build(
                image,
                repository=repository.uri,
                cache=f"{repository.uri}:{CACHE_TAG}",
                writes_cache=writes_cache,
                logins=(*self._logins(image), login),
                on_line=tell,
                beat=self._journal.check,
            )

        self._pushing(attempt, step)
        check()
        if not trouble and (found := self._clients.buildx.github_trouble):
            self._journal.note(f"GitHub's cache is not used, since {found}; the registry cache is.")
        if digest:
            manifest = self._registry.manifest(repository.name, digest)
            for reference in image.references:
                self._registry.tag(repository.name, manifest, reference.rpartition(":")[2])
        else:
            self._pushing(lambda login: self._push(image, login, step), step)
        if not writes_cache:
            self._journal.note(f"{NO_CACHE.format(repository=repository.name)} {LET_CACHE_MOVE}")
        self._note_caches(image, log)
        if cache_expected and not image.no_cache:
            self._note_nothing_found(image, log)
        return f"{log}, {self._clients.buildx.builder}"

    def _note_caches(self, image: ImageBuild, log: BuildLog) -> None:
        for cache, cause in log.unreadable.items():
            self._journal.note(f"The build cache {cache} could not be read: {cause}")
        for cause in log.unwritten.values():
            self._journal.note(
                f"The build cache of the {image.what} could not be written, so a build on a fresh "
                f"machine starts from nothing: {cause}"
            )

    def _note_nothing_found(self, image: ImageBuild, log: BuildLog) -> None:
        if not log.imported and log.absent:
            self._journal.note(
                f"There was no build cache {log.absent[0]} to read, so the {image.what} was built "
                "from the start; it is there now."
            )
        elif log.imported and log.steps > 1 and not log.cached:
            self._journal.note(
                f"Nothing in the build cache fits the {image.what}: its base, a build argument, "
                "its first instruction or the files that this copies differ from the last build."
            )

    # ------------------------------------------------------------ login and attempts

    def _logins(self, image: ImageBuild) -> list[Login]:
        """Log-ins to the ECR registries that an image starts from, or copies from.

        A registry that gives none may let it be pulled all the same, or the user has logged in.
        """
        hosts = {reference(name).registry for name in image.upstreams}
        found = []
        for host in sorted(hosts):
            with suppress(DeployError):
                login = self._clients.distribution(self._registry.region).ecr_login(host)
                found += [login] if login else []
        return found

    def _pushing(self, attempt: Callable[[Login], None], step: Step) -> None:
        """Push, again after each fault of the registry, with a new login where that was refused."""
        renewed = False

        def once() -> None:
            nonlocal renewed
            self._journal.check()
            login = self._current()
            try:
                attempt(login)
            except PushFailed as failure:
                if failure.login_refused and renewed:  # it is no matter of the token's age
                    raise _denied(failure) from None
                if failure.login_refused:
                    renewed = True
                    self._renew(login)
                self._journal.progress(step.id, f"not taken: {failure.message}", step.region)
                raise

        retry.again(once, PushFailed, attempts=ATTEMPTS)

    def _current(self) -> Login:
        with self._lock:
            if self._login is None:
                self._login = self._registry.login()
            return self._login

    def _renew(self, refused: Login) -> None:
        """Forget a login, unless another thread has a new one already."""
        with self._lock:
            if self._login is refused:
                self._login = None


def _denied(failure: PushFailed) -> BuildFailed:
    """The error of a push that a new login did not help."""
    message, remedy = failure.message, failure.remedy
    if wanted := denied_push(message):
        message, remedy = f"no permission for {wanted}: {message}", allow(wanted)
    return BuildFailed(message, remedy=remedy, detail=failure.detail)

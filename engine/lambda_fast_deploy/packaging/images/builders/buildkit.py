"""BuildKit by docker buildx, with its caches: for app images, and features only it has."""

from __future__ import annotations

from collections.abc import Callable, Collection

from lambda_fast_deploy.adapters import github_cache
from lambda_fast_deploy.adapters.aws.registry import Login
from lambda_fast_deploy.adapters.build_log import BuildLog
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.models import Base, ImageBuild, ImageSource
from lambda_fast_deploy.packaging.images.builders.builder import BuildJob
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state.image_tags import ImageTag

CACHE_TAG = ImageTag.CACHE.named()
NO_CACHE = "Repository {repository} is immutable, so no build cache is kept in it."
NO_BUILDER = (
    "The Docker engine's own builder is used. It cannot write a registry cache, so a fresh machine "
    "builds images from scratch."
)
LET_CACHE_MOVE = f"Set IMMUTABLE_WITH_EXCLUSION with filter {CACHE_TAG} to allow a build cache."


class BuildKitBuilder:
    """Builds every kind of image, if buildx has a builder."""

    name = "BuildKit"
    remedy = "Install the buildx plugin of Docker."

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def why_not(self, source: Base | ImageSource) -> str:
        """The reason if buildx is not available; raises if Docker is not available either."""
        del source
        if self._clients.buildx.builder:
            return ""
        self._clients.docker.ready()
        return "docker buildx is not available"

    def ready(self, sources: Collection[Base | ImageSource], note: Callable[[str], None]) -> str:
        """Check that an engine behind the builder answers; note which caches are not available."""
        del sources
        builder, trouble = self._clients.buildx.builder, self._clients.buildx.github_trouble
        assert builder is not None
        if builder.driver == "docker":
            self._clients.docker.ready()
        if not builder.exports:
            note(
                f"The {builder} cannot write a registry cache, so a fresh machine builds images "
                "from scratch; name a builder that can, or none."
            )
        elif github_cache.is_known() and trouble:
            note(f"GitHub's cache is not used: {trouble}; the registry cache is used instead.")
        return f"{builder}, which the first build starts" if builder.instead_of else str(builder)

    def begin(self, beat: Callable[[], None]) -> None:
        """Start the builder, if it does not run."""
        self._clients.buildx.begin(beat)

    def build(self, job: BuildJob) -> str:
        """Build with caches; the image is pushed before it is tagged.

        A builder of the docker driver stores the image in the engine, which then pushes it.
        """
        image, run_log, repository = job.image, job.run_log, job.repository
        self._start(job)
        writes_cache = repository.lets_move(CACHE_TAG)
        trouble = self._clients.buildx.github_trouble
        log, digest = self._built(job, writes_cache=writes_cache)
        job.check()
        if not trouble and (trouble := self._clients.buildx.github_trouble):
            run_log.note(
                f"GitHub's cache is not used: {trouble}; the registry cache is used instead."
            )
        if digest:
            manifest = job.registry.registry.manifest(repository.name, digest)
            for reference in image.references:
                job.registry.registry.tag(repository.name, manifest, reference.rpartition(":")[2])
        else:
            job.registry.push_from_engine(image, job.step)
        if not writes_cache:
            run_log.note(f"{NO_CACHE.format(repository=repository.name)} {LET_CACHE_MOVE}")
        _note_caches(image, log, run_log)
        if job.cache_expected and not image.no_cache:
            _note_misses(image, log, run_log)
        how = f"{log}, {self._clients.buildx.builder}"
        return how if image.compression == "auto" else f"{how}, {image.compression}"

    def _start(self, job: BuildJob) -> None:
        buildx, step = self._clients.buildx, job.step
        if buildx.builder and buildx.builder.instead_of:
            job.run_log.progress(step.id, f"starting {buildx.builder}", step.region)
        buildx.start(job.run_log.cancellation.check)
        if buildx.builder_trouble:
            job.run_log.note(f"{buildx.builder_trouble}. {NO_BUILDER}")

    def _built(self, job: BuildJob, *, writes_cache: bool) -> tuple[BuildLog, str]:
        """The log of the build, and the image's digest if the registry has it already."""
        log, digest = BuildLog(), ""

        def tell(line: str) -> None:
            if begun := log.read(line):
                job.run_log.progress(job.step.id, begun, job.step.region)

        def attempt(login: Login) -> None:
            nonlocal log, digest
            log = BuildLog()
            digest = self._clients.buildx.build(
                job.image,
                repository=job.repository.uri,
                cache=f"{job.repository.uri}:{CACHE_TAG}",
                writes_cache=writes_cache,
                logins=(*job.registry.upstream_logins(job.image), login),
                on_line=tell,
                beat=job.run_log.cancellation.check,
            )

        job.registry.pushing(attempt, job.step)
        return log, digest


def _note_caches(image: ImageBuild, log: BuildLog, run_log: RunLog) -> None:
    for cache, cause in log.unreadable.items():
        run_log.note(f"Could not read build cache {cache}: {cause}")
    for cause in log.unwritten.values():
        run_log.note(
            f"Could not write the build cache of the {image.what}, so a fresh machine builds it "
            f"from scratch: {cause}"
        )


def _note_misses(image: ImageBuild, log: BuildLog, run_log: RunLog) -> None:
    if not log.imported and log.absent:
        run_log.note(
            f"No build cache found at {log.absent[0]}; the {image.what} was built from scratch, "
            "and the cache was saved."
        )
    elif log.imported and log.steps > 1 and not log.cached:
        run_log.note(
            f"Nothing in the build cache matches the {image.what}: its base, a build argument, its "
            "first instruction or the files that this copies changed since the last build."
        )

"""The Docker engine's own builder, by its SDK: for bases, and for machines without BuildKit."""

from __future__ import annotations

from collections.abc import Callable, Collection
from posixpath import normpath

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import PushFailed
from lambda_fast_deploy.fingerprints.images.build_context import DOCKERIGNORE, content
from lambda_fast_deploy.fingerprints.images.builder_features import needs_buildkit
from lambda_fast_deploy.fingerprints.images.copy_sources import sources
from lambda_fast_deploy.fingerprints.images.dockerfile import read
from lambda_fast_deploy.fingerprints.images.target import text_of
from lambda_fast_deploy.models import Base, ImageSource
from lambda_fast_deploy.packaging.images.builders.builder import BuildJob
from lambda_fast_deploy.packaging.images.media_types import uniform
from lambda_fast_deploy.packaging.images.registry_session import ATTEMPTS


class DockerEngineBuilder:
    """Builds bases, which change rarely, and app images if no builder has a cache."""

    name = "the Docker engine"
    remedy = "Start Docker, or set DOCKER_HOST."

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def why_not(self, source: Base | ImageSource) -> str:
        """Why another builder is preferable, or ``""``."""
        buildx = self._clients.buildx
        if buildx.is_named:
            return "the builder was named"
        if isinstance(source, ImageSource) and buildx.builder:
            return "BuildKit has a cache for app images"
        reason = unsupported(source)
        return f"{source.dockerfile.name} has {reason}" if reason else ""

    def ready(self, sources: Collection[Base | ImageSource], note: Callable[[str], None]) -> str:
        """Check that the engine answers."""
        self._clients.docker.ready()
        if any(isinstance(source, ImageSource) for source in sources):
            note(
                "docker buildx is not available, so images are built without a cache; install the "
                "buildx plugin of Docker."
            )
        return self.name

    def begin(self, beat: Callable[[], None]) -> None:
        """Nothing takes time before a build."""

    def build(self, job: BuildJob) -> str:
        """Build in the engine, and push from it."""
        image, run_log, step = job.image, job.run_log, job.step

        def tell(line: str) -> None:
            if line.startswith("Step "):
                run_log.progress(step.id, line, step.region)

        for login in job.registry.upstream_logins(image):
            self._clients.docker.log_in(login)
        # Retried, since a build of the same tag at the same moment makes this one fail.
        retry.again(
            lambda: self._clients.docker.build(image, tell, run_log.cancellation.check),
            PushFailed,
            attempts=ATTEMPTS,
        )
        job.check()
        job.registry.push_from_engine(image, step)
        if isinstance(job.source, ImageSource):  # builders accept bases of mixed media types
            _make_uniform(job)
        return f"by {self.name}"


def _make_uniform(job: BuildJob) -> None:
    """Point the tags of an image at a copy whose media types are all of one kind."""
    registry, repository = job.registry.registry, job.repository
    tags = [reference.rpartition(":")[2] for reference in job.image.references]
    digest = registry.digest(repository.name, tags[-1])
    if digest is None:  # another run has moved the tag, and the later look-up will report that
        return
    pushed = registry.manifest(repository.name, digest)
    if (manifest := uniform(pushed)) is pushed:
        return
    for tag in tags:
        if not repository.lets_move(tag):
            registry.untag(repository.name, tag)
        registry.tag(repository.name, manifest, tag)


def unsupported(source: Base | ImageSource) -> str:
    """What the engine's own builder cannot do for an image, or ``""``."""
    dockerfile = read(text_of(source.dockerfile, source.target))
    if reason := needs_buildkit(dockerfile, source.build_args):
        return reason
    context = content(source.context, source.dockerfile, source.build_args, target=source.target)
    if not context.is_certain:
        return "an ignore file that only BuildKit reads for certain"
    if "pipe" in context.kinds.values():
        return "a COPY of a named pipe"  # the engine would wait for a writer
    for source_path in sources(dockerfile, source.build_args) or ():
        if normpath(source_path.written).startswith(".."):
            return f"{source_path.instruction} {source_path.written}, outside of the context"
        path = "/".join(str(part) for part in source_path.parts)
        # The engine copies such a file over the folder; BuildKit copies it into the folder.
        if (
            source_path.written.endswith(("/", "/."))
            and path
            and context.kinds.get(path) != "folder"
        ):
            return f"{source_path.instruction} {source_path.written}, which is not a folder"
    # The engine excludes files by its own copy of that file.
    return f"a COPY of {DOCKERIGNORE}" if DOCKERIGNORE in context.kinds else ""

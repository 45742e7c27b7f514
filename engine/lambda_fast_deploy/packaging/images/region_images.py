"""Base images and app images of one region: each built once, and reused by its content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.registry import Repository
from lambda_fast_deploy.adapters.parallel import OncePerKey, workers
from lambda_fast_deploy.errors import NotFound
from lambda_fast_deploy.fingerprints.fingerprints import still
from lambda_fast_deploy.fingerprints.images.image_history import ends_with
from lambda_fast_deploy.fingerprints.images.recipe import recipes_of
from lambda_fast_deploy.fingerprints.images.tail_layers import UncertainLayer
from lambda_fast_deploy.fingerprints.images.upstream_images import BASE_IMAGE
from lambda_fast_deploy.models import (
    Action,
    Base,
    Compression,
    ImageBuild,
    ImageRequest,
    ImageSource,
    Step,
)
from lambda_fast_deploy.packaging.images.app_tags import AppTags
from lambda_fast_deploy.packaging.images.context import ImagesContext
from lambda_fast_deploy.packaging.images.recipe_build import build_of, fingerprint_parts
from lambda_fast_deploy.packaging.images.repositories import ImageRepositories
from lambda_fast_deploy.planning.replacements import base_of_stem
from lambda_fast_deploy.state.image_tags import base_tag, part_tag

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.aws.blob_mounts import BlobMounts
    from lambda_fast_deploy.packaging.images.registry_session import RegistrySession

MEMORY = "lambda-fast-deploy:compression"  # resource tag of a repository


class RegionImages:
    """Builds for one region: an image must be in a registry of the function's region."""

    def __init__(self, context: ImagesContext) -> None:
        self._context = context
        self._desired = context.desired
        self._prints = context.fingerprints
        self._run_log = context.run_log
        self._recipes = {
            each.step: each for each in recipes_of(context.desired, self._prints.foreign)
        }
        self._images_by_content: OncePerKey[tuple[str, str, str], tuple[str, str, int]] = (
            OncePerKey()
        )
        self._registry = context.clients.registry(context.region)
        self._repositories = ImageRepositories(self._registry, context.run_log)
        self.sizes: dict[str, int] = {}

    @cached_property
    def _session(self) -> RegistrySession:
        from lambda_fast_deploy.packaging.images.registry_session import (
            RegistrySession,  # replacements need none
        )

        return RegistrySession(self._registry, self._context.clients, self._run_log)

    @cached_property
    def _mounts(self) -> BlobMounts:
        from lambda_fast_deploy.adapters.aws.blob_mounts import BlobMounts  # builds need none

        return BlobMounts(self._registry, {e.source.repository for e in self._desired.images})

    # ------------------------------------------------------------ bases

    def base(self, name: str) -> str:
        """URI of a base image by digest; ``""`` if it does not exist and no image needs it."""
        context, base = self._context, self._desired.bases[name]
        step = context.steps[f"base:{name}"]
        if step.action is not Action.BUILD:
            if name not in context.bases:
                return ""
            return f"{self._repositories.get(base.repository).uri}@{context.bases[name]}"
        with self._run_log.step(step) as detail:
            repository = self._repositories.get(base.repository)
            newest, *parts, _ = fingerprint_parts(self._recipes[step.id], self._prints)
            tag = base_tag(base, step.fingerprint)
            content_tags = [base_tag(base, newest), *(part_tag(base, each) for each in parts), tag]
            self._repositories.free(
                repository, content_tags, () if name in context.bases else (tag,)
            )
            # The tag of the full fingerprint is last: later runs look for it.
            tags = dict.fromkeys((*self._repositories.human_tag(repository, base), *content_tags))
            image = replace(
                self._build_of(step, f"base image {name}", repository, tags),
                no_cache=self._desired.event.asks_for("rebuild-base"),
            )
            how = self._built(image, base, step, repository)
            self._repositories.examined(base.repository, tag, image.what, base.architecture)
            detail(f"{base.repository}:{tag}, {how}")
            return f"{repository.uri}@{self._repositories.pushed(base.repository, tag)}"

    def _is_new(self, base: str | None) -> bool:
        return base is not None and self._context.steps[f"base:{base}"].action is Action.BUILD

    # ------------------------------------------------------------ apps

    def app(self, request: ImageRequest, bases: Mapping[str, str]) -> str:
        """URI of a function's image by digest. ``bases`` are URIs of bases by name."""
        step, repository = self._context.steps[request.step], request.source.repository
        if step.action is Action.REUSE:
            digest = self._context.images[request.name]
            function = self._context.functions.get(request.name)
            if function and function.image_digest == digest:
                return function.code_location
            return f"{self._repositories.get(repository).uri}@{digest}"
        with self._run_log.step(step) as detail:
            made = self._replaced_once(request, bases) if step.action is Action.REPLACE else None
            uri, what = made or self._built_once(request, bases, self._compression(request))
            detail(what)
            return uri

    def _compression(self, request: ImageRequest) -> Compression:
        """The compression of the layers of an image that is built; warns of what makes it slow."""
        from lambda_fast_deploy.packaging.images.notes import hints  # about builds

        for says in hints(self._recipes[request.step], self._desired.bases.values()):
            self._run_log.note(says)
        repository = self._repositories.get(request.source.repository)
        remembered = self._registry.note(repository, MEMORY)
        if request.source.compression != "auto":
            return request.source.compression
        return "gzip" if remembered == "gzip" else "zstd"

    def in_gzip(self, request: ImageRequest, bases: Mapping[str, str]) -> str:
        """Rebuild a function's image, since Lambda refused its layers, and remember that."""
        why = "Lambda refuses zstd layers; remembered for the next run"
        step, repository = self._context.steps[request.step], request.source.repository
        with self._run_log.work(step.id, Action.BUILD, why, step.region) as detail:
            stem = self._tags(request, bases).of_stem
            self._repositories.free(self._repositories.get(repository), stem, ())
            uri, what = self._built_once(request, bases, "gzip")
            self._registry.remember(self._repositories.get(repository), MEMORY, "gzip")
            detail(what)
        self._run_log.note(
            f"Lambda refuses the zstd layers of {request.name}. The image was rebuilt with gzip, "
            f"as later runs will do (tag {MEMORY} of repository {repository})."
        )
        return uri

    def _built_once(
        self, request: ImageRequest, bases: Mapping[str, str], compression: Compression
    ) -> tuple[str, str]:
        return self._once(
            request, compression, lambda: self._build_app(request, bases, compression)
        )

    def _replaced_once(
        self, request: ImageRequest, bases: Mapping[str, str]
    ) -> tuple[str, str] | None:
        """An image made of its donor; ``None`` if that was deleted since it was looked up."""
        try:
            return self._once(request, "", lambda: self._replaced(request, bases))
        except NotFound as gone:
            self._run_log.note(f"The image of {request.name} is built after all: {gone.message}")
            return None

    def _once(
        self, request: ImageRequest, form: str, work: Callable[[], tuple[str, str, int]]
    ) -> tuple[str, str]:
        """An image, made once for all functions that share it; and how it was made."""
        fingerprint = self._context.steps[request.step].fingerprint
        (uri, what, size), is_first = self._images_by_content.get(
            (request.source.repository, fingerprint, form), work
        )
        self.sizes[request.name] = size
        digest = uri.rpartition("@")[2]
        return uri, what if is_first else f"{digest[:19]}, made for another function"

    def stems(self, bases: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """The tags of the images' stems, by name."""
        return {each.name: self._tags(each, bases).of_stem for each in self._desired.images}

    def _tags(self, request: ImageRequest, bases: Mapping[str, str]) -> AppTags:
        """The tags of an app image on its base."""
        source, steps = request.source, self._context.steps
        recipe, base = self._recipes[request.step], bases[source.base] if source.base else ""
        of_base = steps[f"base:{source.base}"].fingerprint if source.base else ""
        parts = fingerprint_parts(recipe, self._prints, of_base)
        try:
            of_base = base_of_stem(request, recipe, self._prints, base.rpartition("@")[2])
            stems = fingerprint_parts(recipe, self._prints, of_base, recipe.stem)
        except UncertainLayer:
            stems = []
        return AppTags.of(parts, steps[request.step].fingerprint, base, stems)

    def _build_app(
        self, request: ImageRequest, bases: Mapping[str, str], compression: Compression
    ) -> tuple[str, str, int]:
        """Build and push; returns the URI by digest, how it was built, and its size in bytes."""
        context, source = self._context, request.source
        step, repository = context.steps[request.step], self._repositories.get(source.repository)
        tags = self._tags(request, bases)
        self._free(repository, request, tags)
        image = self._build_of(step, f"image of {request.name}", repository, tags.of_content)
        base = bases[source.base] if source.base else ""
        image = replace(
            image,
            build_args={**image.build_args, **({BASE_IMAGE: base} if base else {})},
            no_cache=self._desired.event.asks_for("no-cache"),
            compression=compression,
        )
        how = self._built(
            image,
            source,
            step,
            repository,
            cache_expected=request.name in context.functions and not self._is_new(source.base),
        )
        pushed = self._repositories.examined(
            source.repository, tags.current[-1], image.what, request.architecture
        )
        if ends_with(self._recipes[step.id].tail, pushed.manifest.content, pushed.configuration):
            for tag in tags.of_stem:
                self._registry.tag(source.repository, pushed.manifest, tag)
        self._repositories.keep(source.repository, pushed)
        self._repositories.warn(request, tags, pushed.digest)
        what = f"{pushed.digest[:19]}, {units.size(pushed.size)}, {how}"
        return f"{repository.uri}@{pushed.digest}", what, pushed.size

    def _free(self, repository: Repository, request: ImageRequest, tags: AppTags) -> None:
        """Remove the tags of an image that is made anew, where they cannot move."""
        exempt = () if request.name in self._context.images else tags.current
        self._repositories.free(repository, tags.of_content, exempt)

    def _replaced(self, request: ImageRequest, bases: Mapping[str, str]) -> tuple[str, str, int]:
        """Make an image of its donor; returns the same as ``_build_app``."""
        from lambda_fast_deploy.packaging.images import replacing  # builds do not need it

        step, name = self._context.steps[request.step], request.source.repository
        replacement = self._context.replacements[request.name]
        check = self._check(step, f"image of {request.name}")
        with workers(2) as pool:  # what does not depend on each other
            repository = pool.submit(self._repositories.get, name)
            tags = pool.submit(self._tags, request, bases)
            made = replacing.push_replacement(
                replacement, request, step, self._registry, self._mounts, check, self._run_log
            )
            digest = made.manifest.digest
            self._free(repository.result(), request, tags.result())
            warning = pool.submit(self._repositories.warn, request, tags.result(), digest)
            replacing.tag_replacement(made.manifest, name, tags.result(), self._registry)
            warning.result()
        return f"{repository.result().uri}@{digest}", made.how, made.size

    # ------------------------------------------------------------ builds

    def _build_of(
        self, step: Step, what: str, repository: Repository, tags: Iterable[str]
    ) -> ImageBuild:
        references = tuple(f"{repository.uri}:{tag}" for tag in tags)
        return build_of(self._recipes[step.id], what, references, self._prints)

    def _built(
        self,
        image: ImageBuild,
        source: Base | ImageSource,
        step: Step,
        repository: Repository,
        *,
        cache_expected: bool = False,
    ) -> str:
        """Build and push an image with the builder for it; returns how, for people."""
        from lambda_fast_deploy.packaging.images import builders  # replacements need none
        from lambda_fast_deploy.packaging.images.builders.builder import BuildJob

        builder, reason = builders.builder_of(source, self._context.clients)
        how = builder.build(
            BuildJob(
                image=image,
                source=source,
                step=step,
                repository=repository,
                registry=self._session,
                check=self._check(step, image.what),
                run_log=self._run_log,
                cache_expected=cache_expected,
            )
        )
        if reason and isinstance(source, Base):
            return f"by {builder.name}, since {reason}; {how}"
        return how

    def _check(self, step: Step, what: str) -> Callable[[], None]:
        """The check that raises if the files of an image changed during the build."""
        recipe = self._recipes[step.id]
        return lambda: still(what, self._prints.recipes[step.id], lambda: recipe.fingerprint)

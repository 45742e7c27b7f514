"""Base images and app images of one region: each built once, found again by its content."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

from engine.adapters.aws.registry import Manifest, Repository
from engine.adapters.files import read_text
from engine.build.image_builder import ImageBuilder
from engine.build.lifecycle import POLICY, SAFE, kept_tag, warning
from engine.build.machine import is_for_buildkit
from engine.build.preflight import child, examine
from engine.build.site import Site
from engine.content.builders import links_copies
from engine.content.dockerfile import read
from engine.content.fingerprint import of_base, of_image, still
from engine.content.upstreams import upstreams
from engine.errors import BuildFailed
from engine.model import (
    Action,
    Base,
    Compression,
    Function,
    ImageBuild,
    ImageSource,
    Step,
)
from engine.model.sizes import shown
from engine.plan.bases import base_tag
from engine.plan.observe import app_tag

MEMORY = "lambda-fast-deploy:compression"  # resource tag of a repository


class Images:
    """Builds for one region: an image must be in the registry of the function's region."""

    def __init__(self, site: Site, recipes: Mapping[str, str]) -> None:
        self._site = site
        self._recipes = recipes  # of bases, by their fingerprints
        self._settings = site.settings
        self._observed = site.observed
        self._journal = site.journal
        self._registry = site.world.registry(site.region)
        self._builder = ImageBuilder(self._registry, site.world, site.journal)
        self.sizes: dict[str, int] = {}
        self._repositories: dict[str, Repository] = {}
        self._lock = threading.Lock()

    def _repository(self, name: str) -> Repository:
        with self._lock:
            if name not in self._repositories:
                self._repositories[name] = self._registry.repository(name, POLICY)
            return self._repositories[name]

    # ------------------------------------------------------------ bases

    def base(self, name: str) -> str:
        """URI of a base image by digest; nothing when it is not there and nobody needs it."""
        step, base = self._site.step("base", name), self._settings.bases[name]
        if step.action is not Action.BUILD:
            return self._found(name) if name in self._observed.bases else ""
        with self._journal.step(step) as detail:
            repository = self._repository(base.repository)
            tag, recipe = base_tag(base, step.fingerprint), self._recipes[name]
            self._release(repository, (base_tag(base, recipe), tag))
            tags = (*self._human_tag(repository, base), base_tag(base, recipe), tag)
            image = ImageBuild(
                what=f"base image {name}",
                # The content's own tag last: it is what later runs look for.
                references=tuple(f"{repository.uri}:{each}" for each in dict.fromkeys(tags)),
                context=base.context,
                dockerfile=base.dockerfile,
                build_args=base.build_args,
                platform=base.architecture.platform,
                secrets=base.secrets,
                no_cache=self._settings.event.asks_for("rebuild-base"),
            )

            def check() -> None:
                still(image.what, recipe, lambda: of_base(base))

            how = self._build_base(base, image, step, repository, check)
            detail(f"{base.repository}:{tag}, {how}")
            return f"{repository.uri}@{self._pushed(repository, tag)}"

    def _human_tag(self, repository: Repository, base: Base) -> tuple[str, ...]:
        """The base's own tag, unless the repository holds it fast on another image."""
        if repository.lets_move(base.tag) or not self._registry.digest(repository.name, base.tag):
            return (base.tag,)
        self._journal.note(
            f"Repository {repository.name} is immutable, so its tag {base.tag} stays on an older "
            "base; functions get the new one by its digest."
        )
        return ()

    def _release(self, repository: Repository, tags: Iterable[str]) -> None:
        """Take tags of ours off what has them where they cannot move by themselves."""
        for tag in tags:
            if not repository.lets_move(tag):
                self._registry.untag(repository.name, tag)

    def _pushed(self, repository: Repository, tag: str) -> str:
        """The digest behind a tag that was pushed."""
        if found := self._registry.digest(repository.name, tag):
            return found
        raise BuildFailed(f"{repository.uri}:{tag} was pushed, but ECR does not show it")

    def _found(self, name: str) -> str:
        """URI of a base image that was there before the run."""
        repository = self._repository(self._settings.bases[name].repository)
        return f"{repository.uri}@{self._observed.bases[name]}"

    def _build_base(
        self,
        base: Base,
        image: ImageBuild,
        step: Step,
        repository: Repository,
        check: Callable[[], None],
    ) -> str:
        """Build and push a base; which builder did it, and why."""
        if reason := is_for_buildkit(base, self._site.world):
            how = self._builder.by_buildkit(image, step, repository, check)
            return f"by BuildKit, since {reason}; {how}"
        return self._builder.by_engine(image, step, check)

    def _is_new(self, base: str | None) -> bool:
        return base is not None and self._site.step("base", base).action is Action.BUILD

    # ------------------------------------------------------------ apps

    def app(self, function: Function, source: ImageSource, bases: Mapping[str, str]) -> str:
        """URI of a function's image by digest."""
        step = self._site.step("image", function.name)
        if step.action is Action.REUSE:
            digest = self._observed.images[function.name]
            known = self._observed.functions.get(function.name)
            if known and known.latest.image_digest == digest:
                return known.latest.code_location
            return f"{self._repository(source.repository).uri}@{digest}"
        with self._journal.step(step) as detail:
            self._hint(source)
            remembered = self._registry.note(self._repository(source.repository), MEMORY)
            compression = source.compression
            if compression == "auto":
                compression = "gzip" if remembered == "gzip" else "zstd"
            uri, what = self._build_app(function, source, bases, compression)
            detail(what)
            return uri

    def in_gzip(self, function: Function, source: ImageSource, bases: Mapping[str, str]) -> str:
        """Build a function's image again, since Lambda refused its layers; remember that."""
        why = "Lambda refuses zstd layers; remembered for the next run"
        step = self._site.step("image", function.name)
        with self._journal.work(step.id, Action.BUILD, why, step.region) as detail:
            uri, what = self._build_app(function, source, bases, "gzip")
            self._registry.remember(self._repository(source.repository), MEMORY, "gzip")
            detail(what)
        self._journal.note(
            f"Lambda refuses the zstd layers of {function.name}; it was built again with gzip, and "
            f"will be from now on (tag {MEMORY} of repository {source.repository})."
        )
        return uri

    def _build_app(
        self,
        function: Function,
        source: ImageSource,
        bases: Mapping[str, str],
        compression: Compression,
    ) -> tuple[str, str]:
        """Build and push; the URI by digest, and what it took."""
        step = self._site.step("image", function.name)
        repository = self._repository(source.repository)
        base = bases[source.base] if source.base else ""
        tags = dict.fromkeys((app_tag(step.fingerprint), app_tag(step.fingerprint, base)))
        self._release(repository, tags)
        image = ImageBuild(
            what=f"image of {function.name}",
            references=tuple(f"{repository.uri}:{tag}" for tag in tags),
            context=source.context,
            dockerfile=source.dockerfile,
            build_args={**source.build_args, **({"BASE_IMAGE": base} if base else {})},
            platform=function.architecture.platform,
            secrets=source.secrets,
            no_cache=self._settings.event.asks_for("no-cache"),
            compression=compression,
        )
        print_of_base = self._site.step("base", source.base).fingerprint if source.base else ""

        def check() -> None:
            still(image.what, step.fingerprint, lambda: of_image(function, source, print_of_base))

        if self._site.world.buildx.builder:
            knows = function.name in self._observed.functions and not self._is_new(source.base)
            how = self._builder.by_buildkit(image, step, repository, check, cache_expected=knows)
            how = f"{how}, {compression}"
        else:
            how = self._builder.by_engine(image, step, check)
        ready = self._preflight(function, source, self._pushed(repository, next(iter(tags))))
        size = shown(self.sizes[function.name])
        return f"{repository.uri}@{ready}", f"{ready[:19]}, {size}, {how}"

    def _preflight(self, function: Function, source: ImageSource, digest: str) -> str:
        """The digest to deploy, once nothing is left that Lambda is known to refuse."""
        found = self._registry.manifest(source.repository, digest)
        if "manifests" in found.content:
            digest = child(found.content, function.architecture)
            found = self._registry.manifest(source.repository, digest)
        self._keep(function, source, found, digest)
        configuration = self._registry.configuration(source.repository, found.content)
        what = f"image of {function.name}"
        size = examine(what, found.content, configuration, function.architecture)
        self.sizes[function.name] = size
        return digest

    def _keep(
        self, function: Function, source: ImageSource, manifest: Manifest, digest: str
    ) -> None:
        """Give an image a tag that stays, and warn of rules that could expire it all the same."""
        self._registry.tag(source.repository, manifest, kept_tag(digest))
        tags = (app_tag(self._site.step("image", function.name).fingerprint), kept_tag(digest))
        policy = self._registry.policy(source.repository)
        if says := warning(source.repository, function.name, policy, tags):
            self._journal.note(f"{says} {SAFE}")

    def _hint(self, source: ImageSource) -> None:
        name, text = source.dockerfile.name, read_text(source.dockerfile)
        if not links_copies(read(text)):
            self._journal.note(
                f"{name} copies without --link; with COPY --link a code change neither pulls nor "
                "rebuilds what lies beneath it."
            )
        for base in self._settings.bases.values():
            tag = f"/{base.repository}:{base.tag}"
            found = [each for each in upstreams(text, source.build_args) if each.endswith(tag)]
            if found and source.base != base.name:
                self._journal.note(
                    f"{name} starts from base {base.name} by its tag; say base: {base.name} as "
                    "well, so that a new base makes a new image."
                )

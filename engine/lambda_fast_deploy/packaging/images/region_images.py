"""Base images and app images of one region: each built once, found again by its content."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.registry import Manifest, Repository
from lambda_fast_deploy.adapters.parallel import OncePerKey
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.fingerprints import still
from lambda_fast_deploy.fingerprints.images.recipe import parts_of, recipes_of, standing_on
from lambda_fast_deploy.fingerprints.images.upstream_images import BASE_IMAGE, UnknownImage
from lambda_fast_deploy.models import (
    Action,
    Architecture,
    Base,
    Compression,
    Fingerprints,
    Function,
    ImageBuild,
    ImageSource,
    Step,
)
from lambda_fast_deploy.packaging.images.image_build import ImageBuilder
from lambda_fast_deploy.packaging.images.lifecycle_policy import POLICY, SAFE, warning
from lambda_fast_deploy.packaging.images.manifest_check import child, examine
from lambda_fast_deploy.packaging.images.notes import hints
from lambda_fast_deploy.packaging.region_context import RegionContext
from lambda_fast_deploy.packaging.required_tools import is_for_buildkit
from lambda_fast_deploy.state.image_tags import ImageTag, app_tag, base_tag, kept_tag, part_tag
from lambda_fast_deploy.state.repository_tags import COMPRESSION


class RegionImages:
    """Builds for one region: an image must be in the registry of the function's region."""

    def __init__(self, context: RegionContext, prints: Fingerprints) -> None:
        self._context = context
        self._prints = prints
        self._recipes = {each.step: each for each in recipes_of(context.settings, prints.foreign)}
        self._made: OncePerKey[tuple[str, str, str], tuple[str, str, int]] = OncePerKey()
        self._settings = context.settings
        self._observed = context.observed
        self._journal = context.journal
        self._registry = context.clients.registry(context.region)
        self._builder = ImageBuilder(self._registry, context.clients, context.journal)
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
        step, base = self._context.step("base", name), self._settings.bases[name]
        if step.action is not Action.BUILD:
            return self._found(name) if name in self._observed.bases else ""
        with self._journal.step(step) as detail:
            repository = self._repository(base.repository)
            newest, *parts, _ = self._parts(step)
            tag = base_tag(base, step.fingerprint)
            own = [base_tag(base, newest), *(part_tag(base, each) for each in parts), tag]
            self._release(repository, own, keeps=() if name in self._observed.bases else (tag,))
            tags = (*self._human_tag(repository, base), *own)
            # The content's own tag last: it is what later runs look for.
            image = replace(
                self._image(step, f"base image {name}", repository, tuple(dict.fromkeys(tags))),
                no_cache=self._settings.event.asks_for("rebuild-base"),
            )
            how = self._build_base(base, image, step, repository)
            self._examined(base.repository, tag, image.what, base.architecture)
            detail(f"{base.repository}:{tag}, {how}")
            return f"{repository.uri}@{self._pushed(base.repository, tag)}"

    def _image(
        self, step: Step, what: str, repository: Repository, tags: tuple[str, ...]
    ) -> ImageBuild:
        """An image to build, from the digests that were asked for."""
        recipe = self._recipes[step.id]
        source, names = recipe.source, recipe.upstreams()
        wanted = names if source.follow_upstream else []
        digests = {name: self._prints.digests.get(name) for name in wanted}
        # Of a registry that answers nothing, a copy will do.
        pulls = None in digests.values() or recipe.names_base
        try:
            text = recipe.pinned({name: digest for name, digest in digests.items() if digest})
        except UnknownImage:
            text, pulls = recipe.dockerfile.text, True
        return ImageBuild(
            what=what,
            references=tuple(f"{repository.uri}:{tag}" for tag in tags),
            context=source.context,
            dockerfile=source.dockerfile,
            build_args=source.build_args,
            platform=recipe.architecture.platform,
            text=text,
            kinds=recipe.content.kinds,
            upstreams=tuple(names),
            pulls=pulls,
            secrets=source.secrets,
        )

    def _parts(self, step: Step, of_base: str = "") -> list[str]:
        """The fingerprints that an image is found by when not all is known that it stands on.

        The first is of nothing known, the last of all.
        """
        recipe = self._recipes[step.id]
        names = recipe.upstreams() if recipe.source.follow_upstream else []
        digests = {name: digest for name in names if (digest := self._prints.digests.get(name))}
        own = self._prints.recipes[step.id]
        found = [standing_on(own, part, of_base) for part in parts_of(digests)]
        return found if len(found) > 1 else [*found, *found]

    def _check(self, step: Step, image: ImageBuild) -> Callable[[], None]:
        """What raises if the files are others by now."""
        recipe = self._recipes[step.id]
        return lambda: still(image.what, self._prints.recipes[step.id], lambda: recipe.fingerprint)

    def _examined(
        self, repository: str, tag: str, what: str, architecture: Architecture
    ) -> tuple[str, Manifest, int]:
        """The digest of what was pushed, its manifest and its bytes.

        Raises:
            BuildFailed: Lambda is known to refuse it.
        """
        digest = self._pushed(repository, tag)
        found = self._registry.manifest(repository, digest)
        if "manifests" in found.content:
            digest = child(found.content, architecture)
            found = self._registry.manifest(repository, digest)
        configuration = self._registry.configuration(repository, found.content)
        return digest, found, examine(what, found.content, configuration, architecture)

    def _human_tag(self, repository: Repository, base: Base) -> tuple[str, ...]:
        """The base's own tag, unless the repository holds it fast on another image."""
        tag = ImageTag.HUMAN.named(tag=base.tag)
        if repository.lets_move(tag) or not self._registry.digest(repository.name, tag):
            return (tag,)
        self._journal.note(
            f"Repository {repository.name} is immutable, so its tag {tag} stays on an older "
            "base; functions get the new one by its digest."
        )
        return ()

    def _release(self, repository: Repository, tags: Iterable[str], keeps: Collection[str]) -> None:
        """Take tags of ours off what has them where they cannot move by themselves.

        But for those that another run must have given since they were looked for: what has them
        has the same content.
        """
        for tag in tags:
            if tag not in keeps and not repository.lets_move(tag):
                self._registry.untag(repository.name, tag)

    def _pushed(self, repository: str, tag: str) -> str:
        """The digest behind a tag that was pushed."""
        if found := self._registry.digest(repository, tag):
            return found
        raise BuildFailed(f"{repository}:{tag} was pushed, but ECR does not show it")

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
    ) -> str:
        """Build and push a base; which builder did it, and why."""
        check = self._check(step, image)
        if reason := is_for_buildkit(base, self._context.clients):
            how = self._builder.by_buildkit(image, step, repository, check)
            return f"by BuildKit, since {reason}; {how}"
        return self._builder.by_engine(image, step, check)

    def _is_new(self, base: str | None) -> bool:
        return base is not None and self._context.step("base", base).action is Action.BUILD

    # ------------------------------------------------------------ apps

    def app(self, function: Function, source: ImageSource, bases: Mapping[str, str]) -> str:
        """URI of a function's image by digest."""
        step = self._context.step("image", function.name)
        if step.action is Action.REUSE:
            digest = self._observed.images[function.name]
            known = self._observed.functions.get(function.name)
            if known and known.latest.image_digest == digest:
                return known.latest.code_location
            return f"{self._repository(source.repository).uri}@{digest}"
        with self._journal.step(step) as detail:
            for says in hints(self._recipes[step.id], self._settings):
                self._journal.note(says)
            remembered = self._registry.note(self._repository(source.repository), COMPRESSION)
            compression = source.compression
            if compression == "auto":
                compression = "gzip" if remembered == "gzip" else "zstd"
            uri, what = self._made_once(function, source, bases, compression)
            detail(what)
            return uri

    def in_gzip(self, function: Function, source: ImageSource, bases: Mapping[str, str]) -> str:
        """Build a function's image again, since Lambda refused its layers; remember that."""
        why = "Lambda refuses zstd layers; remembered for the next run"
        step = self._context.step("image", function.name)
        with self._journal.work(step.id, Action.BUILD, why, step.region) as detail:
            uri, what = self._made_once(function, source, bases, "gzip")
            self._registry.remember(self._repository(source.repository), COMPRESSION, "gzip")
            detail(what)
        self._journal.note(
            f"Lambda refuses the zstd layers of {function.name}; it was built again with gzip, and "
            f"will be from now on (tag {COMPRESSION} of repository {source.repository})."
        )
        return uri

    def _made_once(
        self,
        function: Function,
        source: ImageSource,
        bases: Mapping[str, str],
        compression: Compression,
    ) -> tuple[str, str]:
        """An image, by whichever of the functions that share it was first; and what it took."""
        fingerprint = self._context.step("image", function.name).fingerprint
        (uri, what, size), is_first = self._made.get(
            (source.repository, fingerprint, compression),
            lambda: self._build_app(function, source, bases, compression),
        )
        self.sizes[function.name] = size
        return (
            uri,
            what if is_first else f"{uri.rpartition('@')[2][:19]}, built for another function",
        )

    def _build_app(
        self,
        function: Function,
        source: ImageSource,
        bases: Mapping[str, str],
        compression: Compression,
    ) -> tuple[str, str, int]:
        """Build and push; the URI by digest, what it took, and its bytes."""
        step = self._context.step("image", function.name)
        repository = self._repository(source.repository)
        base = bases[source.base] if source.base else ""
        of_base = self._context.step("base", source.base).fingerprint if source.base else ""
        prints = dict.fromkeys((*self._parts(step, of_base), step.fingerprint))  # its own last
        tags = [*dict.fromkeys(app_tag(each, on) for each in prints for on in (base, ""))]
        mine = [app_tag(step.fingerprint, on) for on in (base, "")]
        is_there = function.name in self._observed.images
        self._release(repository, tags, keeps=() if is_there else mine)
        image = self._image(step, f"image of {function.name}", repository, tuple(tags))
        image = replace(
            image,
            build_args={**image.build_args, **({BASE_IMAGE: base} if base else {})},
            no_cache=self._settings.event.asks_for("no-cache"),
            compression=compression,
        )
        check = self._check(step, image)
        if self._context.clients.buildx.builder:
            knows = function.name in self._observed.functions and not self._is_new(source.base)
            how = self._builder.by_buildkit(image, step, repository, check, cache_expected=knows)
            how = f"{how}, {compression}"
        else:
            how = self._builder.by_engine(image, step, check)
            self._builder.make_uniform(image, repository)
        digest, manifest, size = self._examined(
            source.repository, tags[-1], image.what, function.architecture
        )
        self._keep(function, source, manifest, digest)
        return f"{repository.uri}@{digest}", f"{digest[:19]}, {units.size(size)}, {how}", size

    def _keep(
        self, function: Function, source: ImageSource, manifest: Manifest, digest: str
    ) -> None:
        """Give an image a tag that stays, and warn of rules that could expire it all the same."""
        self._registry.tag(source.repository, manifest, kept_tag(digest))
        tags = (app_tag(self._context.step("image", function.name).fingerprint), kept_tag(digest))
        policy = self._registry.policy(source.repository)
        if says := warning(source.repository, function.name, policy, tags):
            self._journal.note(f"{says} {SAFE}")

"""Base images and app images of one region: each built once, found again by its content."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from engine.adapters.aws.registry import Login, Repository
from engine.adapters.world import World
from engine.build.lifecycle import POLICY, kept_tag, threats
from engine.build.preflight import child, examine
from engine.content.dockerfile import links_copies, needs_buildkit
from engine.content.fingerprint import of_base
from engine.errors import BuildFailed
from engine.journal import Journal
from engine.model import (
    Action,
    Base,
    Compression,
    Function,
    ImageBuild,
    ImageSource,
    ObservedRegion,
    Plan,
    Settings,
    Step,
)
from engine.plan.bases import base_tag
from engine.plan.observe import app_tag

CACHE_TAG = "buildcache"
MEMORY = "lambda-fast-deploy:compression"  # resource tag of a repository


class Images:
    """Builds for one region: an image must be in the registry of the function's region."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        observed: ObservedRegion,
        world: World,
        journal: Journal,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._observed = observed
        self._world = world
        self._journal = journal
        self._registry = world.registry(observed.region)
        self._repositories: dict[str, Repository] = {}
        self._lock = threading.Lock()

    @cached_property
    def _login(self) -> Login:
        return self._registry.login()

    def _repository(self, name: str) -> Repository:
        with self._lock:
            if name not in self._repositories:
                self._repositories[name] = self._registry.repository(name, POLICY)
            return self._repositories[name]

    def _step(self, kind: str, name: str) -> Step:
        return self._plan.step(self._observed.region, f"{kind}:{name}")

    # ------------------------------------------------------------ bases

    def base(self, name: str) -> str:
        """URI of a base image by digest; nothing when no image is built on it."""
        step, base = self._step("base", name), self._settings.bases[name]
        if step.action is Action.REUSE and self._is_built_on(name):
            return self._found(name)
        if step.action is not Action.BUILD:
            return ""
        with self._journal.step(step) as detail:
            repository = self._repository(base.repository).uri
            tag = base_tag(base, step.fingerprint)
            # The content's own tag last: it is what later runs look for.
            tags = dict.fromkeys((base.tag, base_tag(base, of_base(base)), tag))
            image = ImageBuild(
                what=f"base image {name}",
                references=tuple(f"{repository}:{each}" for each in tags),
                context=base.context,
                dockerfile=base.dockerfile,
                build_args=base.build_args,
                platform=base.architecture.platform,
                no_cache=self._settings.event.asks_for("rebuild-base"),
            )
            builder = self._build_base(base, image, f"{repository}:{CACHE_TAG}")
            pushed = self._registry.digest(base.repository, tag)
            if not pushed:
                raise BuildFailed(f"{repository}:{tag} was pushed, but ECR does not show it")
            detail(f"{base.repository}:{tag}, {builder}")
            return f"{repository}@{pushed}"

    def _found(self, name: str) -> str:
        """URI of a base image that was there before the run."""
        repository = self._repository(self._settings.bases[name].repository)
        return f"{repository.uri}@{self._observed.bases[name]}"

    def _build_base(self, base: Base, image: ImageBuild, cache: str) -> str:
        """Build and push a base; which builder did it, and why."""
        reason = needs_buildkit(base.dockerfile.read_text(encoding="utf-8"))
        if not reason and Path(f"{base.dockerfile}.dockerignore").is_file():
            reason = "an ignore file of its own"
        if reason:
            self._world.buildx.build(image, cache=cache, login=self._login, on_line=lambda _: None)
            return f"by BuildKit, since it has {reason}"
        self._world.docker.log_in(self._login)
        self._world.docker.build(image, lambda _: None)
        self._world.docker.push(image.references)
        return "by the Docker engine"

    def _is_built_on(self, base: str) -> bool:
        return any(
            self._step("image", function.name).action is Action.BUILD
            for function in self._settings.functions
            if isinstance(function.source, ImageSource) and function.source.base == base
        )

    # ------------------------------------------------------------ apps

    def app(self, function: Function, source: ImageSource, bases: Mapping[str, str]) -> str:
        """URI of a function's image by digest."""
        step = self._step("image", function.name)
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
        step = self._step("image", function.name)
        with self._journal.work(step.id, Action.BUILD, why, step.region) as detail:
            uri, what = self._build_app(function, source, bases, "gzip")
            self._registry.remember(self._repository(source.repository), MEMORY, "gzip")
            detail(f"{what}, gzip")
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
        repository = self._repository(source.repository).uri
        tag = app_tag(self._step("image", function.name).fingerprint)
        base = {"BASE_IMAGE": bases[source.base] or self._found(source.base)} if source.base else {}
        stages = _Stages()
        self._world.buildx.build(
            ImageBuild(
                what=f"image of {function.name}",
                references=(f"{repository}:{tag}",),
                context=source.context,
                dockerfile=source.dockerfile,
                build_args={**source.build_args, **base},
                platform=function.architecture.platform,
                no_cache=self._settings.event.asks_for("no-cache"),
                compression=compression,
            ),
            cache=f"{repository}:{CACHE_TAG}",
            login=self._login,
            on_line=stages.read,
        )
        pushed = self._registry.digest(source.repository, tag)
        if not pushed:
            raise BuildFailed(f"{repository}:{tag} was pushed, but ECR does not show it")
        ready = self._preflight(function, source, pushed)
        return f"{repository}@{ready}", f"{ready[:19]}, {stages}"

    def _preflight(self, function: Function, source: ImageSource, digest: str) -> str:
        """The digest to deploy, once nothing is left that Lambda is known to refuse."""
        text = self._registry.manifest(source.repository, digest)
        manifest = json.loads(text)
        if "manifests" in manifest:
            digest = child(manifest, function.architecture)
            text = self._registry.manifest(source.repository, digest)
            manifest = json.loads(text)
        self._keep(function, source, text, digest)
        configuration = self._registry.configuration(source.repository, manifest)
        examine(f"image of {function.name}", manifest, configuration, function.architecture)
        return digest

    def _keep(self, function: Function, source: ImageSource, manifest: str, digest: str) -> None:
        """Give an image a tag that stays, and warn of rules that could expire it all the same."""
        self._registry.tag(source.repository, manifest, kept_tag(digest))
        tags = (app_tag(self._step("image", function.name).fingerprint), kept_tag(digest))
        policy = self._registry.policy(source.repository)
        if policy and (rules := threats(policy, tags)):
            self._journal.note(
                f"Repository {source.repository} can lose images that versions of {function.name} "
                f"use: {', '.join(rules)} of its lifecycle policy selects them. Give it a policy "
                f"for untagged images only: {POLICY}"
            )

    def _hint(self, source: ImageSource) -> None:
        if not links_copies(source.dockerfile.read_text(encoding="utf-8")):
            self._journal.note(
                f"{source.dockerfile.name} copies without --link; with COPY --link a code change "
                "neither pulls nor rebuilds what lies beneath it."
            )


class _Stages:
    """Counts in BuildKit's log how much of the work was found in a cache."""

    def __init__(self) -> None:
        self._cached = 0
        self._all = 0

    def read(self, line: str) -> None:
        """Take a line of the log."""
        cached = line.endswith(" CACHED")
        self._cached += cached
        self._all += cached or " DONE " in line

    def __str__(self) -> str:
        return f"{self._cached} of {self._all} stages cached"

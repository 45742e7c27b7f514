"""The build phase: everything the plan says, independent things at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from engine.adapters.aws.registry import Login
from engine.adapters.parallel import results, workers
from engine.adapters.world import World
from engine.build.budget import DIRECT_LIMIT, UNZIPPED_LIMIT, check_size
from engine.build.layer import build_layer
from engine.errors import BuildFailed
from engine.journal import Journal
from engine.model import (
    Action,
    Archive,
    Artifacts,
    Fingerprints,
    Function,
    ImageSource,
    Layer,
    LayerVersion,
    ObservedRegion,
    Plan,
    Settings,
    Step,
    ZipSource,
)
from engine.plan.observe import app_tag, base_tag

BUILDS_AT_ONCE = 2  # GitHub's smallest runners have two cores


def build(
    settings: Settings,
    plan: Plan,
    fingerprints: Fingerprints,
    observed: Mapping[str, ObservedRegion],
    world: World,
    journal: Journal,
) -> dict[str, Artifacts]:
    """Make what the plan says is missing, in every region; the rest is found.

    Raises:
        NotReady: Docker or its buildx is needed and not there.
        BuildFailed: something could not be made, or is over its budget.
    """
    _check_code(settings, fingerprints)
    _check_docker(plan, world, journal)
    layers = _LayerBuilder()
    return {
        region: _Region(
            settings, plan, fingerprints, observed[region], world, journal, layers
        ).build()
        for region in settings.regions
    }


def _check_code(settings: Settings, fingerprints: Fingerprints) -> None:
    for name, code in fingerprints.archives.items():
        check_size(f"the code of {name}", code.unzipped, settings.budgets.code, "unzipped")
        check_size(f"the code of {name}", code.size, DIRECT_LIMIT, "zipped")


def _check_docker(plan: Plan, world: World, journal: Journal) -> None:
    kinds = {step.kind for step in plan.steps if step.action is Action.BUILD}
    if kinds & {"base", "image"}:
        world.docker.ready()
    if "image" in kinds and not world.docker.exports_cache:
        journal.note(
            "This builder cannot write a registry cache, so images are built from the start on a "
            "fresh machine; add docker/setup-buildx-action before this step."
        )


class _LayerBuilder:
    """Builds each layer once, however many regions want it."""

    def __init__(self) -> None:
        self._made: dict[str, Archive] = {}
        self._lock = threading.Lock()

    def archive(self, layer: Layer, on_line: Callable[[str], None]) -> Archive:
        with self._lock:
            if layer.name not in self._made:
                self._made[layer.name] = build_layer(layer, on_line)
            return self._made[layer.name]


class _Region:
    """Builds for one region: an image must be in the registry of the function's region."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        fingerprints: Fingerprints,
        observed: ObservedRegion,
        world: World,
        journal: Journal,
        layers: _LayerBuilder,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._fingerprints = fingerprints
        self._observed = observed
        self._region = observed.region
        self._world = world
        self._journal = journal
        self._layer_builder = layers
        self._login: Login | None = None
        self._repositories: dict[str, str] = {}
        self._lock = threading.Lock()

    def build(self) -> Artifacts:
        with workers() as pool:
            publishing = {n: pool.submit(self._layer, n) for n in self._settings.layers}
            bases = results({n: pool.submit(self._base, n) for n in self._settings.bases})
            layers = results(publishing)
        for function in self._settings.functions:
            if isinstance(function.source, ZipSource):
                self._check_total(function, function.source, layers)
        with workers(BUILDS_AT_ONCE) as pool:
            images = results(
                {
                    function.name: pool.submit(self._image, function, function.source, bases)
                    for function in self._settings.functions
                    if isinstance(function.source, ImageSource)
                }
            )
        return Artifacts(
            bases=bases, images=images, layers=layers, archives=self._fingerprints.archives
        )

    def _step(self, kind: str, name: str) -> Step:
        return self._plan.step(self._region, f"{kind}:{name}")

    def _check_total(
        self, function: Function, source: ZipSource, layers: Mapping[str, LayerVersion]
    ) -> None:
        size = self._fingerprints.archives[function.name].unzipped
        size += sum(layers[name].size for name in source.layers)
        budget = self._settings.budgets.total
        check_size(f"{function.name} with its layers", size, budget, "unzipped")
        check_size(f"{function.name} with its layers", size, UNZIPPED_LIMIT, "unzipped")

    # ------------------------------------------------------------ layers

    def _layer(self, name: str) -> LayerVersion:
        step, layer = self._step("layer", name), self._settings.layers[name]
        if step.action is Action.REUSE:
            found = self._observed.layers[name]
            self._check_layer(layer, found.size)
            return found
        with self._journal.step(step) as detail:
            built = self._layer_builder.archive(layer, lambda _: None)
            self._check_layer(layer, built.unzipped)
            check_size(f"layer {name}", built.size, DIRECT_LIMIT, "zipped")
            published = self._world.layers(self._region).publish(
                name,
                step.fingerprint,
                built.content,
                built.unzipped,
                layer.runtime,
                layer.architecture,
            )
            detail(f"{built.size / 1e6:.1f} MB zipped, {built.unzipped / 1e6:.1f} MB unzipped")
            return published

    def _check_layer(self, layer: Layer, unzipped: int) -> None:
        budget = layer.budget if layer.budget is not None else self._settings.budgets.layer
        check_size(f"layer {layer.name}", unzipped, budget, "unzipped")

    # ------------------------------------------------------------ images

    def _login_once(self) -> Login:
        with self._lock:
            if self._login is None:
                self._login = self._world.registry(self._region).login()
            return self._login

    def _repository(self, name: str) -> str:
        with self._lock:
            if name not in self._repositories:
                self._repositories[name] = self._world.registry(self._region).repository(name)
            return self._repositories[name]

    def _base(self, name: str) -> str:
        """URI of a base image by digest; nothing when nobody needs it."""
        step, base = self._step("base", name), self._settings.bases[name]
        if step.action is Action.SKIP:
            return ""
        if step.action is Action.REUSE:
            digest = self._observed.bases[name]
            return f"{self._repository(base.repository)}@{digest}" if self._builds_on(name) else ""
        with self._journal.step(step) as detail:
            repository = self._repository(base.repository)
            tag = base_tag(base.tag, step.fingerprint)
            self._world.docker.build(
                what=f"base image {name}",
                context=base.context,
                dockerfile=base.dockerfile,
                tag=f"{repository}:{tag}",
                build_args=base.build_args,
                platform=base.architecture.platform,
                on_line=lambda _: None,
            )
            # The content's own tag last: it is what later runs look for.
            self._world.docker.push(
                repository, (base.tag, tag), f"{repository}:{tag}", self._login_once()
            )
            pushed = self._world.registry(self._region).digest(base.repository, tag)
            if not pushed:
                raise BuildFailed(f"{repository}:{tag} was pushed, but ECR does not show it")
            detail(f"{base.repository}:{tag}")
            return f"{repository}@{pushed}"

    def _builds_on(self, base: str) -> bool:
        return any(
            self._step("image", function.name).action is Action.BUILD
            for function in self._settings.functions
            if isinstance(function.source, ImageSource) and function.source.base == base
        )

    def _image(self, function: Function, source: ImageSource, bases: Mapping[str, str]) -> str:
        """URI of a function's image by digest."""
        step = self._step("image", function.name)
        if step.action is Action.REUSE:
            digest = self._observed.images[function.name]
            functions = self._observed.functions.get(function.name)
            if functions and functions.latest.image_digest == digest:
                return functions.latest.code_location
            return f"{self._repository(source.repository)}@{digest}"
        with self._journal.step(step) as detail:
            repository = self._repository(source.repository)
            cached = [0, 0]

            def count(line: str) -> None:
                cached[0] += line.endswith(" CACHED")
                cached[1] += line.endswith(" CACHED") or " DONE " in line

            arguments = dict(source.build_args)
            if source.base:
                arguments["BASE_IMAGE"] = bases[source.base]
            digest = self._world.docker.buildx(
                what=f"image of {function.name}",
                context=source.context,
                dockerfile=source.dockerfile,
                image=f"{repository}:{app_tag(step.fingerprint)}",
                build_args=arguments,
                platform=function.architecture.platform,
                cache=f"{repository}:buildcache",
                no_cache=self._settings.event.asks_for("no-cache"),
                login=self._login_once(),
                on_line=count,
            )
            detail(f"{digest[:19]}, {cached[0]} of {cached[1]} stages cached")
            return f"{repository}@{digest}"

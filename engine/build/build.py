"""The build phase: everything the plan says, independent things at the same time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial

from engine.adapters.parallel import results, workers
from engine.adapters.world import World
from engine.build.budget import DIRECT_LIMIT, UNZIPPED_LIMIT, check_size, shown
from engine.build.images import Images
from engine.build.layer import BuiltLayer, build_layer, over_budget
from engine.build.machine import check_machine
from engine.journal import Journal
from engine.model import (
    Action,
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
        NotReady: a builder or a secret is needed and not there.
        BuildFailed: something could not be made, or is over its budget.
    """
    _check_code(settings, fingerprints)
    check_machine(settings, plan, world, journal)
    layers = _LayerBuilder(journal)
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


class _LayerBuilder:
    """Builds each layer once, however many regions and parts want it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._made: dict[str, Future[BuiltLayer]] = {}
        self._lock = threading.Lock()

    def built(self, layer: Layer, step: Step) -> BuiltLayer:
        """The layer; whoever asks first builds it, the others wait."""
        with self._lock:
            first = layer.name not in self._made
            future = self._made.setdefault(layer.name, Future())
        if first:
            try:
                made = build_layer(layer, partial(self._tell, step))
            except BaseException as error:
                future.set_exception(error)
                raise
            for note in made.notes:
                self._journal.note(note)
            future.set_result(made)
        return future.result()

    def _tell(self, step: Step, line: str) -> None:
        self._journal.check()
        self._journal.progress(step.id, line, step.region)


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
        self._images = Images(settings, plan, observed, world, journal)

    def build(self) -> Artifacts:
        with workers() as pool:
            publishing = {
                name: pool.submit(self._layer, name, layer)
                for layer in self._settings.layers.values()
                for name in layer.parts
                if self._step("layer", name).action is not Action.SKIP
            }
            bases = results({n: pool.submit(self._images.base, n) for n in self._settings.bases})
            layers = results(publishing)
        for function in self._settings.functions:
            if isinstance(function.source, ZipSource):
                self._check_total(function, function.source, layers)
        with workers(BUILDS_AT_ONCE) as pool:
            images = results(
                {
                    function.name: pool.submit(self._images.app, function, function.source, bases)
                    for function in self._settings.functions
                    if isinstance(function.source, ImageSource)
                }
            )
        return Artifacts(
            bases=bases,
            images=images,
            layers=layers,
            archives=self._fingerprints.archives,
            in_gzip={
                function.name: partial(self._images.in_gzip, function, function.source, bases)
                for function in self._settings.functions
                if isinstance(function.source, ImageSource)
                and function.source.compression == "auto"
            },
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

    def _layer(self, name: str, layer: Layer) -> LayerVersion:
        """The version of one part: reused by its requirements or its content, or published."""
        step = self._step("layer", name)
        if step.action is Action.REUSE:
            found = self._observed.layers[name]
            self._check_layer(name, layer, found.size, "")
            return found
        with self._journal.step(step) as detail:
            built = self._layer_builder.built(layer, step)
            part = built.parts[name]
            zipped = part.archive
            self._check_layer(name, layer, zipped.unzipped, over_budget(part, built))
            if (same := self._same(name, built)) and not self._must_tell(name, built):
                detail(f"version {same.number} holds the same")
                return same
            check_size(f"layer {name}", zipped.size, DIRECT_LIMIT, "zipped")
            published = self._world.layers(self._region).publish(
                name,
                LayerVersion(
                    arn="",
                    size=zipped.unzipped,
                    fingerprint=step.fingerprint,
                    content=part.content,
                    contents=tuple(each.content for each in built.parts.values()),
                ),
                zipped.content,
                layer.runtime,
                layer.architecture,
            )
            detail(
                f"version {published.number}, {shown(zipped.size)} zipped, "
                f"{shown(zipped.unzipped)} unzipped, {shown(built.pruned)} pruned in all"
            )
            return published

    def _same(self, name: str, built: BuiltLayer) -> LayerVersion | None:
        """A version of a part that holds what was built."""
        content = built.parts[name].content
        versions = self._observed.published.get(name, ())
        return next((version for version in versions if version.content == content), None)

    def _must_tell(self, name: str, built: BuiltLayer) -> bool:
        """Whether a part is published though it is there: one must tell of the requirements."""
        smallest = min(built.parts, key=lambda part: built.parts[part].archive.size)
        return name == smallest and all(self._same(part, built) for part in built.parts)

    def _check_layer(self, name: str, layer: Layer, unzipped: int, remedy: str) -> None:
        budget = layer.budget if layer.budget is not None else self._settings.budgets.layer
        check_size(f"layer {name}", unzipped, budget, "unzipped", remedy)
        check_size(f"layer {name}", unzipped, UNZIPPED_LIMIT, "unzipped", remedy)

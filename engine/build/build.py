"""The build phase: everything the plan says, independent things at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial

from engine.adapters.parallel import results, workers
from engine.adapters.world import World
from engine.build.budget import DIRECT_LIMIT, UNZIPPED_LIMIT, check_size
from engine.build.images import Images
from engine.build.layer import build_layer
from engine.build.machine import check_machine
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
        self._images = Images(settings, plan, observed, world, journal)

    def build(self) -> Artifacts:
        with workers() as pool:
            publishing = {
                name: pool.submit(self._layer, name)
                for name in self._settings.layers
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

"""The build phase: builds what the plan says; independent builds run in parallel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts, results, workers
from lambda_fast_deploy.config.code_sources import handler_absence, handler_problem
from lambda_fast_deploy.errors import BuildFailed, DeployError, Invalid, Problem
from lambda_fast_deploy.models import (
    Action,
    Artifacts,
    DesiredImages,
    Fingerprints,
    Function,
    LayerVersion,
    ObservedRegion,
    Plan,
    Settings,
    ZipSource,
)
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT, UNZIPPED_LIMIT
from lambda_fast_deploy.packaging.code_builds import CommandBuilds
from lambda_fast_deploy.packaging.layers.region_layers import LayerBuilder, RegionLayers
from lambda_fast_deploy.packaging.limits import check_size
from lambda_fast_deploy.packaging.region_context import RegionContext
from lambda_fast_deploy.packaging.upload import (
    BUCKET,
    Uploads,
    bucket_of,
    exists,
    progress,
    too_large,
)
from lambda_fast_deploy.run_log import RunLog

if TYPE_CHECKING:
    from lambda_fast_deploy.packaging.images.region_images import RegionImages

BUILDS_AT_ONCE = 2  # GitHub's smallest runners have two cores


def build(
    settings: Settings,
    plan: Plan,
    fingerprints: Fingerprints,
    observed: Mapping[str, ObservedRegion],
    clients: Clients,
    run_log: RunLog,
) -> tuple[dict[str, Artifacts], dict[str, DeployError]]:
    """Build what the plan says is missing, in every region; the rest is reused.

    Returns:
        The artifacts by region, and the errors of the other regions.

    Raises:
        NotReady: a builder or a secret is needed and missing.
    """
    if settings.has_images:
        from lambda_fast_deploy.packaging.required_tools import (
            check_machine,  # zips need no builder
        )

        check_machine(DesiredImages.of(settings), plan.steps, clients, run_log)
    builds = CommandBuilds(run_log)
    layers = LayerBuilder(settings, plan, run_log, builds)
    return attempts(
        lambda region: _RegionBuild(
            RegionContext(settings, plan, observed[region], clients, run_log),
            fingerprints,
            layers,
            builds,
        ).build(),
        settings.regions,
    )


def check_code(
    settings: Settings, plan: Plan, fingerprints: Fingerprints, clients: Clients
) -> None:
    """Compare the sizes of code with the user's budget and with the limit of an API call.

    Raises:
        BuildFailed: code is over its budget.
        Invalid: code is too large for an API call, and the configuration names no bucket.
        NotReady: the bucket for such code cannot be used.
    """
    for name, code in fingerprints.archives.items():
        check_size(f"the code of {name}", code.unzipped, settings.budgets.code, "unzipped")
    large = {name: code for name, code in fingerprints.archives.items() if code.size > DIRECT_LIMIT}
    changing = {
        (step.region, step.subject)
        for step in plan.steps
        if step.kind in ("code", "function") and step.action.changes
    }
    store, problems = settings.artifacts, dict[Problem, None]()
    for region, function in settings.targets:
        if function.name not in large or (region, function.name) not in changing:
            continue
        what = f"the code of {function.name}"
        if store:
            exists(bucket_of(store, region, clients), store, what, region)
        else:
            says = f"{too_large(what, large[function.name])}: {BUCKET}"
            problems[Problem(says, function.place)] = None
    if problems:
        raise Invalid(list(problems))


class _RegionBuild:
    """Builds for one region: an image must be in a registry of the function's region."""

    def __init__(
        self,
        context: RegionContext,
        fingerprints: Fingerprints,
        layers: LayerBuilder,
        builds: CommandBuilds,
    ) -> None:
        self._builds = builds
        self._archives = dict(fingerprints.archives)
        self._context = context
        self._settings = context.settings
        self._desired = DesiredImages.of(context.settings)
        self._fingerprints = fingerprints
        self._layers = RegionLayers(context, layers)
        self._uploads = Uploads(context)

    @cached_property
    def _images(self) -> RegionImages:
        from lambda_fast_deploy.packaging.images.context import ImagesContext
        from lambda_fast_deploy.packaging.images.region_images import RegionImages

        context, observed = self._context, self._context.observed
        return RegionImages(
            ImagesContext(
                region=context.region,
                desired=self._desired,
                fingerprints=self._fingerprints,
                steps=context.plan.steps_in(context.region),
                clients=context.clients,
                run_log=context.run_log,
                bases=observed.bases,
                images=observed.images,
                replacements=observed.replacements,
                functions={name: each.latest for name, each in observed.functions.items()},
            )
        )

    def build(self) -> Artifacts:
        parts = {
            name: layer
            for layer in self._settings.layers.values()
            for name in layer.parts
            if self._context.step("layer", name).action is not Action.SKIP
        }
        with workers(16 + len(parts)) as pool:  # layers wait for each other
            publishing = {
                name: pool.submit(self._layers.layer, name, layer) for name, layer in parts.items()
            }
            bases = results({n: pool.submit(self._images.base, n) for n in self._settings.bases})
            layers = {**self._layers_by_arn(), **results(publishing)}
        for function in self._settings.functions:
            if function.is_built:
                self._build_code(function)
        for function in self._settings.functions:
            if isinstance(function.source, ZipSource):
                self._check_total(function, function.source, layers)
                self._layers.check_handler(function, function.source)
        code = {
            function.name: self._code(function)
            for function in self._settings.functions
            if isinstance(function.source, ZipSource)
        }
        with workers(BUILDS_AT_ONCE) as pool:
            images = results(
                {
                    each.name: pool.submit(self._images.app, each, bases)
                    for each in self._desired.images
                }
            )
        return Artifacts(
            bases=bases,
            images={**images, **self._context.observed.prebuilt},
            layers=layers,
            archives=self._archives,
            builds=self._fingerprints.builds,
            code=code,
            packages=self._layers.packages,
            image_sizes=self._images.sizes if self._settings.has_images else {},
            in_gzip={
                each.name: partial(self._images.in_gzip, each, bases)
                for each in self._desired.images
                if each.source.compression == "auto"
            },
            stems=self._images.stems(bases) if self._settings.has_images else {},
        )

    def _build_code(self, function: Function) -> None:
        """Run the command for the code of a function, if its step needs the zip."""
        for step in self._context.plan.of(self._context.region, function.name):
            if step.kind in ("code", "function") and step.action.changes:
                fits = self._settings.artifacts is not None
                planned = self._fingerprints.builds[function.name]
                zipped = self._builds.archive(function, step, planned, fits=fits)
                what, budget = f"the code of {function.name}", self._settings.budgets.code
                check_size(what, zipped.unzipped, budget, "unzipped")
                self._archives[function.name] = zipped
                self._check_built(function)

    def _check_built(self, function: Function) -> None:
        """Check that code has its handler, unless a layer can have it."""
        source, observed = function.source, self._context.observed.functions.get(function.name)
        assert isinstance(source, ZipSource)
        named = (source.code, source.handler, source.runtime)
        kept = observed.latest.layers if observed and source.keeps_layers else ()
        is_whole = not (source.layers or source.packages or kept)
        says = handler_problem(*named, function.architecture)
        if says := says or (handler_absence(*named) if is_whole else ""):
            remedy = "Correct handler, or what the build makes."
            raise BuildFailed(f"{function.name}: {says}", remedy=remedy)

    def _code(self, function: Function) -> dict[str, Any]:
        """The code as an API call takes it; ``{}`` if no call needs it."""
        for step in self._context.plan.of(self._context.region, function.name):
            if step.kind in ("code", "function") and step.action.changes:
                zipped = self._archives[function.name]
                tell = progress(self._context.run_log, step, zipped.size)
                return self._uploads.place(f"the code of {function.name}", zipped, tell)
        return {}

    def _layers_by_arn(self) -> dict[str, LayerVersion]:
        """The layers named by an ARN, with the sizes of those of functions that change."""
        context = self._context
        users = [
            (text, context.plan.function(context.region, function.name))
            for function in self._settings.functions
            if isinstance(function.source, ZipSource)
            for text in function.source.layers_by_arn
        ]
        versions = {text: context.observed.layers[text] for text, _ in users}
        measure = context.clients.layers(context.region).unzipped_size
        with workers() as pool:
            sizes = results(
                {t: pool.submit(measure, versions[t].arn) for t, steps in users if steps.changes}
            )
        return versions | {text: replace(versions[text], size=size) for text, size in sizes.items()}

    def _check_total(
        self, function: Function, source: ZipSource, layers: Mapping[str, LayerVersion]
    ) -> None:
        if function.name not in self._archives:
            return  # the code is as it was, and this run has not built it
        size = self._archives[function.name].unzipped
        size += sum(layers[name].size for name in source.layers)
        budget = self._settings.budgets.total
        check_size(f"{function.name} with its layers", size, budget, "unzipped")
        check_size(f"{function.name} with its layers", size, UNZIPPED_LIMIT, "unzipped")

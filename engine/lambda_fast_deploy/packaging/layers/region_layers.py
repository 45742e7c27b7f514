"""The layers of one region: each built once, and reused by its requirements or its content."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.files import is_directory, is_there
from lambda_fast_deploy.config.code_sources import handler_absence
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.fingerprints import still
from lambda_fast_deploy.models import (
    Action,
    FolderLayer,
    Function,
    LayerVersion,
    Plan,
    PublishedLayer,
    Settings,
    Step,
    ZipSource,
)
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT, UNZIPPED_LIMIT
from lambda_fast_deploy.packaging.code_builds import CommandBuilds
from lambda_fast_deploy.packaging.limits import check_size
from lambda_fast_deploy.packaging.region_context import RegionContext
from lambda_fast_deploy.packaging.upload import Uploads, progress
from lambda_fast_deploy.run_log import RunLog

if TYPE_CHECKING:
    from lambda_fast_deploy.packaging.layers.built_layer import BuiltLayer


class LayerBuilder:
    """Builds each layer once, for all regions and parts."""

    def __init__(
        self, settings: Settings, plan: Plan, run_log: RunLog, builds: CommandBuilds
    ) -> None:
        self._settings = settings
        self._builds = builds
        self._run_log = run_log
        building = {step.id for step in plan.steps if step.action is Action.BUILD}
        self._futures: dict[str, Future[BuiltLayer]] = {
            layer.name: Future()
            for layer in settings.layers.values()
            if building & {f"layer:{part}" for part in layer.parts}
        }
        self._begun: set[str] = set()
        self._lock = threading.Lock()

    def built(self, layer: PublishedLayer, step: Step) -> BuiltLayer:
        """The layer. The first caller builds it, the others wait."""
        from lambda_fast_deploy.fingerprints.layers.fingerprint import local_contents, of_layer
        from lambda_fast_deploy.packaging.layers.layer_build import (
            build_layer,  # most deploys build none
        )

        with self._lock:
            first = layer.name not in self._begun
            self._begun.add(layer.name)
        future = self._futures[layer.name]
        if first:
            try:
                if isinstance(layer, FolderLayer):
                    self._builds.layer(layer, step)
                largest = UNZIPPED_LIMIT if self._settings.artifacts else DIRECT_LIMIT
                local_parts = local_contents(layer)
                result = build_layer(layer, partial(self._tell, step), largest)
                still(f"layer {layer.name}", step.fingerprint, lambda: of_layer(layer, local_parts))
            except BaseException as error:
                future.set_exception(error)
                raise
            future.set_result(result)
            for note in result.notes:
                self._run_log.note(note)
        return future.result()

    @property
    def packages(self) -> dict[str, Mapping[str, int]]:
        """Unzipped bytes of each package that this run built, by the layer's name."""
        built = (future.result() for future in self._futures.values() if _is_built(future))
        return {name: part.sizes for layer in built for name, part in layer.parts.items()}

    def modules_of(self, layer: PublishedLayer) -> frozenset[str]:
        """The top modules of a layer that this run built; empty for other layers."""
        future = self._futures.get(layer.name)
        if future is None or not _is_built(future):
            return frozenset()
        built = future.result()
        return built.modules or frozenset(built.packages)

    def check_beside(
        self, layer: PublishedLayer, reused: Callable[[PublishedLayer], Mapping[str, str] | None]
    ) -> None:
        """Check that no function gets a package twice.

        Args:
            layer: a layer that this run built.
            reused: the packages of an existing layer, with their versions; ``None`` if they
                cannot be read.

        Raises:
            BuildFailed: a function would get two versions, of which one would hide the other.
        """
        for function in self._settings.functions:
            source = function.source
            if isinstance(source, ZipSource) and set(source.layers) & layer.parts.keys():
                self._check_together(function, source, reused)

    def _check_together(
        self,
        function: Function,
        source: ZipSource,
        reused: Callable[[PublishedLayer], Mapping[str, str] | None],
    ) -> None:
        folders = (folder for folder in source.code if is_directory(folder))
        code_modules = {path.name.removesuffix(".py") for f in folders for path in f.iterdir()}
        owners: dict[str, tuple[str, str]] = {}
        for layer in self._settings.layers.values():
            if not set(source.layers) & layer.parts.keys():
                continue
            name = layer.name
            built = self._futures[name].result() if name in self._futures else None
            packages = built.packages if built else reused(layer)
            if packages is None:
                self._run_log.note(
                    f"Could not read the packages of layer {name}, so {function.name} may have a "
                    "package in two versions."
                )
            for package, version in (packages or {}).items():
                other, before = owners.setdefault(package, (name, version))
                if before != version:
                    raise BuildFailed(
                        f"{function.name} would have {package} {before} (layer {other}) and "
                        f"{version} (layer {name})",
                        remedy="Require both in one layer, and let split divide it.",
                    )
                if other != name:
                    self._run_log.note(
                        f"{package} {version} is in layer {other} and in layer {name}, and "
                        f"{function.name} has both; one layer with split would have it once."
                    )
            if built and (twice := sorted(code_modules & built.modules)):
                self._run_log.note(
                    f"The code of {function.name} has {', '.join(twice)}, which hides the same "
                    f"module of layer {name}."
                )
        if "botocore" in owners and "boto3" not in {*owners, *code_modules}:
            self._run_log.note(
                f"Layer {owners['botocore'][0]} of {function.name} has botocore "
                f"{owners['botocore'][1]} but no boto3, so the runtime's boto3 would run with a "
                "botocore it is not made for; require boto3, too."
            )

    def _tell(self, step: Step, line: str) -> None:
        self._run_log.cancellation.check()
        self._run_log.progress(step.id, line, step.region)


class RegionLayers:
    """Publishes the layers of one region, or reuses existing ones."""

    def __init__(self, context: RegionContext, builder: LayerBuilder) -> None:
        self._context = context
        self._observed = context.observed
        self._builder = builder
        self._published = context.clients.layers(context.region)
        self._uploads = Uploads(context)

    @property
    def packages(self) -> Mapping[str, Mapping[str, int]]:
        """Unzipped bytes of each package that this run built, by the layer's name."""
        return self._builder.packages

    def layer(self, name: str, layer: PublishedLayer) -> LayerVersion:
        """The version of one part: reused by its inputs or its content, or published; shared."""
        version = self._version(name, layer)
        step = self._context.plan.steps_in(self._context.region).get(f"share:{name}")
        if step and step.action.changes:
            with self._context.run_log.step(step):
                (change,) = step.changes
                self._published.share(name, version.number, change.added, change.removed)
        return version

    def _version(self, name: str, layer: PublishedLayer) -> LayerVersion:
        step = self._context.step("layer", name)
        if step.action is Action.REUSE:
            existing = self._observed.layers[name]
            self._check(name, layer, existing.size, "")
            return existing
        from lambda_fast_deploy.packaging.layers.layer_build import over_budget

        with self._context.run_log.step(step) as detail:
            built = self._builder.built(layer, step)
            self._builder.check_beside(layer, self._reused)
            part = built.parts[name]
            zipped = part.archive
            self._check(
                name, layer, zipped.unzipped, over_budget(part.sizes, built.pruned, built.prunable)
            )
            if (same := self._same(name, built)) and not self._must_tell(name, built):
                detail(f"version {same.number} has this content")
                return same
            self._context.run_log.cancellation.check()  # the import check can take long
            published = self._published.publish(
                name,
                LayerVersion(
                    arn="",
                    size=zipped.unzipped,
                    fingerprint=step.fingerprint,
                    content=part.content,
                    contents=tuple(each.content for each in built.parts.values()),
                ),
                self._uploads.place(
                    f"layer {name}", zipped, progress(self._context.run_log, step, zipped.size)
                ),
                zipped.sha256,
                layer.runtime,
                layer.architecture,
            )
            detail(
                f"version {published.number}, {units.size(zipped.size)} zipped, "
                f"{units.size(zipped.unzipped)} unzipped, {units.size(built.pruned)} pruned in all"
            )
            return published

    def check_handler(self, function: Function, source: ZipSource) -> None:
        """Check that a handler's module is in the code, or in a layer of this run.

        Raises:
            BuildFailed: the module is in neither.
        """
        if source.packages or (source.build and not all(map(is_there, source.code))):
            return  # a package can have it, or this run has not built it
        says = handler_absence(source.code, source.handler, source.runtime)
        if not says or source.keeps_layers:
            return
        modules: set[str] = set()
        for layer in self._context.settings.layers.values():
            for name in set(source.layers) & layer.parts.keys():
                version = self._observed.layers.get(name)
                layer_modules = self._builder.modules_of(layer)
                layer_modules = layer_modules or (
                    self._published.modules(version.arn) if version else layer_modules
                )
                if not layer_modules:
                    return  # the modules could not be read
                modules |= layer_modules
        for text in source.layers_by_arn:
            layer_modules = self._published.modules(self._observed.layers[text].arn)
            if not layer_modules:
                return
            modules |= layer_modules
        top = re.split(r"[./]", source.handler, maxsplit=1)[0]
        if top not in modules:
            raise BuildFailed(
                f"{function.name}: {says}, and none of its layers has it",
                remedy="Correct handler, or require its package in one of the function's layers.",
            )

    def _reused(self, layer: PublishedLayer) -> Mapping[str, str] | None:
        """The packages of a reused layer; ``None`` if a part cannot be read."""
        packages: dict[str, str] = {}
        if isinstance(layer, FolderLayer):
            return packages
        for name in layer.parts:
            version = self._observed.layers.get(name)
            part_packages = self._published.packages(version.arn) if version else {}
            if not part_packages:
                return None
            packages |= part_packages
        return packages

    def _same(self, name: str, built: BuiltLayer) -> LayerVersion | None:
        """An existing version of a part with the content of the build."""
        content = built.parts[name].content
        versions = self._observed.published.get(name, ())
        return next((version for version in versions if version.content == content), None)

    def _must_tell(self, name: str, built: BuiltLayer) -> bool:
        """Whether an existing part is published again, so that its description is complete."""
        smallest = min(built.parts, key=lambda part: built.parts[part].archive.size)
        return name == smallest and all(self._same(part, built) for part in built.parts)

    def _check(self, name: str, layer: PublishedLayer, unzipped: int, remedy: str) -> None:
        budget = layer.budget if layer.budget is not None else self._context.settings.budgets.layer
        check_size(f"layer {name}", unzipped, budget, "unzipped", remedy)
        check_size(f"layer {name}", unzipped, UNZIPPED_LIMIT, "unzipped", remedy)


def _is_built(future: Future[BuiltLayer]) -> bool:
    return future.done() and not future.exception()

"""Makes the plan: ordered steps, each with its reason. Pure: reads and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.models import (
    Action,
    Fingerprints,
    FolderLayer,
    Function,
    ImageSource,
    LayerReference,
    ObservedRegion,
    Plan,
    PublishedLayer,
    Settings,
    Step,
    ZipSource,
)
from lambda_fast_deploy.models.attribute_change import change_of_names
from lambda_fast_deploy.planning.configuration import Layers
from lambda_fast_deploy.planning.function_plan import FunctionPlan
from lambda_fast_deploy.planning.problems import creation_problem, environment_problem, problems_of
from lambda_fast_deploy.state import marks


def make_plan(
    settings: Settings, fingerprints: Fingerprints, observed: Mapping[str, ObservedRegion]
) -> Plan:
    """The steps that make AWS what the settings say.

    Raises:
        Invalid: the desired state cannot be reached from the observed one.
    """
    problems: list[Problem] = []
    steps: list[Step] = []
    for region in settings.regions:
        _RegionPlan(settings, fingerprints, observed[region], steps, problems).plan()
    if problems:
        raise Invalid(problems)
    return Plan(tuple(steps))


def layers_of(function: Function, observed: ObservedRegion) -> Layers:
    """The desired layer versions of a function; a reference by name for those to publish."""
    names = function.source.layers if isinstance(function.source, ZipSource) else ()
    return tuple(
        observed.layers[name].arn if name in observed.layers else LayerReference(name)
        for name in names
    )


def content_of(function: Function, fingerprints: Fingerprints, observed: ObservedRegion) -> str:
    """The CodeSha256 of a zip, or the digest of an image; ``""`` if it has to be built."""
    if function.is_built:
        existing = observed.functions.get(function.name)
        tags = existing.latest.tags if existing else {}
        return marks.built_from(tags, fingerprints.builds[function.name])
    if isinstance(function.source, ZipSource):
        return fingerprints.archives[function.name].sha256
    prebuilt = observed.prebuilt.get(function.name, "").partition("@")[2]
    return prebuilt or observed.images.get(function.name, "")


class _RegionPlan:
    """Plans one region, appending to the shared list of steps."""

    def __init__(
        self,
        settings: Settings,
        fingerprints: Fingerprints,
        observed: ObservedRegion,
        steps: list[Step],
        problems: list[Problem],
    ) -> None:
        self._settings = settings
        self._fingerprints = fingerprints
        self._observed = observed
        self._steps = steps
        self._problems = problems

    def _add(self, step_id: str, action: Action, reason: str, fingerprint: str = "") -> Step:
        step = Step(step_id, self._observed.region, action, reason, fingerprint)
        self._steps.append(step)
        return step

    def plan(self) -> None:
        images = {
            function.name: self._image(function, function.source)
            for function in self._settings.functions
            if isinstance(function.source, ImageSource)
        }
        for name in self._settings.bases:
            self._base(name, images)
        for layer in self._settings.layers.values():
            for name in layer.parts:
                self._layer(name, layer)
        for name, (action, reason) in images.items():
            self._add(f"image:{name}", action, reason, self._fingerprints.images[name])
        for name, uri in self._observed.prebuilt.items():
            digest = uri.partition("@")[2]
            self._add(f"image:{name}", Action.REUSE, f"it is {digest[:19]} in ECR", digest)
        for function in self._settings.functions:
            self._function(function, images)

    # ------------------------------------------------------------ artifacts

    def _image(self, function: Function, source: ImageSource) -> tuple[Action, str]:
        event = self._settings.event
        if source.base and event.asks_for("rebuild-base"):
            return Action.BUILD, "its base is rebuilt"
        if event.asks_for("no-cache"):
            return Action.BUILD, "the commit message says [no-cache]"
        if function.name in self._observed.images:
            return Action.REUSE, "inputs unchanged"
        if replacement := self._observed.replacements.get(function.name):
            return Action.REPLACE, replacement.reason
        obstacle = self._observed.obstacles.get(function.name)
        reason = f"not yet in repository {source.repository}"
        return Action.BUILD, f"{reason}; {obstacle}" if obstacle else reason

    def _base(self, name: str, images: Mapping[str, tuple[Action, str]]) -> None:
        fingerprint = self._fingerprints.bases[name]
        users = [
            function.name
            for function in self._settings.functions
            if isinstance(function.source, ImageSource) and function.source.base == name
        ]
        if self._settings.event.asks_for("rebuild-base"):
            action, reason = Action.BUILD, "the commit message says [rebuild-base]"
        elif name in self._observed.bases:
            action, reason = Action.REUSE, "inputs unchanged"
        elif not self._settings.functions or any(images[user][0] is Action.BUILD for user in users):
            repository = self._settings.bases[name].repository
            action, reason = Action.BUILD, f"not yet in repository {repository}"
        else:
            action, reason = Action.SKIP, "no image needs a rebuild on it"
        self._add(f"base:{name}", action, reason, fingerprint)

    def _layer(self, name: str, layer: PublishedLayer) -> None:
        fingerprint = self._fingerprints.layers[layer.name]
        sources = (function.source for function in self._settings.functions)
        is_used = any(isinstance(s, ZipSource) and name in s.layers for s in sources)
        if not (is_used or layer.share or self._settings.has_layers_alone):
            self._add(f"layer:{name}", Action.SKIP, "no function uses it", fingerprint)
            return
        if name in self._observed.layers:
            version = self._observed.layers[name].number
            self._add(
                f"layer:{name}", Action.REUSE, f"version {version} has this content", fingerprint
            )
        else:
            inputs = "files" if isinstance(layer, FolderLayer) else "requirements"
            self._add(f"layer:{name}", Action.BUILD, f"no version with these {inputs}", fingerprint)
        if layer.share is not None:
            self._share(name, layer.share)

    def _share(self, name: str, desired: tuple[str, ...]) -> None:
        existing = self._observed.layers.get(name)
        before = existing.shared_with if existing else ()
        change = change_of_names("share", dict.fromkeys(before, ""), dict.fromkeys(desired, ""))
        if change.added or change.removed:
            region, says = self._observed.region, str(change)
            step = Step(f"share:{name}", region, Action.UPDATE, says, changes=(change,))
            self._steps.append(step)
        else:
            self._add(f"share:{name}", Action.SKIP, "up to date")

    # ------------------------------------------------------------ functions

    def _content_of(self, function: Function, images: Mapping[str, tuple[Action, str]]) -> str:
        """The CodeSha256 of a zip, or the digest of an image; ``""`` if it has to be built."""
        is_made = function.name in images and images[function.name][0].changes
        return "" if is_made else content_of(function, self._fingerprints, self._observed)

    def _function(self, function: Function, images: Mapping[str, tuple[Action, str]]) -> None:
        region, observed = self._observed.region, self._observed.functions.get(function.name)
        if observed:
            problems = problems_of(function, observed.latest, observed.foreign, region)
        else:
            candidates = (
                creation_problem(function, region),
                environment_problem(function, None, region),
            )
            problems = [problem for problem in candidates if problem]
        if problems:
            self._problems += problems
            return
        self._steps += FunctionPlan(
            function=function,
            region=region,
            event=self._settings.event,
            layers=layers_of(function, self._observed),
            content=self._content_of(function, images),
            observed=observed,
        ).steps()

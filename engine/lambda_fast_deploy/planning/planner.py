"""The plan: ordered steps, each with its reason. Pure: nothing is read or changed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.models import (
    LATEST,
    Action,
    Fingerprints,
    Function,
    FunctionState,
    ImageSource,
    ObservedFunction,
    ObservedRegion,
    Plan,
    Settings,
    Step,
    ZipSource,
)
from lambda_fast_deploy.planning.configuration import is_proved, summary, update
from lambda_fast_deploy.planning.problems import creation_problem, environment_problem, problems_of
from lambda_fast_deploy.planning.test_selection import reason_to_run, reason_to_skip


def make_plan(
    settings: Settings, fingerprints: Fingerprints, observed: Mapping[str, ObservedRegion]
) -> Plan:
    """What has to be done so that AWS is what the settings say.

    Raises:
        Invalid: what was asked for cannot be done to what is there.
    """
    problems: list[Problem] = []
    steps: list[Step] = []
    for region in settings.regions:
        _RegionPlan(settings, fingerprints, observed[region], steps, problems).plan()
    if problems:
        raise Invalid(problems)
    return Plan(tuple(steps))


def served(function: Function, observed: ObservedFunction) -> FunctionState | None:
    """What users have, or nothing; with what is the function's own and not a version's.

    The description of a version is the record of its release, and tags are told of the function
    only (API: ``GetFunction``).
    """
    latest, live = observed.latest, observed.live
    if not function.has_alias:
        return latest
    return live and replace(live, description=latest.description, tags=latest.tags)


def _no_canary(function: Function, observed: ObservedFunction, *, is_live: bool) -> str:
    """Why a part of the users cannot try a new version beside the one that they have, or nothing.

    Lambda divides calls between two published versions with the same role and the same dead-letter
    queue only (developer guide, "Implement Lambda canary deployments using a weighted alias").
    """
    live = observed.live
    if observed.alias is None or live is None:
        return "it is the first version"
    if is_live:
        return f"version {live.version} already is what is wanted"
    if live.version == LATEST:
        return f"{function.alias} leads to {LATEST}, and calls are divided between versions"
    if live.role != (function.role or observed.latest.role):
        return "the role changes, and calls are divided between versions of one role only"
    if live.dead_letters != observed.latest.dead_letters:
        return "the dead-letter queue changes, and calls are divided between versions of one only"
    return ""


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
                self._layer(name, self._fingerprints.layers[layer.name])
        for name, (action, reason) in images.items():
            self._add(f"image:{name}", action, reason, self._fingerprints.images[name])
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
            return Action.REUSE, "nothing that it is made of changed"
        return Action.BUILD, f"not yet in repository {source.repository}"

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
            action, reason = Action.REUSE, "nothing that it is made of changed"
        elif not self._settings.functions or any(images[user][0] is Action.BUILD for user in users):
            repository = self._settings.bases[name].repository
            action, reason = Action.BUILD, f"not yet in repository {repository}"
        else:
            action, reason = Action.SKIP, "no image has to be built on it"
        self._add(f"base:{name}", action, reason, fingerprint)

    def _layer(self, name: str, fingerprint: str) -> None:
        sources = (function.source for function in self._settings.functions)
        if not any(isinstance(s, ZipSource) and name in s.layers for s in sources):
            self._add(f"layer:{name}", Action.SKIP, "no function uses it", fingerprint)
        elif name in self._observed.layers:
            version = self._observed.layers[name].number
            self._add(
                f"layer:{name}", Action.REUSE, f"version {version} holds the same", fingerprint
            )
        else:
            self._add(
                f"layer:{name}", Action.BUILD, "no version with these requirements", fingerprint
            )

    # ------------------------------------------------------------ functions

    def _layers_of(self, function: Function) -> tuple[str, ...] | None:
        if not isinstance(function.source, ZipSource):
            return ()
        found = [self._observed.layers.get(name) for name in function.source.layers]
        return tuple(layer.arn for layer in found if layer) if all(found) else None

    def _code_changes(
        self, function: Function, state: FunctionState, images: Mapping[str, tuple[Action, str]]
    ) -> str:
        """Why a version's code is not what is wanted, or nothing."""
        if state.architecture != function.architecture:
            return f"the architecture changes to {function.architecture}"
        if isinstance(function.source, ImageSource):
            if images[function.name][0] is Action.BUILD:
                return "a new image"
            if state.image_digest != self._observed.images[function.name]:
                return "another image is there"
        elif state.code_sha256 != self._fingerprints.archives[function.name].sha256:
            return "the code changed"
        return ""

    def _function(self, function: Function, images: Mapping[str, tuple[Action, str]]) -> None:
        observed = self._observed.functions.get(function.name)
        if observed is None:
            changed = self._create(function)
        elif problems := problems_of(function, observed, self._observed.region):
            self._problems += problems
            return
        else:
            changed = self._update(function, observed, images)
        self._url(function, observed)
        for test in function.tests:
            event = self._settings.event
            skip = reason_to_skip(test, event, changed=changed)
            reason = skip or reason_to_run(test, event) or "a new version must pass it"
            action = Action.SKIP if skip else Action.TEST
            self._add(f"test:{function.name}:{test.name}", action, reason)

    def _create(self, function: Function) -> bool:
        name = function.name
        region = self._observed.region
        problems = creation_problem(function, region), environment_problem(function, None, region)
        self._problems += filter(None, problems)
        self._add(f"function:{name}", Action.CREATE, "it does not exist yet")
        self._release(function, None, "the first version", "it is the first version")
        return True

    def _update(
        self,
        function: Function,
        observed: ObservedFunction,
        images: Mapping[str, tuple[Action, str]],
    ) -> bool:
        """Plan an existing function; whether anything changes for its users."""
        name, layers = function.name, self._layers_of(function)
        live = served(function, observed)
        is_live = live is not None and not (
            self._code_changes(function, live, images)
            or update(function, live, layers, observed.foreign)
        )
        self._tags(function, observed)
        if live and is_live and not (observed.alias and not observed.alias.is_settled):
            which = f"version {live.version}" if function.has_alias else LATEST
            same = f"{which} already is what is wanted"
            for kind in ("configuration", "code", "version", "canary"):
                if kind != "canary" or function.canary:
                    self._add(f"{kind}:{name}", Action.SKIP, same)
            self._add(f"alias:{name}", Action.SKIP, f"{function.alias} serves it")
            return not is_proved(function, live)
        changes = update(function, observed.latest, layers, observed.foreign)
        what = summary(function, observed.latest, changes, observed.foreign)
        configured = f"{what} changed" if changes else ""
        self._add(
            f"configuration:{name}",
            Action.UPDATE if changes else Action.SKIP,
            configured or "equal",
        )
        code = self._code_changes(function, observed.latest, images)
        if not code and observed.latest.update_status == "Failed":
            code = f"the last update of {LATEST} failed"
        self._add(
            f"code:{name}",
            Action.UPDATE if code else Action.SKIP,
            code or "equal",
        )
        why = " and ".join(filter(None, (configured, code)))
        why = why or "$LATEST is not what the alias serves"
        no_canary = _no_canary(function, observed, is_live=is_live)
        self._release(function, observed, why if live else "no alias serves it yet", no_canary)
        return True

    def _release(
        self, function: Function, observed: ObservedFunction | None, why: str, no_canary: str
    ) -> None:
        """Plan how users come to the new version."""
        name, alias = function.name, observed.alias if observed else None
        if not function.has_alias:
            self._add(f"version:{name}", Action.SKIP, f"users call {LATEST}")
            self._add(f"alias:{name}", Action.SKIP, f"users call {LATEST}")
            return
        self._add(f"version:{name}", Action.PUBLISH, why)
        if function.canary:
            weight = f"{function.canary.weight * 100:g} % for {function.canary.duration:g} s"
            action = Action.SKIP if no_canary else Action.TEST
            self._add(f"canary:{name}", action, no_canary or weight)
        if alias is None:
            new = f"alias {function.alias} does not exist yet"
            bare = f"; who calls {name} itself gets $LATEST before the tests" if observed else ""
            self._add(f"alias:{name}", Action.CREATE, f"{new}{bare}")
            return
        serves = f"{function.alias} serves version {alias.version}"
        if alias.is_under_test or alias.is_going:
            serves += f", {alias.description.partition(',')[0]}"
        elif alias.shares:
            serves += f", and in part {', '.join(alias.shares)}: a canary that was left"
        self._add(f"alias:{name}", Action.MOVE, serves)

    def _tags(self, function: Function, observed: ObservedFunction) -> None:
        wanted, there = function.configuration.tags, observed.latest.tags
        if not wanted:
            return
        new = sorted(key for key, value in wanted.items() if there.get(key) != value)
        action = Action.UPDATE if new else Action.SKIP
        self._add(f"tags:{function.name}", action, ", ".join(new) if new else "equal")

    def _url(self, function: Function, observed: ObservedFunction | None) -> None:
        if not function.url:
            return
        there = observed.url if observed else None
        if there is None:
            action, reason = Action.CREATE, f"a URL with access {function.url} was asked for"
        elif there.access != function.url:
            action, reason = Action.UPDATE, f"access changes from {there.access} to {function.url}"
        elif function.url == "public" and not there.is_open:
            action, reason = Action.UPDATE, "not everybody may call it"
        else:
            action, reason = Action.SKIP, "equal"
        self._add(f"url:{function.name}", action, reason)

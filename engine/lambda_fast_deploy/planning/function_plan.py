"""The steps for one function in one region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lambda_fast_deploy.models import (
    LATEST,
    Action,
    AliasState,
    AttributeChange,
    Event,
    Function,
    FunctionState,
    ObservedFunction,
    Step,
)
from lambda_fast_deploy.models.attribute_change import shown
from lambda_fast_deploy.planning.configuration import (
    Layers,
    changes,
    creation,
    desired_parameters,
    is_proved,
    layer_and_version,
)
from lambda_fast_deploy.planning.differences import (
    canary_problem,
    code_difference,
    settings_of,
    url_difference,
)
from lambda_fast_deploy.planning.test_selection import reason_to_run, reason_to_skip

NEW_VERSION = "the new version"


def served(function: Function, observed: ObservedFunction) -> FunctionState | None:
    """The live state of a function, or ``None``, with the attributes that no version has.

    The description of a version is the record of its release, and only the function has tags
    (API: ``GetFunction``). A change of the code's key alone may make no new version.
    """
    latest, live = observed.latest, observed.live
    if not function.has_alias:
        return latest
    return live and replace(
        live, description=latest.description, tags=latest.tags, code_key=latest.code_key
    )


@dataclass(frozen=True, slots=True)
class FunctionPlan:
    """Plans one function in one region.

    ``layers`` are the desired layers. ``content`` is the CodeSha256 of the zip or the digest of
    the image; ``""`` for an image that has to be built first. ``observed`` is the function in the
    region, or ``None``.
    """

    function: Function
    region: str
    event: Event
    layers: Layers
    content: str
    observed: ObservedFunction | None

    def steps(self) -> Iterator[Step]:
        """All steps in order, including those without a change."""
        observed = self.observed
        if observed is None:
            yield from self._created()
        else:
            live = served(self.function, observed)
            yield from self._settings()
            if live and self._is_live(live):
                yield from self._unchanged(live)
            else:
                yield from self._updated(observed, live)
        if self.function.url:
            url = observed.url if observed else None
            yield self._step("url", *url_difference(self.function, url))

    def _tests(self, *, is_changed: bool) -> Iterator[Step]:
        for test in self.function.tests:
            skip = reason_to_skip(test, self.event, changed=is_changed)
            reason = skip or reason_to_run(test, self.event) or "a new version must pass it"
            yield self._step(f"test:{test.name}", Action.SKIP if skip else Action.TEST, reason)

    def _step(
        self,
        kind: str,
        action: Action,
        reason: str,
        changes: tuple[AttributeChange, ...] = (),
        parameters: Mapping[str, Any] | None = None,
    ) -> Step:
        what, _, rest = kind.partition(":")
        step_id = ":".join(filter(None, (what, self.function.name, rest)))
        is_zip = not self.function.is_image
        fingerprint = self.content if what in ("code", "function") and is_zip else ""
        return Step(step_id, self.region, action, reason, fingerprint, changes, parameters or {})

    def _created(self) -> Iterator[Step]:
        parameters = creation(self.function, self.layers)
        attributes = desired_parameters(self.function, None, self.layers)
        yield self._step(
            "function",
            Action.CREATE,
            "it does not exist yet",
            changes(attributes, None),
            parameters,
        )
        yield from self._released(None, "the first version", "it is the first version")
        yield from self._settings()

    def _is_live(self, live: FunctionState) -> bool:
        """Whether the live version is up to date, and no run is testing it or rolling it back."""
        alias = self.observed.alias if self.observed else None
        return self._is_as_desired(live) and not (alias and not alias.is_settled)

    def _is_as_desired(self, state: FunctionState) -> bool:
        action, *_ = code_difference(self.function, state, self.content)
        return not action.changes and not changes(self._parameters(state), state)

    def _parameters(self, state: FunctionState) -> dict[str, Any]:
        foreign = self.observed.foreign if self.observed else frozenset()
        return desired_parameters(self.function, state, self.layers, foreign)

    def _unchanged(self, live: FunctionState) -> Iterator[Step]:
        function = self.function
        which = f"version {live.version}" if function.has_alias else LATEST
        foreign = self.observed.foreign if self.observed else ()
        others = [layer_and_version(arn) for arn in live.layers if arn in foreign]
        kept = f", and keeps layers of others: {', '.join(others)}" if others else ""
        yield self._step("configuration", Action.SKIP, f"{which} is up to date{kept}")
        for kind in ("code", "version"):
            yield self._step(kind, Action.SKIP, f"{which} is up to date")
        yield from self._tests(is_changed=not is_proved(function, live))
        if function.canary:
            yield self._step("canary", Action.SKIP, f"{which} is up to date")
        yield self._step("alias", Action.SKIP, f"{function.alias} serves it")

    def _updated(self, observed: ObservedFunction, live: FunctionState | None) -> Iterator[Step]:
        latest = observed.latest
        parameters = self._parameters(latest)
        different = changes(parameters, latest, observed.foreign)
        yield self._step(
            "configuration",
            Action.UPDATE if different else Action.SKIP,
            shown(different) or "up to date",
            different,
            parameters,
        )
        action, code, code_changes = code_difference(self.function, latest, self.content)
        if not action.changes and latest.update_status == "Failed":
            action, code = Action.UPDATE, f"the last update of {LATEST} failed"
        yield self._step("code", action, code, code_changes)
        reasons = [shown(different), code if action.changes else ""]
        why = " and ".join(filter(None, reasons)) or "$LATEST differs from the live version"
        is_live = live is not None and self._is_as_desired(live)
        no_canary = canary_problem(self.function, observed, is_live=is_live)
        yield from self._released(observed, why if live else "no alias serves it yet", no_canary)

    def _released(
        self, observed: ObservedFunction | None, why: str, no_canary: str
    ) -> Iterator[Step]:
        """The steps that test a new version and make it live."""
        function, alias = self.function, observed.alias if observed else None
        if not function.has_alias:
            yield self._step("version", Action.SKIP, f"{LATEST} is live")
            yield self._step("alias", Action.SKIP, f"{LATEST} is live")
            yield from self._tests(is_changed=True)
            return
        yield self._step("version", Action.PUBLISH, why)
        yield from self._tests(is_changed=True)
        if function.canary:
            weight = f"{function.canary.weight * 100:g} %"
            action = Action.SKIP if no_canary else Action.TEST
            reason = no_canary or f"{weight} for {function.canary.duration:g} s"
            attribute_changes = () if no_canary else (AttributeChange("weight", "0 %", weight),)
            yield self._step("canary", action, reason, attribute_changes)
        if alias is None:
            new = f"alias {function.alias} does not exist yet"
            bare = f"; callers of {function.name} without alias get $LATEST before the tests"
            attribute_changes = (AttributeChange("alias", after=NEW_VERSION),)
            yield self._step(
                "alias", Action.CREATE, f"{new}{bare if observed else ''}", attribute_changes
            )
            return
        attribute_changes = (AttributeChange("alias", f"version {alias.version}", NEW_VERSION),)
        yield self._step("alias", Action.MOVE, self._serves(alias), attribute_changes)

    def _serves(self, alias: AliasState) -> str:
        serves = f"{self.function.alias} serves version {alias.version}"
        if alias.is_under_test or alias.is_going:
            return f"{serves}, {alias.description.partition(',')[0]}"
        if alias.shares:
            return f"{serves}, with a share for {', '.join(alias.shares)} left by a canary"
        return serves

    def _settings(self) -> Iterator[Step]:
        """The settings that are not part of a version."""
        for setting, value, different in settings_of(self.function, self.observed):
            action = Action.SKIP if value is None else Action.UPDATE
            parameters = {} if value is None else {setting.member: value}
            reason = shown(different) or "up to date"
            yield self._step(setting.key, action, reason, different, parameters)

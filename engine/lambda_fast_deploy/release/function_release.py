"""Releases one function in one region: update, test, alias, test, and roll back after an error."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.errors import ChangedMeanwhile, DeployError, unexpected
from lambda_fast_deploy.models import (
    FunctionOutcome,
    FunctionState,
    ImageSource,
    ObservedFunction,
    PastVersion,
    Speed,
    ZipSource,
)
from lambda_fast_deploy.planning.configuration import is_proved
from lambda_fast_deploy.release.alias import AliasMoves
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.function_settings import apply_settings, has_settings_to_apply
from lambda_fast_deploy.release.function_url import apply_function_url, remove_function_url
from lambda_fast_deploy.release.latest import announce_test, follow, mark_configuration, mark_tested
from lambda_fast_deploy.release.live_version import live_version
from lambda_fast_deploy.release.ownership import end_creation, is_of_a_run
from lambda_fast_deploy.release.undo import UndoReport
from lambda_fast_deploy.release.version_tests import VersionTests
from lambda_fast_deploy.state import descriptions


def with_error(delivery: FunctionOutcome, error: DeployError) -> FunctionOutcome:
    """The outcome of a release that an error has ended."""
    message = "\n".join(filter(None, (error.message, error.detail)))
    return replace(delivery, error=message, remedy=error.remedy)


def with_observed(delivery: FunctionOutcome, observed: ObservedFunction | None) -> FunctionOutcome:
    """An outcome with the version that is live before the release."""
    if observed is None:
        return delivery
    state = observed.live or observed.latest
    return replace(
        delivery,
        arn=observed.latest.arn,
        version=state.version,
        url=observed.url.address if observed.url else "",
        image_uri=state.code_location if state.package == "Image" else "",
        code_sha256=state.code_sha256,
        code_size=state.code_size,
        layer_arns=state.layers,
        speed=descriptions.speed_of(observed.alias.description) if observed.alias else Speed(),
    )


class FunctionRelease:
    """One function in one region: updated, tested, made live, tested again; or rolled back.

    ``tests`` are the tests of the function.
    """

    def __init__(self, context: ReleaseContext) -> None:
        self._context = context
        self._moves = AliasMoves(context)
        self._functions = context.clients.functions(context.region)
        self._version: FunctionState | None = None  # that this run releases
        self.tests = VersionTests(context)

    def deliver(self) -> FunctionOutcome:
        """Release the function; an error is part of the outcome and not raised."""
        context = self._context
        delivery = with_observed(
            FunctionOutcome(
                context.region, context.name, "unchanged", alias=context.function.alias
            ),
            context.observed,
        )
        return self.attempt(
            delivery, self._update if context.steps.changes else self._test_unchanged
        )

    def attempt(
        self, delivery: FunctionOutcome, work: Callable[[FunctionOutcome], FunctionOutcome]
    ) -> FunctionOutcome:
        """Do the work of a release, and roll it back after an error."""
        try:
            return work(delivery)
        except DeployError as error:
            return self._roll_back(delivery, self._cause_of(error))
        except Exception as error:  # a bug must not leave a release half done either
            return self._roll_back(delivery, unexpected(error))

    def _test_unchanged(self, delivery: FunctionOutcome) -> FunctionOutcome:
        context = self._context
        if context.observed:
            apply_settings(context, context.observed.latest.arn)
        url = apply_function_url(context, self._moves)
        if context.observed and context.observed.alias and context.observed.alias.serving:
            with context.run_log.work(f"alias:{context.name}", "read", "", context.region):
                self._moves.arrive()
        self.tests.test_unchanged(url)
        remove_function_url(context)
        if context.observed:
            if not is_proved(context.function, context.observed.latest):
                mark_tested(context, context.observed.latest, is_shared=True)
            if is_of_a_run(context):  # the run that took the creation over has failed since
                end_creation(context, context.observed.latest.arn)
        changed = (step.kind for step in context.steps.steps if step.action.changes)
        settings = tuple(dict.fromkeys(changed))
        return replace(delivery, url=url, base_image_uri=self._base_uri(), settings=settings)

    def _update(self, delivery: FunctionOutcome) -> FunctionOutcome:
        # A run without changes needs none of these.
        from lambda_fast_deploy.release.canary import run_canary
        from lambda_fast_deploy.release.cleanup import clean
        from lambda_fast_deploy.release.function_update import stage

        context = self._context
        alias, previous = context.observed.alias if context.observed else None, self._moves.stable
        past = alias.description if alias and alias.is_settled else ""
        announce_test(context)
        event, now = context.settings.event, clock.now()
        staged = stage(context, descriptions.of_version(event, previous, past, now=now))
        version = staged.state
        speed = self.test(version)
        has_url, seconds = context.function.access is not None, context.run_log.elapsed
        description = descriptions.of_alias(
            self._previous_of(version), speed, seconds, now=clock.now(), has_url=has_url
        )
        if context.function.has_alias:
            marked = descriptions.under_test(context.run_log.run, self._moves.stable, description)
            run_canary(context, self._moves, version.version, marked)
            self.expose(version.version, description)
        arn = version.arn.removesuffix(f":{version.version}")
        apply_settings(context, arn)
        url = self.reach()
        self.settle(description)
        remove_function_url(context)
        mark_tested(context, version, is_shared=staged.is_shared)
        if context.function.is_built:
            from lambda_fast_deploy.release.built_mark import mark_built

            mark_built(context, version)
        mark_configuration(context)
        history = self.history(version.version)
        if context.observed is None or is_of_a_run(context):
            end_creation(context, arn)
        if context.function.has_alias and (staged.is_shared or self._moves.is_contended):
            follow(context, version)
        clean(context)
        return replace(
            delivery,
            outcome="deployed",
            arn=arn,
            version=version.version,
            previous=previous,
            url=url,
            image_uri=version.code_location,
            base_image_uri=self._base_uri(),
            code_sha256=version.code_sha256,
            code_size=version.code_size,
            layer_arns=version.layers,
            code_size_before=delivery.code_size,
            image_size=context.artifacts.image_sizes.get(context.name, 0),
            layer_sizes=self._layer_sizes(),
            speed=speed,
            speed_before=delivery.speed,
            history=history,
        )

    def _previous_of(self, version: FunctionState) -> str:
        """The version before one; before the live version, as its alias describes it."""
        observed, stable = self._context.observed, self._moves.stable
        if version.version != stable:
            return stable
        of_alias = observed.alias.description if observed and observed.alias else ""
        earlier = map(descriptions.previous_of, [of_alias, version.description])
        return next((number for number in earlier if number not in ("", stable)), "")

    def _cause_of(self, error: DeployError) -> DeployError:
        """An error, or its cause if another run has deleted the version or the function."""
        version, name = self._version, self._context.name
        if version is None or isinstance(error, ChangedMeanwhile):
            return error
        with contextlib.suppress(DeployError):
            if self._functions.read(name, version.version) is None:
                number = version.version
                return ChangedMeanwhile(
                    f"another deployment deleted version {number} of {name}, or the function, "
                    "while this run was deploying"
                )
        return error

    # ------------------------------------------------------------ the steps of every release

    def test(self, version: FunctionState) -> Speed:
        """Test and measure the version to release; if others delete it, later errors say so.

        Raises:
            DeployError: a test did not pass.
        """
        self._version = version
        return self.tests.test_version(version)

    def expose(self, version: str, description: str) -> None:
        """Point the alias at a version; until ``settle`` the alias marks it as under test."""
        context = self._context
        if self._can_still_fail():
            description = descriptions.under_test(
                context.run_log.run, self._moves.stable, description
            )
        with context.working(context.steps.alias) as detail:
            self._moves.to(version, description)
            if self._moves.stable not in ("", version):
                self._moves.arrive()
            detail(f"{context.function.alias} -> version {version}")

    def _can_still_fail(self) -> bool:
        """Whether a step or a test follows once the version is live."""
        context = self._context
        return (
            has_settings_to_apply(context)
            or self._moves.may_change_url
            or self.tests.has_live_tests()
        )

    def reach(self) -> str:
        """Test the live function at its addresses; returns its URL, if it has one."""
        url = apply_function_url(self._context, self._moves)
        self.tests.test_live(url)
        return url

    def settle(self, description: str) -> None:
        """Mark the version of the alias as tested, after the last test."""
        self._moves.confirm(description)

    def history(self, version: str) -> tuple[PastVersion, ...]:
        """The versions that were live before one; empty if AWS does not list them."""
        context = self._context
        if context.observed is None or not context.function.has_alias:
            return ()
        with contextlib.suppress(DeployError):  # the version is live: no error may undo that
            return descriptions.history(
                context.clients.versions(context.region).every(context.name), version
            )
        return ()

    # ------------------------------------------------------------ the outcome

    def _layer_sizes(self) -> dict[str, int]:
        source = self._context.function.source
        names = source.layers if isinstance(source, ZipSource) else ()
        layers = self._context.artifacts.layers
        return {name: layers[name].size for name in names if name in layers}

    def _base_uri(self) -> str:
        source = self._context.function.source
        base = source.base if isinstance(source, ImageSource) else None
        return self._context.artifacts.bases.get(base, "") if base else ""

    def _roll_back(self, delivery: FunctionOutcome, error: DeployError) -> FunctionOutcome:
        context = self._context
        error.hide(context.run_log.secrets.hide)
        report = UndoReport()
        if context.undo:
            cause = error.message.splitlines()[0]
            work = context.run_log.rollback(context.name, cause, context.region)
            report = context.undo.undo_in_log(work)
        version, serves = live_version(context, self._moves, report)
        return replace(
            with_error(delivery, error),
            outcome="rolled-back" if report.undone else "failed",
            is_overtaken=isinstance(error, ChangedMeanwhile),
            version=delivery.version if serves == "unknown" else version,
            serves=serves,
            rolled_back=report.undone,
            spared=report.spared,
            left=report.left,
        )

"""The delivery of one function to its users, or back to where it was."""

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
from lambda_fast_deploy.release.function_url import give_url
from lambda_fast_deploy.release.latest import announce_test, follow, mark_tested
from lambda_fast_deploy.release.live_version import served
from lambda_fast_deploy.release.ownership import end_creation, is_of_a_run
from lambda_fast_deploy.release.undo import UndoReport
from lambda_fast_deploy.release.version_tests import VersionTests
from lambda_fast_deploy.state import descriptions


def because(delivery: FunctionOutcome, error: DeployError) -> FunctionOutcome:
    """A delivery that an error ended."""
    says = "\n".join(filter(None, (error.message, error.detail)))
    return replace(delivery, error=says, remedy=error.remedy)


def found(delivery: FunctionOutcome, observed: ObservedFunction | None) -> FunctionOutcome:
    """A delivery with what AWS already serves."""
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
    """One function in one region: staged, tested, exposed, tested again; undone if it fails.

    ``tests`` are those of the function.
    """

    def __init__(self, context: ReleaseContext) -> None:
        self._context = context
        self._moves = AliasMoves(context)
        self._functions = context.clients.functions(context.region)
        self._version: FunctionState | None = None  # the one that this run releases
        self.tests = VersionTests(context)

    def deliver(self) -> FunctionOutcome:
        """Release the function; an error is part of the delivery, not raised."""
        context = self._context
        delivery = found(
            FunctionOutcome(
                context.region, context.name, "unchanged", alias=context.function.alias
            ),
            context.observed,
        )
        return self.carried_out(delivery, self._go if context.steps.changes else self._stay)

    def carried_out(
        self, delivery: FunctionOutcome, way: Callable[[FunctionOutcome], FunctionOutcome]
    ) -> FunctionOutcome:
        """A delivery on its way; undone if that fails."""
        try:
            return way(delivery)
        except DeployError as error:
            return self._back(delivery, self._seen(error))
        except Exception as error:  # a fault of ours must not leave users half-way either
            return self._back(delivery, unexpected(error))

    def _stay(self, delivery: FunctionOutcome) -> FunctionOutcome:
        context = self._context
        if context.observed:
            apply_settings(context, context.observed.latest.arn)
        url = give_url(context, self._moves)
        if context.observed and context.observed.alias and context.observed.alias.serving:
            with context.run_log.work(f"alias:{context.name}", "read", "", context.region):
                self._moves.arrive()
        self.tests.test_unchanged(url)
        if context.observed:
            if not is_proved(context.function, context.observed.latest):
                mark_tested(context, context.observed.latest, is_shared=True)
            if is_of_a_run(context):  # the run that took the creation over has failed since
                end_creation(context, context.observed.latest.arn)
        return replace(delivery, url=url, base_image_uri=self._base_uri())

    def _go(self, delivery: FunctionOutcome) -> FunctionOutcome:
        # A run without changes needs none of these.
        from lambda_fast_deploy.release.canary import try_out
        from lambda_fast_deploy.release.cleanup import clean
        from lambda_fast_deploy.release.function_update import stage

        context = self._context
        alias, previous = context.observed.alias if context.observed else None, self._moves.home
        past = alias.description if alias and alias.is_settled else ""
        announce_test(context)
        event, now = context.settings.event, clock.now()
        staged = stage(context, descriptions.of_version(event, previous, past, now=now))
        version = staged.state
        speed = self.test(version)
        has_url, took = context.function.url is not None, context.run_log.elapsed
        description = descriptions.of_alias(
            self._before(version), speed, took, now=clock.now(), has_url=has_url
        )
        if context.function.has_alias:
            marked = descriptions.under_test(context.run_log.run, self._moves.home, description)
            try_out(context, self._moves, version.version, marked)
            self.expose(version.version, description)
        arn = version.arn.removesuffix(f":{version.version}")
        apply_settings(context, arn)
        url = self.reach()
        self.settle(description)
        mark_tested(context, version, is_shared=staged.is_shared)
        history = self.history(version.version)
        if context.observed is None or is_of_a_run(context):
            end_creation(context, arn)
        if context.function.has_alias and (staged.is_shared or self._moves.met):
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

    def _before(self, version: FunctionState) -> str:
        """The version that users had before one; of one that they have already, as it was told."""
        observed, home = self._context.observed, self._moves.home
        if version.version != home:
            return home
        described = [observed.alias.description if observed and observed.alias else ""]
        earlier = map(descriptions.previous_of, [*described, version.description])
        return next((number for number in earlier if number not in ("", home)), "")

    def _seen(self, error: DeployError) -> DeployError:
        """An error, or what has led to it: another run deleted the version, or the function."""
        version, name = self._version, self._context.name
        if version is None or isinstance(error, ChangedMeanwhile):
            return error
        with contextlib.suppress(DeployError):
            if self._functions.read(name, version.version) is None:
                says = f"somebody else deleted version {version.version} of {name}, or all of it"
                return ChangedMeanwhile(f"{says}, while this run was deploying")
        return error

    # ------------------------------------------------------------ the ways of every release

    def test(self, version: FunctionState) -> Speed:
        """Test and measure the version to release; if others delete it, later errors say so.

        Raises:
            DeployError: a test did not pass.
        """
        self._version = version
        return self.tests.test_version(version)

    def expose(self, version: str, description: str) -> None:
        """Move all traffic to a version; until ``settle`` the alias marks it as under test."""
        context = self._context
        if self._is_not_over():
            description = descriptions.under_test(
                context.run_log.run, self._moves.home, description
            )
        with context.working(context.steps.alias) as detail:
            self._moves.to(version, description)
            if self._moves.home not in ("", version):
                self._moves.arrive()
            detail(f"{context.function.alias} -> version {version}")

    def _is_not_over(self) -> bool:
        """Whether anything can fail once the version is live."""
        context = self._context
        return (
            has_settings_to_apply(context) or self._moves.gives_url or self.tests.has_live_tests()
        )

    def reach(self) -> str:
        """Test the addresses at which the function is live; its URL, if it has one."""
        url = give_url(self._context, self._moves)
        self.tests.test_live(url)
        return url

    def settle(self, description: str) -> None:
        """Mark the alias's version as tested: the last test has passed."""
        self._moves.confirm(description)

    def history(self, version: str) -> tuple[PastVersion, ...]:
        """The versions that users had before one; nothing if they cannot be listed."""
        context = self._context
        if context.observed is None or not context.function.has_alias:
            return ()
        with contextlib.suppress(DeployError):  # users have the version: nothing may undo that
            return descriptions.history(
                context.clients.versions(context.region).every(context.name), version
            )
        return ()

    # ------------------------------------------------------------ what came of it

    def _layer_sizes(self) -> dict[str, int]:
        source = self._context.function.source
        names = source.layers if isinstance(source, ZipSource) else ()
        layers = self._context.artifacts.layers
        return {name: layers[name].size for name in names if name in layers}

    def _base_uri(self) -> str:
        source = self._context.function.source
        base = source.base if isinstance(source, ImageSource) else None
        return self._context.artifacts.bases.get(base, "") if base else ""

    def _back(self, delivery: FunctionOutcome, error: DeployError) -> FunctionOutcome:
        context = self._context
        error.hide(context.run_log.secrets.hide)
        report = UndoReport()
        if context.undo:
            cause = error.message.splitlines()[0]
            work = context.run_log.work(f"undo:{context.name}", "undo", cause, context.region)
            report = context.undo.told(work)
        version, serves = served(context, self._moves, report)
        return replace(
            because(delivery, error),
            outcome="undone" if report.undone else "failed",
            is_overtaken=isinstance(error, ChangedMeanwhile),
            version=delivery.version if serves == "unknown" else version,
            serves=serves,
            undone=report.undone,
            spared=report.spared,
            left=report.left,
        )

"""Sends a share of the traffic to a new version for a while, before all of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import clock, retry
from lambda_fast_deploy.adapters.aws.metrics import Alarm, CallMetrics
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.models import Canary, Step
from lambda_fast_deploy.release.alias import AliasMoves
from lambda_fast_deploy.release.context import ReleaseContext

MOST_CALLS = 20  # of CloudWatch's pages, per release, during the canary
LATE = 180.0  # seconds that CloudWatch may take to show a call
LONGEST = 15.0  # seconds between two reads of the metrics


def run_canary(context: ReleaseContext, moves: AliasMoves, version: str, description: str) -> None:
    """Send a share of the traffic to a version and watch it; return if it passes.

    Raises:
        FunctionTestFailed: an alarm went off, too many calls failed, or CloudWatch shows no call.
        Conflict: another deployment has updated the alias.
    """
    canary, stable, step = context.function.canary, moves.stable, context.steps.canary
    if canary is None or step is None:
        return
    if not stable or not step.is_due:
        context.run_log.note(f"No canary of {context.name}: {step.reason}.")
        return
    if stable == version:  # Lambda cannot split traffic between a version and itself
        context.run_log.note(f"No canary of {context.name}: version {version} is already live.")
        return
    with context.working(step) as detail:
        watch = _CanaryWatch(context, canary, version, step)
        moves.to(stable, description, {version: canary.weight})
        detail(watch.until_over())


def slow_alarms(canary: Canary, alarms: Mapping[str, Alarm]) -> list[str]:
    """A sentence for each alarm whose period is longer than the canary."""
    return [
        f"alarm {name} goes off after {units.seconds(alarm.span)} at the earliest, and the "
        "canary lasts "
        f"{units.seconds(canary.duration)} (for)"
        for name, alarm in alarms.items()
        if alarm.span > canary.duration
    ]


class _CanaryWatch:
    """Judges one version; ``_in_alarm`` were in ALARM state before its first call, since when."""

    def __init__(self, context: ReleaseContext, canary: Canary, version: str, step: Step) -> None:
        self._context = context
        self._canary = canary
        self._version = version
        self._step = step
        self._metrics = context.clients.metrics(context.region)
        self._calls = CallMetrics()
        self._in_alarm: dict[str, datetime | None] = {}
        alarms = self._metrics.alarms(canary.alarms)
        for name, alarm in alarms.items():
            if alarm.rings:
                self._in_alarm[name] = alarm.since
                context.run_log.note(
                    f"Alarm {name} is already in ALARM state. The canary of version {version} of "
                    f"{context.name} ignores it until it has left that state: {alarm.reason}"
                )
        for sentence in slow_alarms(canary, alarms):
            context.run_log.note(f"{context.name}: {sentence}.")

    def until_over(self) -> str:
        """Watch until the time is over and CloudWatch shows its end; the calls, for people.

        Raises:
            FunctionTestFailed: the version failed, or CloudWatch shows no call of it.
        """
        context, canary = self._context, self._canary
        since, begun = self._metrics.now(), clock.monotonic()
        end = since + timedelta(seconds=canary.duration)

        def is_over() -> bool:
            context.run_log.cancellation.check()
            elapsed = clock.monotonic() - begun
            self._calls = self._metrics.calls(
                context.name, context.function.alias, self._version, since
            )
            self._report(elapsed)
            self._judge()
            newest = self._calls.newest
            return elapsed >= canary.duration and newest is not None and newest >= end

        retry.until(
            is_over,
            bool,
            deadline=canary.duration + LATE,
            first=max(0.5, min(LONGEST, canary.duration / MOST_CALLS)),
            longest=LONGEST,
            wake=context.run_log.cancellation.check,
        )
        if not self._calls.every:
            self._judge_without_calls()
        return self._call_counts

    @property
    def _call_counts(self) -> str:
        return f"{self._calls.every} calls, {self._calls.failed} failed"

    def _report(self, elapsed: float) -> None:
        context, duration, step = self._context, self._canary.duration, self._step
        when = f"after {elapsed:.0f} of {units.seconds(duration)}"
        if elapsed > duration:
            when = "so far; CloudWatch does not show the last calls yet"
        context.run_log.progress(step.id, f"{self._call_counts} {when}", context.region)
        context.run_log.advance(step.id, elapsed, duration, region=context.region)

    def _judge(self) -> None:
        version, allowed = self._version, self._canary.max_error_rate or 0
        for name, alarm in self._metrics.alarms(self._canary.alarms).items():
            if not alarm.rings:
                self._in_alarm.pop(name, None)
            elif name not in self._in_alarm or alarm.since != self._in_alarm[name]:
                raise FunctionTestFailed(
                    f"alarm {name} went off during the canary of version {version}: {alarm.reason}"
                )
        if self._calls.failed > allowed * self._calls.every:
            raise FunctionTestFailed(
                f"{self._calls.failed} of {self._calls.every} calls of version {version} failed "
                f"during its canary; max-error-rate allows {allowed * 100:g} %"
            )

    def _judge_without_calls(self) -> None:
        context, version = self._context, self._version
        if self._canary.unseen == "fail":
            raise FunctionTestFailed(
                f"CloudWatch shows no call of version {version} of {context.name} during its "
                "canary",
                remedy="Use a longer canary (for) or a larger share of the traffic (weight), or "
                "set canary: {unseen: pass}.",
            )
        context.run_log.note(
            f"CloudWatch shows no call of version {version} of {context.name} during its canary, "
            "so the canary has no result."
        )

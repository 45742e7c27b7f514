"""How fast a function starts and answers, as Lambda's own log lines report it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.models import Speed

# A report in a text log (Lambda developer guide, "REPORT log line fields"). With SnapStart, it has
# Restore Duration in place of Init Duration ("Monitoring for Lambda SnapStart"). All are in
# milliseconds.
_REPORT = re.compile(r"REPORT .*?\tDuration: (\d+(?:\.\d+)?) ms\t(.*)")
_START = re.compile(r"(?<!Billed )(?:Init|Restore) Duration: (\d+(?:\.\d+)?) ms")

# The names of the same in a log in JSON (Lambda Telemetry API, "ReportMetrics").
_JSON_REPORT = "platform.report"
_JSON_STARTS = ("initDurationMs", "restoreDurationMs")


class SpeedMeter:
    """Reads the log of each invocation of one version."""

    def __init__(self) -> None:
        self._cold: list[float] = []
        self._warm: list[float] = []
        self._is_called = False

    def read(self, log: str) -> None:
        """Read the end of an invocation's log.

        The last report is Lambda's; an earlier one is output of the function.
        """
        self._is_called = True
        for duration, start in list(_reports(log))[-1:]:
            if start is not None:
                self._cold.append(units.from_ms(start))
            else:
                self._warm.append(units.from_ms(duration))

    @property
    def speed(self) -> Speed:
        """The first cold start and the median of the warm calls, as far as measured."""
        import statistics

        return Speed(
            cold=self._cold[0] if self._cold else None,
            warm=statistics.median(self._warm) if self._warm else None,
        )

    def check(self, budget: float, name: str) -> str:
        """Compare the cold start of a function with its budget, in seconds.

        Returns:
            Why it was not compared; empty if it was.

        Raises:
            FunctionTestFailed: it exceeds the budget.
        """
        cold = self.speed.cold
        if cold is None:
            return (
                f"The cold start of {name} was not measured, so its budget of "
                f"{units.milliseconds(budget)} was not checked: {self._unmeasured}."
            )
        if cold > budget:
            raise FunctionTestFailed(
                f"{name} takes {units.milliseconds(cold)} to start; the budget is "
                f"{units.milliseconds(budget)}",
                remedy="Import less before the first call, add memory, or raise the budget.",
            )
        return ""

    @property
    def _unmeasured(self) -> str:
        if not self._is_called:
            return "no test calls it directly, by a path (http: /health) or an event (invoke)"
        if not self._warm:
            return "its log has no report by Lambda, for example because system-level is warn"
        return "every call ran in an execution environment that was already started"


def _reports(log: str) -> Iterator[tuple[float, float | None]]:
    """The duration of each invocation in a log, and its cold start if it had one."""
    for line in log.split("\n"):
        if text := _REPORT.match(line):
            duration, rest = text.groups()
            start = _START.search(rest)
            yield float(duration), float(start.group(1)) if start else None
        elif _JSON_REPORT in line:
            yield from _json_report(line)


def _json_report(line: str) -> Iterator[tuple[float, float | None]]:
    """The same for a line in JSON, if it is a report by Lambda."""
    try:
        record = json.loads(line)
        metrics = record["record"]["metrics"] if record["type"] == _JSON_REPORT else {}
        starts = [float(metrics[name]) for name in _JSON_STARTS if name in metrics]
        yield float(metrics["durationMs"]), starts[0] if starts else None
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
        return

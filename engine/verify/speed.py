"""How fast a function starts and answers, as Lambda's own log lines report it."""

from __future__ import annotations

import re

from engine.model import Speed

# Lambda developer guide, "REPORT log line fields"; both are in milliseconds.
_REPORT = re.compile(r"^REPORT .*?\tDuration: ([\d.]+) ms\t(.*)$", re.MULTILINE)
_INIT = re.compile(r"Init Duration: ([\d.]+) ms")


class Speedometer:
    """Reads the log of each invocation of one version."""

    def __init__(self) -> None:
        self._cold: list[float] = []
        self._warm: list[float] = []

    def read(self, log: str) -> None:
        """Take the end of an invocation's log."""
        for duration, rest in _REPORT.findall(log):
            if init := _INIT.search(rest):
                self._cold.append(float(init.group(1)) / 1000)
            else:
                self._warm.append(float(duration) / 1000)

    @property
    def speed(self) -> Speed:
        """The first initialisation and the median of the calls without one, as far as seen."""
        import statistics

        return Speed(
            cold=self._cold[0] if self._cold else None,
            warm=statistics.median(self._warm) if self._warm else None,
        )

"""The log of an invocation: START, what the function printed, END, and REPORT with its times.

Invoke answers the last 4 kB of it to LogType=Tail, and all of it is kept in CloudWatch Logs:
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html. With the format JSON, START and
REPORT are objects, there is no END, and a system level above INFO leaves them out:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html and
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html. A version
with SnapStart is restored in place of being initialised:
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-monitoring.html
"""

from __future__ import annotations

import json
import math
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ministack.services import lambda_svc

if TYPE_CHECKING:
    from lab.emulator.invocations import Invocation

# What the runtime interface emulator of container images adds to the function's own output.
_EMULATORS = re.compile(r"^\d\d \w+ \d{4} [\d:,]+ \[\w+\] \(rapid\) ")
_PLATFORMS = re.compile(r"^(START|END|REPORT) RequestId: ")
_INIT = re.compile(r"\(rapid\) INIT REPORT\(durationMs: ([\d.]+)\)")
_DURATION = re.compile(r"^REPORT RequestId: .*?\tDuration: ([\d.]+) ms", re.MULTILINE)

_emit_lambda_logs = lambda_svc._emit_lambda_logs
_invoke_rie = lambda_svc._invoke_rie


RESTORE = 0.25  # seconds that a restore is told to take; the lab's own takes none


@dataclass(frozen=True)
class Start:
    """How an execution environment started, and the milliseconds that it took."""

    kind: Literal["Init", "Restore"]
    duration: float


@dataclass(frozen=True)
class Report:
    """What is reported of an invocation: times in milliseconds, ``start`` of a cold one only."""

    request_id: str
    duration: float
    failed: bool
    start: Start | None

    @property
    def metrics(self) -> dict[str, float]:
        """The times by their names in JSON."""
        found = {"durationMs": self.duration, "billedDurationMs": math.ceil(self.duration)}
        if self.start:
            found[f"{self.start.kind.lower()}DurationMs"] = self.start.duration
        return {name: round(value, 3) for name, value in found.items()}


def start_of(config: dict[str, Any], init: float | None, *, is_first: bool) -> Start | None:
    """Return the start that belongs to an invocation, if any; ``init`` is in seconds."""
    if (config.get("SnapStart") or {}).get("OptimizationStatus") == "On":
        return Start("Restore", RESTORE * 1000) if is_first else None
    return None if init is None else Start("Init", init * 1000)


def measured(result: dict[str, Any], invocation: Invocation) -> tuple[str, float | None, float]:
    """Return a function's own output, the seconds of its init (if any), and of its handler.

    The runtime interface emulator measures both, but for the Init Duration in its REPORT, which
    is only the time it takes to begin.
    """
    output = result.get("log", "")
    seconds = (invocation.ended or time.monotonic()) - invocation.started
    init = invocation.init
    if result.get("log_source") != "rie":
        return output, init, seconds
    reported, told = _DURATION.search(output), _INIT.search(output)
    handled = float(reported[1]) / 1000 if reported else seconds
    if init is not None and told:
        # The first Duration holds the init as well.
        init = float(told[1]) / 1000
        handled = max(0.0, handled - init)
    elif init is not None:
        init += seconds - handled  # until the container was ready
    lines = [
        line
        for line in output.split("\n")
        if not _EMULATORS.match(line) and not _PLATFORMS.match(line)
    ]
    return "\n".join(lines), init, handled


def text(report: Report, config: dict[str, Any], output: str, init_output: str, memory: int) -> str:
    """Return the whole log of an invocation."""
    size = int(config.get("MemorySize", 128))
    version, used = config.get("Version", "$LATEST"), min(memory, size)
    logging = config.get("LoggingConfig") or {}
    if logging.get("LogFormat") == "JSON":
        is_told = logging.get("SystemLogLevel", "INFO") != "WARN"
        lines = _in_json(report, version, size, used) if is_told else ("", "")
        parts = [init_output, lines[0], output.strip("\n"), lines[1]]
        return "\n".join(filter(None, parts)) + "\n"
    line = (
        f"REPORT RequestId: {report.request_id}\tDuration: {report.duration:.2f} ms\t"
        f"Billed Duration: {math.ceil(report.duration)} ms\tMemory Size: {size} MB\t"
        f"Max Memory Used: {used} MB\t"
    )
    if report.start:
        line += f"{report.start.kind} Duration: {report.start.duration:.2f} ms\t"
    if report.start and report.start.kind == "Restore":
        line += f"Billed Restore Duration: {math.ceil(report.start.duration)} ms\t"
    start = f"START RequestId: {report.request_id} Version: {version}"
    parts = [init_output, start, output.strip("\n"), f"END RequestId: {report.request_id}", line]
    return "\n".join(filter(None, parts)) + "\n"


def _in_json(report: Report, version: str, size: int, used: int) -> tuple[str, str]:
    """Return the events of a start and of its report."""
    record: dict[str, Any] = {"requestId": report.request_id}
    metrics = {**report.metrics, "memorySizeMB": size, "maxMemoryUsedMB": used}
    status = "error" if report.failed else "success"
    return (
        _event("platform.start", {**record, "functionVersion": version}),
        _event("platform.report", {**record, "status": status, "metrics": metrics}),
    )


def _event(kind: str, record: dict[str, Any]) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return json.dumps({"time": moment, "type": kind, "record": record})


def keep(function: dict[str, Any], request_id: str, log: str) -> None:
    """Store the log of an invocation in its log group."""
    _emit_lambda_logs(function, request_id, log, False, 0, log_source="rie")


def invoke_rie(container: Any, event: Any, timeout: int, request_id: str) -> dict[str, Any]:
    """Call a container; what it printed may arrive a moment after its answer."""
    since = time.time()
    result: dict[str, Any] = _invoke_rie(container, event, timeout, request_id)
    for _ in range(10):
        if result.get("error") or "\nREPORT RequestId: " in result.get("log", ""):
            break
        time.sleep(0.02)
        result["log"] = container.logs(since=since).decode(errors="replace").strip()
    return result


def teach() -> None:
    """Install every behaviour of this module."""
    lambda_svc._invoke_rie = invoke_rie

"""Invocations: what is known of one while it runs, and what is told of it when it ends.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import contextvars
import time
from dataclasses import dataclass, field
from typing import Any

from ministack.services import lambda_svc

from lab.emulator import logs, metrics

_TIMED_OUT = "Sandbox.Timedout"
_execute_function_dispatch = lambda_svc._execute_function_dispatch


@dataclass
class Call:
    """A call of Invoke or of a function URL: whom it named, and what became of it."""

    name: str
    qualifier: str | None
    failed: bool = False


@dataclass
class Invocation:
    """One run of a function. ``init``: the seconds that a new execution environment took, if
    one was started; ``started``: when the handler was called; ``ended``: when it returned;
    ``is_first``: it is the first one of its execution environment."""

    init: float | None = None
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    init_output: str = ""
    memory: int = 0
    is_first: bool = False

    def environment_ready(self, seconds: float, output: str = "") -> None:
        """A new execution environment is there; from now on the handler's time counts."""
        self.init, self.init_output = seconds, output
        self.started = time.monotonic()


_call: contextvars.ContextVar[Call | None] = contextvars.ContextVar("call", default=None)
_invocation: contextvars.ContextVar[Invocation | None] = contextvars.ContextVar(
    "invocation", default=None
)


def called(name: str, qualifier: str | None) -> Call:
    """Note the call which this request makes."""
    call = Call(name, qualifier)
    _call.set(call)
    return call


def current() -> Invocation:
    """Return the invocation under way, or one that nobody asks about."""
    return _invocation.get() or Invocation()


def dispatch(
    function: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
) -> dict[str, Any]:
    """Run a function; log and count the invocation. A call by alias keeps the alias' ARN."""
    call = _call.get()
    if call and call.name != config["FunctionName"]:
        call = None  # another function, by way of the first
    if call:
        arn = lambda_svc._func_arn(config["FunctionName"])
        config = {**config, "FunctionArn": f"{arn}:{call.qualifier}" if call.qualifier else arn}
        function = {**function, "config": config}
    invocation = Invocation()
    token = _invocation.set(invocation)
    try:
        result: dict[str, Any] = _execute_function_dispatch(
            function, config, event, request_id, started
        )
    finally:
        _invocation.reset(token)
    if result.get("throttle"):
        return result
    failed = bool(result.get("error"))
    output, init, seconds = logs.measured(result, invocation)
    error = result.get("body") if failed else None
    if isinstance(error, dict) and error.get("errorType") == _TIMED_OUT:
        seconds = float(config.get("Timeout", 3))
        told = f"Task timed out after {seconds:.2f} seconds"
        result["body"] = {
            "errorType": _TIMED_OUT,
            "errorMessage": f"RequestId: {request_id} Error: {told}",
        }
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        output = "\n".join(filter(None, [output, f"{moment}Z {request_id} {told}"]))
    start = logs.start_of(config, init, is_first=invocation.is_first)
    report = logs.Report(request_id, seconds * 1000, failed, start)
    memory = invocation.memory or lambda_svc._probe_peak_memory_mb(function)
    result["log"] = logs.text(report, config, output, invocation.init_output, memory)
    logs.keep(function, request_id, result["log"])
    metrics.count(config, call.qualifier if call else None, failed, seconds * 1000)
    if call:
        call.failed = failed
    return result


def teach() -> None:
    """Install every behaviour of this module."""
    lambda_svc._execute_function_dispatch = dispatch
    # The log is kept here, when all of it is known.
    lambda_svc._emit_lambda_logs = lambda *_, **__: None

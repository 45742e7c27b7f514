"""Zip functions: the interpreter they run in, what they print and how long they take, and AWS's
names for what goes wrong there.

https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html and
https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
"""

from __future__ import annotations

import base64
import contextlib
import json
import queue
import re
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from lab.emulator.invocations import current
from lab.emulator.settings import Settings
from lab.emulator.unpacked import Unpacked

_INIT_FAILED = "Worker init failed: "
_FAILURE = "_lab_failure"  # in an answer: the handler's error, as JSON
_STREAM = "_lab_stream"  # in an answer: what the handler streamed, in base64
_END = "\0lab: end"  # printed when an init or a call is through
_DRAIN_SECONDS = 0.25

_spawn = lambda_runtime.Worker._spawn
_drain_stderr_bounded = lambda_runtime.Worker._drain_stderr_bounded
_execute_function_warm = lambda_svc._execute_function_warm
_detect_runtime_binary = lambda_runtime._detect_runtime_binary

# Put in front of MiniStack's worker: what AWS's runtime client reports of an exception.
_REPORT = """
import json as _lab_json, sys as _lab_sys, traceback as _lab_traceback

def _lab_end():
    _lab_sys.stderr.flush()
    _lab_sys.__stderr__.write("\\0lab: end\\n")
    _lab_sys.__stderr__.flush()

def _lab_report(error, module="", handler=""):
    frames = _lab_traceback.format_tb(error.__traceback__)[1:]  # the first is this script's
    kind, text = type(error).__name__, str(error)
    if module and isinstance(error, SyntaxError):
        kind = "Runtime.UserCodeSyntaxError"
        text = "Syntax error in module '%s': %s" % (module, error)
    elif module and isinstance(error, ImportError):
        kind = "Runtime.ImportModuleError"
        text = "Unable to import module '%s': %s" % (module, error)
    elif module and isinstance(error, AttributeError) and not frames:
        kind = "Runtime.HandlerNotFound"
        text = "Handler '%s' missing on module '%s'" % (handler, module)
    return _lab_json.dumps({"errorMessage": text, "errorType": kind, "stackTrace": frames})
"""
_EXCEPT_INIT = 'json.dumps({"status": "error", "error": str(e)})'
_EXCEPT_CALL = 'json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()})'
# With it MiniStack counts calls that functions make of functions, and imports botocore for it.
_COUNT_CALLS = "    _ms_install_invoke_depth()\n"
_READY = '_real_stdout.write(json.dumps({"status": "ready"'
_ANSWERED = "        _real_stdout.flush()\n\nrun()"

# What the runtime of Node.js gives to handlers that stream; their answer is what they have written:
# https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
_STREAMING = f"""
globalThis.awslambda = {{
  streamifyResponse: (handler) => async (event, context) => {{
    const chunks = [];
    const stream = new (require("stream").Writable)({{
      write(chunk, encoding, next) {{ chunks.push(Buffer.from(chunk)); next(); }},
    }});
    stream.setContentType = () => {{}};
    const finished = new Promise((resolve) => stream.on("finish", resolve));
    await handler(event, stream, context);
    await finished;
    return {{ {_STREAM}: Buffer.concat(chunks).toString("base64") }};
  }},
  HttpResponseStream: {{
    from: (stream, prelude) => {{
      stream.write(JSON.stringify(prelude));
      stream.write(Buffer.alloc(8));
      return stream;
    }},
  }},
}};
"""

# For MiniStack, which ends a worker after an error, a handler's error is an answer: on AWS the
# execution environment lives on.
_PYTHON = {
    _EXCEPT_INIT: (
        'json.dumps({"status": "error", "error": _lab_report(e, module_name, handler_name)})'
    ),
    _EXCEPT_CALL: f'json.dumps({{"status": "ok", "result": {{"{_FAILURE}": _lab_report(e)}}}})',
    _COUNT_CALLS: "",
    _READY: "_lab_end(); " + _READY,
    _ANSWERED: "        _lab_end()\n" + _ANSWERED,
}
_NODEJS = {
    "const _realStdoutWrite = process.stdout.write.bind(process.stdout);": """
const _labWrite = process.stdout.write.bind(process.stdout);
const _realStdoutWrite = (text) => { process.stderr.write("\\0lab: end\\n"); _labWrite(text); };
const _labFailure = (error) => JSON.stringify({
  errorType: (error && error.name) || "Error",
  errorMessage: String((error && error.message) || error),
  trace: String((error && error.stack) || "").split("\\n"),
});
"""
    + _STREAMING,
    'status: "error", error: String(err.message || err), trace: err.stack || ""': (
        f'status: "ok", result: {{ {_FAILURE}: _labFailure(err) }}'
    ),
    'status: "error", error: e.message, trace: e.stack': (
        f'status: "ok", result: {{ {_FAILURE}: _labFailure(e) }}'
    ),
}


def taught(script: str, changes: dict[str, str]) -> str:
    """Return MiniStack's worker with these changes.

    Raises RuntimeError when MiniStack's script is not the one this was written for.
    """
    for before, after in changes.items():
        if script.count(before) != 1:
            raise RuntimeError(f"this MiniStack's worker is unknown to the lab: {before}")
        script = script.replace(before, after)
    return script


def spawn(worker: Any) -> None:
    """Start a worker: its init is the time from the start of its process until it is ready."""
    worker._lab_started = began = time.monotonic()
    worker._lab_called = False
    try:
        _spawn(worker)
    finally:
        # Unpacking the code, before the process starts, is no part of AWS's init either.
        took = time.monotonic() - max(began, worker._lab_started)
        current().environment_ready(took, printed(worker))


def read_stderr(worker: Any) -> None:
    """Collect what a worker's new process prints."""
    worker._lab_started = time.monotonic()
    with contextlib.suppress(ValueError):  # closed meanwhile
        for line in worker._proc.stderr:
            worker._stderr_queue.put(line.rstrip("\n"))


def printed(worker: Any) -> str:
    """Return what a worker has printed up to the end of its init or call."""
    lines: list[str] = []
    deadline = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < deadline:
        reader = worker._stderr_thread
        try:
            line = worker._stderr_queue.get(timeout=0.01)
        except queue.Empty:
            if reader is None or not reader.is_alive():
                break
            continue
        if line.endswith(_END):
            lines += filter(None, [line.removesuffix(_END)])
            break
        lines.append(line)
    return "\n".join(lines)


def drain(worker: Any, *args: Any, **named: Any) -> str:
    """Return what a call printed: it is through when this is asked for."""
    invocation = current()
    invocation.ended = time.monotonic()
    invocation.memory = peak_memory(worker._proc)
    invocation.is_first = not getattr(worker, "_lab_called", False)
    worker._lab_called = True
    if isinstance(worker, lambda_runtime.ProvidedWorker):
        return str(_drain_stderr_bounded(worker, *args, **named))
    return printed(worker)


def peak_memory(process: Any) -> int:
    """Return the most memory that a process has used so far, in MB; 0 if it is gone."""
    if process is None:
        return 0
    with contextlib.suppress(OSError):
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
        return int(peak[1]) // 1024 if peak else 0
    return 0


def execute_function(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    """Run a zip function; an error is told with its AWS type, message and stack trace, and what
    is streamed is the answer as it is."""
    result: dict[str, Any] = _execute_function_warm(function, event, request_id)
    body = result.get("body")
    if not isinstance(body, dict):
        return result
    if _STREAM in body:
        return {**result, "body": base64.b64decode(body[_STREAM])}
    printed_by_it, is_init = result.get("log", ""), False
    if _FAILURE in body:
        told = json.loads(body[_FAILURE])
    elif result.get("error"):
        text = str(body.get("errorMessage", ""))
        printed_by_it = printed_by_it.removesuffix(text)  # which MiniStack has put there
        is_init, text = text.startswith(_INIT_FAILED), text.removeprefix(_INIT_FAILED)
        try:
            told = json.loads(text)
        except ValueError:
            told = body
            if text.startswith("Worker process"):
                told = {"errorType": "Runtime.ExitError", "errorMessage": text}
    else:
        return result
    lines = [printed_by_it.rstrip("\n")]
    if told.get("errorType") != "Sandbox.Timedout":
        lines.append(f"[ERROR] {told.get('errorType')}: {told.get('errorMessage')}")
    if told.get("stackTrace"):
        lines += ["Traceback (most recent call last):", "".join(told["stackTrace"]).rstrip()]
    if is_init:
        told["requestId"] = ""  # there is none yet
        lines.append(
            "INIT_REPORT Init Duration: 1.00 ms\tPhase: invoke\tStatus: error\t"
            f"Error Type: {told.get('errorType')}"
        )
    log = "\n".join(filter(None, [*lines, *told.get("trace", [])]))
    return {**result, "body": told, "error": True, "log": log}


def teach(settings: Settings) -> None:
    """Install every behaviour of this module."""
    python = _REPORT + taught(lambda_runtime._PYTHON_WORKER_SCRIPT, _PYTHON)
    nodejs = taught(lambda_runtime._NODEJS_WORKER_SCRIPT, _NODEJS)
    interpreter = str(Path(settings.runtime))

    def runtime_binary(runtime: str) -> tuple[str, str]:
        """Run Python functions where only the runtime's own packages are installed."""
        if runtime.startswith("python"):
            return interpreter, python
        found: tuple[str, str] = _detect_runtime_binary(runtime)
        return (found[0], nodejs) if runtime.startswith("nodejs") else found

    unpacking = {**vars(zipfile), "ZipFile": Unpacked}
    lambda_runtime.zipfile = SimpleNamespace(**unpacking)
    lambda_runtime._detect_runtime_binary = runtime_binary
    lambda_runtime.Worker._spawn = spawn
    lambda_runtime.Worker._read_stderr = read_stderr
    lambda_runtime.Worker._drain_stderr_bounded = drain
    lambda_svc._execute_function_warm = execute_function

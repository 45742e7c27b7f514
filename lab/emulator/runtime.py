"""Zip functions: the interpreter they run in, and AWS's names for what goes wrong there.

https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from lab.emulator.settings import Settings

_INIT_FAILED = "Worker init failed: "
_execute_function_warm = lambda_svc._execute_function_warm
_detect_runtime_binary = lambda_runtime._detect_runtime_binary

# Put in front of MiniStack's worker: what AWS's runtime client reports of an exception.
_REPORT = """
import json as _lab_json, traceback as _lab_traceback

def _lab_report(error, module="", handler=""):
    frames = _lab_traceback.format_tb(error.__traceback__)
    kind, text = type(error).__name__, str(error)
    if module and isinstance(error, SyntaxError):
        kind = "Runtime.UserCodeSyntaxError"
        text = "Syntax error in module '%s': %s" % (module, error)
    elif module and isinstance(error, ImportError):
        kind = "Runtime.ImportModuleError"
        text = "Unable to import module '%s': %s" % (module, error)
    elif module and isinstance(error, AttributeError) and not frames[1:]:
        kind = "Runtime.HandlerNotFound"
        text = "Handler '%s' missing on module '%s'" % (handler, module)
    return _lab_json.dumps({"errorMessage": text, "errorType": kind, "stackTrace": frames})
"""
_EXCEPT_INIT = 'json.dumps({"status": "error", "error": str(e)})'
_EXCEPT_CALL = 'json.dumps({"status": "error", "error": str(e), "trace"'


def worker_script(script: str) -> str:
    """Return MiniStack's worker, reporting errors as AWS's runtime does.

    Raises RuntimeError when MiniStack's script is not the one this was written for.
    """
    if script.count(_EXCEPT_INIT) != 1 or script.count(_EXCEPT_CALL) != 1:
        raise RuntimeError("this MiniStack's Python worker is unknown to the lab")
    script = script.replace(
        _EXCEPT_INIT,
        'json.dumps({"status": "error", "error": _lab_report(e, module_name, handler_name)})',
    )
    script = script.replace(
        _EXCEPT_CALL, 'json.dumps({"status": "error", "error": _lab_report(e), "trace"'
    )
    return _REPORT + script


def execute_function(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    """Run a zip function; an error is told with its AWS type, message and stack trace."""
    result: dict[str, Any] = _execute_function_warm(function, event, request_id)
    body = result.get("body")
    if result.get("error") and isinstance(body, dict):
        text = str(body.get("errorMessage", "")).removeprefix(_INIT_FAILED)
        try:
            told = json.loads(text)
        except ValueError:
            if text.startswith("Worker process"):
                body.update(errorType="Runtime.ExitError", errorMessage=text)
        else:
            result["body"] = told
    return result


def teach(settings: Settings) -> None:
    """Install every behaviour of this module."""
    script = worker_script(lambda_runtime._PYTHON_WORKER_SCRIPT)
    interpreter = str(Path(settings.runtime))

    def runtime_binary(runtime: str) -> tuple[str, str]:
        """Run Python functions where only the runtime's own packages are installed."""
        if runtime.startswith("python"):
            return interpreter, script
        found: tuple[str, str] = _detect_runtime_binary(runtime)
        return found

    lambda_runtime._detect_runtime_binary = runtime_binary
    lambda_svc._execute_function_warm = execute_function

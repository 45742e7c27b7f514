"""Reads the handler of a zip, and checks that the code has it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.adapters.files import is_directory
from lambda_fast_deploy.config.code_sources import (
    Code,
    handler_absence,
    handler_problem,
    is_archive,
)
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.models import Architecture
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.schema.records import Key
from lambda_fast_deploy.schema.shapes import TextShape

_EXPECTED = "a handler such as app.handler"
HANDLER = Key(
    TextShape(r"\S{1,128}", _EXPECTED),
    "module and function that Lambda calls",
    otherwise="bootstrap for provided.al2023; required for other runtimes",
)


def read_handler(
    checked: ValidatedDocument,
    value: Mapping[str, Any],
    code: Code,
    architecture: Architecture,
    *path: str,
) -> str:
    """The handler of a zip, or the usual one of its runtime; its problems go to ``checked``.

    Args:
        checked: the configuration.
        value: the checked values of the zip.
        code: its code; empty if a command makes it.
        architecture: the architecture of the function.
        path: the path of the zip.
    """
    runtime = Runtime(value["runtime"])
    family = runtime.family
    handler: str = value.get("handler") or (family.usual if family else "")
    if not handler:
        checked.problem(f"'handler' is missing ({HANDLER.says})", *path)
    elif family and not re.fullmatch(family.handler, handler):
        checked.problem(f"handler: expected {_EXPECTED}, got {handler!r}", *path, "handler")
    elif all(is_directory(each) or is_archive(each) for each in code):
        named = (code, handler, runtime)
        # Neither a layer nor a package has its module.
        is_whole = value.get("layers") == [] and "requirements" not in value
        problem = handler_problem(*named, architecture)
        if problem := problem or (handler_absence(*named) if is_whole else ""):
            checked.problem(problem, *path, "handler")
    return handler

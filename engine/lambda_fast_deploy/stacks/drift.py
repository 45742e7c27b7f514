"""Resolves drift: restores functions that code-only has updated directly to the code of the stack.

CloudFormation compares templates and not the code of functions, so it does not update a function
whose template is unchanged. So the bucket has a record of the functions that code-only has updated,
until the next deploy of the stack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.models import Action, Step
from lambda_fast_deploy.stacks.snapshots import DriftedFunction
from lambda_fast_deploy.stacks.stack_context import CurrentStack, StackContext
from lambda_fast_deploy.stacks.template import plain
from lambda_fast_deploy.state import descriptions

_OBJECT = re.compile(r"s3://([^/]+)/(.+)")


def code_of(resource: Mapping[str, Any]) -> dict[str, str]:
    """The code of a function in a packaged template, as parameters of ``UpdateFunctionCode``."""
    properties = resource.get("Properties") or {}
    code = properties.get("Code") or properties.get("CodeUri") or {}
    if "ImageUri" in properties:
        code = {"ImageUri": properties["ImageUri"]}
    if isinstance(code, str) and (match := _OBJECT.fullmatch(code)):
        code = {"S3Bucket": match[1], "S3Key": match[2]}
    names = ("ImageUri", "S3Bucket", "S3Key")
    return {key: code[key] for key in names if key in code} if isinstance(code, dict) else {}


def align_steps(context: StackContext, current: CurrentStack) -> tuple[Step, ...]:
    """The steps that resolve the drift of functions."""
    why = "code-only had updated it directly"
    return tuple(
        Step(f"function:{each}", context.region, Action.UPDATE, why) for each in current.drift
    )


def align(context: StackContext, current: CurrentStack) -> None:
    """Restore the code of the stack to functions, and delete the record of the drift.

    This must happen before an update of the stack: Lambda does not publish a version of content
    that a version already has (API: ``PublishVersion``), so those of code-only are deleted first.
    """
    if not current.drift:
        return
    assert current.snapshot
    resources = plain(current.snapshot.template)["Resources"]
    for step in align_steps(context, current):
        with context.run_log.step(step) as detail:
            code = code_of(resources.get(step.subject, {}))
            detail(_align(context, current.drift[step.subject], code))
    context.snapshots.put_drift({})


def _align(context: StackContext, drifted: DriftedFunction, code: Mapping[str, str]) -> str:
    functions, versions = (
        context.clients.functions(context.region),
        context.clients.versions(context.region),
    )
    name, state = drifted.function, functions.read(drifted.function)
    if state is None or not code:
        return "the stack does not have it anymore"
    functions.update_code(name, code, state.architecture, state.code_key)
    context.run_log.cancellation.check()  # a cancelled run has not waited for Lambda
    if drifted.alias and (now := versions.alias(name, drifted.alias)):
        stack_version = drifted.version
        versions.move_alias(name, drifted.alias, stack_version, now.description, now.revision)
        for version in versions.every(name):
            if version.description == descriptions.CODE_ONLY and version.version != stack_version:
                versions.delete(name, version.version)
    return "it has the code of the stack"

"""Functions that were updated past their stack, and how they come back in line with it.

CloudFormation compares templates: it does not see what code a function has, and leaves a function
alone whose template says the same as before. So what code-only has updated is kept in the bucket
until the stack is deployed again.
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
    """The code of a function in a packaged template, as the API's ``UpdateFunctionCode`` has it."""
    properties = resource.get("Properties") or {}
    code = properties.get("Code") or properties.get("CodeUri") or {}
    if "ImageUri" in properties:
        code = {"ImageUri": properties["ImageUri"]}
    if isinstance(code, str) and (match := _OBJECT.fullmatch(code)):
        code = {"S3Bucket": match[1], "S3Key": match[2]}
    known = ("ImageUri", "S3Bucket", "S3Key")
    return {key: code[key] for key in known if key in code} if isinstance(code, dict) else {}


def align_steps(context: StackContext, there: CurrentStack) -> tuple[Step, ...]:
    """The steps that bring functions back in line."""
    why = "code-only had updated it past the stack"
    return tuple(
        Step(f"function:{each}", context.region, Action.UPDATE, why) for each in there.drift
    )


def align(context: StackContext, there: CurrentStack) -> None:
    """Give functions the code that the stack says, and forget that they had other.

    This goes before a change of the stack: CloudFormation publishes no version of what a version
    has already (Lambda API, ``PublishVersion``), so those of code-only must be gone by then.
    """
    if not there.drift:
        return
    assert there.kept
    resources = plain(there.kept.template)["Resources"]
    for step in align_steps(context, there):
        with context.run_log.step(step) as detail:
            code = code_of(resources.get(step.subject, {}))
            detail(_align(context, there.drift[step.subject], code))
    context.keep.put_drift({})


def _align(context: StackContext, drifted: DriftedFunction, code: Mapping[str, str]) -> str:
    functions, versions = (
        context.clients.functions(context.region),
        context.clients.versions(context.region),
    )
    name, state = drifted.function, functions.read(drifted.function)
    if state is None or not code:
        return "the stack has it no more"
    functions.update_code(name, code, state.architecture, state.code_key)
    context.run_log.cancellation.check()  # a run that is cancelled has not waited for Lambda
    if drifted.alias and (now := versions.alias(name, drifted.alias)):
        back = drifted.version
        versions.move_alias(name, drifted.alias, back, now.description, now.revision)
        for version in versions.every(name):
            if version.description == descriptions.CODE_ONLY and version.version != back:
                versions.delete(name, version.version)
    return "it has the code that the stack says"

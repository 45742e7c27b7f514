"""Parameters whose value only the stack has, and on which the package of its template depends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.adapters.aws.stack_shapes import StackState
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.models import Architecture, Stack
from lambda_fast_deploy.stacks.code_builds import NO_RUNTIME, LocalArtifact
from lambda_fast_deploy.stacks.parameter_constraints import text_of
from lambda_fast_deploy.stacks.snapshots import SECRET
from lambda_fast_deploy.stacks.stack_context import of_template
from lambda_fast_deploy.stacks.template import Template


def check_kept_parameters(template: Template, stack: Stack, state: StackState) -> None:
    """Refuse a parameter whose default gives another package than the value that the stack keeps.

    A deploy keeps the values of parameters that the configuration does not name, as ``aws
    cloudformation deploy`` does. But the package is made from the configuration and the template.

    Raises:
        Invalid: with every such parameter.
    """
    kept = {
        name: value
        for name, value in state.parameters.items()
        if name not in stack.parameters
        and value not in (SECRET, _default(template, name))
        and _default(template, name) is not None
    }
    if not kept or _package(stack, {}) == _package(stack, kept):
        return
    without = {name: {k: v for k, v in kept.items() if k != name} for name in kept}
    all_kept = _package(stack, kept)
    guilty = [name for name in kept if _package(stack, without[name]) != all_kept] or list(kept)
    raise Invalid(
        [
            Problem(
                f"parameter {name} is {kept[name]!r} in the stack, but what is built here depends "
                f"on it, and its Default is {_default(template, name)!r}; set it under stack: "
                "parameters",
                template.place("Parameters", name),
            )
            for name in guilty
        ]
    )


def _default(template: Template, name: str) -> str | None:
    parameter = template.parameters.get(name) or {}
    return text_of(parameter["Default"]) if "Default" in parameter else None


def _package(stack: Stack, kept: Mapping[str, str]) -> Any:
    """What a package is made from, with these values; ``None`` if it cannot be made."""
    try:
        given = replace(stack, parameters={**kept, **stack.parameters})
        resources, parts, images = of_template(given)
    except Invalid:
        return None
    bodies = [each.template.body["Resources"] for each in resources.every]
    return bodies, [_without_runtime(each) for each in parts], images


def _without_runtime(part: LocalArtifact) -> LocalArtifact:
    """A part without its runtime, on which nothing depends if it has no requirements."""
    if part.requirements is not None:
        return part
    return replace(part, runtime=NO_RUNTIME, architecture=Architecture.X86_64)

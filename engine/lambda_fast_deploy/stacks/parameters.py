"""The values of a template's parameters: from the configuration, the stack, or the default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambda_fast_deploy.adapters.aws.stack_shapes import StackState
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.stacks.parameter_constraints import problem_with, text_of
from lambda_fast_deploy.stacks.template import Template


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values by name. Those of ``NoEcho`` parameters are ``hidden``, and no output shows them.

    A hidden parameter without a value keeps its current one.
    """

    shown: Mapping[str, str]
    hidden: Mapping[str, str | None] = field(repr=False)
    are_known: bool = True

    @property
    def all(self) -> dict[str, str | None]:
        """All parameters for a change set."""
        return {**self.shown, **self.hidden}


def parameters_of(template: Template, stack: Stack, state: StackState | None) -> Parameters:
    """The parameters of a deployment, chosen as ``aws cloudformation deploy`` chooses them.

    ``are_known`` is false if only AWS can compare a value with the current one: a hidden value in
    the configuration, or a reference (``AWS::SSM::Parameter::…``).

    Raises:
        Invalid: a value is missing, not allowed, or of a parameter that the template does not have.
    """
    declared = template.parameters
    absent = stack.parameters.keys() - declared.keys() - stack.shared_parameters
    problems = [_absent(name, template, stack) for name in stack.parameters if name in absent]
    current = state.parameters if state and state.exists else {}
    shown: dict[str, str] = {}
    hidden: dict[str, str | None] = {}
    for name, parameter in declared.items():
        given = stack.parameters.get(name)
        if text_of(parameter.get("NoEcho")) == "true":
            if given is not None or name in current:
                hidden[name] = given
            elif "Default" not in parameter:
                problems.append(_missing(name, template))
        elif (value := given if given is not None else current.get(name)) is not None:
            shown[name] = value
        elif "Default" in parameter:
            shown[name] = text_of(parameter["Default"])
        else:
            problems.append(_missing(name, template))
    problems += _unfit(template, stack, {**shown, **hidden})
    if problems:
        raise Invalid(problems)
    looked_up = (str(each.get("Type", "")) for each in declared.values())
    is_given = any(value is not None for value in hidden.values())
    return Parameters(
        shown, hidden, not is_given and not any("AWS::SSM::" in kind for kind in looked_up)
    )


def notes_of(template: Template, stack: Stack) -> list[str]:
    """Notes about parameters of samconfig.toml that the template does not have."""
    absent = stack.shared_parameters - template.parameters.keys()
    return [str(_absent(name, template, stack)) for name in sorted(absent)]


def unheeded_defaults(
    template: Template, before: Mapping[str, Mapping[str, Any]], stack: Stack, kept: Parameters
) -> list[str]:
    """Notes about parameters whose Default is new, while the stack keeps the former one.

    Args:
        template: the template.
        before: the parameters of the deployed template, by their names.
        stack: the stack.
        kept: the values of the deployment.
    """
    notes = []
    for name, parameter in template.parameters.items():
        old, new = (each.get("Default") for each in (before.get(name) or {}, parameter))
        is_new = None not in (old, new) and text_of(old) != text_of(new)
        if is_new and name not in stack.parameters and kept.shown.get(name) == text_of(old):
            notes.append(
                f"{template.place('Parameters', name)}: parameter {name} stays {text_of(old)!r}, "
                f"as the stack has it; its new Default is for new stacks only. To change it, set "
                "it under stack: parameters."
            )
    return notes


def _absent(name: str, template: Template, stack: Stack) -> Problem:
    problem = f"the template has no parameter {name!r}{nearest(name, template.parameters)}"
    return Problem(problem, stack.at("parameters", name))


def _missing(name: str, template: Template) -> Problem:
    problem = f"parameter {name} has no value and no Default; set it under stack: parameters"
    return Problem(problem, template.place("Parameters", name))


def _unfit(template: Template, stack: Stack, values: Mapping[str, str | None]) -> Iterator[Problem]:
    """The values that the template does not allow, at their place or that of the constraint."""
    for name, value in values.items():
        parameter = template.parameters[name]
        is_hidden = text_of(parameter.get("NoEcho")) == "true"
        problem = problem_with(value, parameter, is_hidden=is_hidden) if value is not None else ""
        if problem and name in stack.parameters:
            yield Problem(f"parameter {name}: {problem}", stack.at("parameters", name))
        elif problem:
            yield Problem(f"parameter {name}: {problem}", template.place("Parameters", name))

"""The values of a template's parameters: what is given, what the stack has, the default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lambda_fast_deploy.adapters.aws.stack_shapes import StackState
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.stacks.parameter_constraints import problem_with, text_of
from lambda_fast_deploy.stacks.template import Template


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values by name. Those of ``NoEcho`` parameters are ``hidden``, and nobody may see them.

    A hidden parameter without a value keeps the one that it has.
    """

    shown: Mapping[str, str]
    hidden: Mapping[str, str | None] = field(repr=False)
    are_known: bool = True

    @property
    def all(self) -> dict[str, str | None]:
        """As a change set takes them."""
        return {**self.shown, **self.hidden}


def parameters_of(template: Template, stack: Stack, state: StackState | None) -> Parameters:
    """The parameters of a deployment, as ``aws cloudformation deploy`` chooses them.

    They are not ``known`` when AWS alone can tell whether one has changed: a hidden value that is
    given, or one that is looked up elsewhere (``AWS::SSM::Parameter::…``).

    Raises:
        Invalid: a value that the template does not ask for or allow, or one that is missing.
    """
    known = template.parameters
    problems = [
        Problem(
            f"the template has no parameter {name!r}{nearest(name, known)}",
            stack.at("parameters", name),
        )
        for name in stack.parameters
        if name not in known
    ]
    has = state.parameters if state and state.exists else {}
    shown: dict[str, str] = {}
    hidden: dict[str, str | None] = {}
    for name, parameter in known.items():
        given = stack.parameters.get(name)
        if text_of(parameter.get("NoEcho")) == "true":
            if given is not None or name in has:
                hidden[name] = given
            elif "Default" not in parameter:
                problems.append(_missing(name, template))
        elif (value := given if given is not None else has.get(name)) is not None:
            shown[name] = value
        elif "Default" in parameter:
            shown[name] = text_of(parameter["Default"])
        else:
            problems.append(_missing(name, template))
    problems += _unfit(template, stack, {**shown, **hidden})
    if problems:
        raise Invalid(problems)
    looked_up = (str(each.get("Type", "")) for each in known.values())
    is_given = any(value is not None for value in hidden.values())
    return Parameters(
        shown, hidden, not is_given and not any("AWS::SSM::" in kind for kind in looked_up)
    )


def _missing(name: str, template: Template) -> Problem:
    says = f"parameter {name} has no value and no Default; give it one under stack: parameters"
    return Problem(says, template.place("Parameters", name))


def _unfit(template: Template, stack: Stack, values: Mapping[str, str | None]) -> Iterator[Problem]:
    """The values that the template does not allow, where they are given or allowed."""
    for name, value in values.items():
        parameter = template.parameters[name]
        is_hidden = text_of(parameter.get("NoEcho")) == "true"
        says = problem_with(value, parameter, is_hidden=is_hidden) if value is not None else ""
        if says and name in stack.parameters:
            yield Problem(f"parameter {name}: {says}", stack.at("parameters", name))
        elif says:
            yield Problem(f"parameter {name}: {says}", template.place("Parameters", name))

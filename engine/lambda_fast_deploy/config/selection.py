"""The functions of a run, of all that the configuration has, with the layers and bases they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.errors import Problem
from lambda_fast_deploy.models import Base, Function, ImageSource, PublishedLayer, ZipSource
from lambda_fast_deploy.schema.yaml_lines import nearest


@dataclass(frozen=True, slots=True)
class ChosenFunctions:
    """The functions of the run, and the others of the configuration, each in its order."""

    functions: tuple[Function, ...]
    left_out: tuple[Function, ...]


def chosen_functions(
    checked: ValidatedDocument,
    given: GivenInputs,
    read: Callable[[str, dict[str, Any]], Function],
) -> ChosenFunctions:
    """The functions that the input names, or all; others may lack their files."""
    names, functions, left_out = _names(checked, given), list[Function](), list[Function]()
    for name, value in checked.sound("functions"):
        found = len(checked.problems)
        function = read(name, value)
        if name in names:
            functions.append(function)
        else:
            left_out.append(function)
            del checked.problems[found:]
    return ChosenFunctions(tuple(functions), tuple(left_out))


def _names(checked: ValidatedDocument, given: GivenInputs) -> list[str]:
    """The names of the functions of the run.

    Names that the configuration does not have, and a choice among the functions of a stack, are
    problems.
    """
    names, wanted = checked.names("functions"), given.get("functions", "").split()
    if not wanted:
        return names
    place = given.place("functions")
    if "stack" in checked.values:
        says = "only applies to functions of lambda-deploy.yml; a stack is deployed as a whole"
        checked.problems.append(Problem(says, place))
        return names
    for name in dict.fromkeys(wanted):
        if name not in names:
            says = f"unknown function {name!r}{nearest(name, names)}"
            checked.problems.append(Problem(says, place))
    return wanted


def layers_of(
    functions: tuple[Function, ...], layers: Mapping[str, PublishedLayer]
) -> dict[str, PublishedLayer]:
    """The layers that one of the functions has."""
    sources = [each.source for each in functions if isinstance(each.source, ZipSource)]
    used = {part for source in sources for part in source.layers}
    return {name: layer for name, layer in layers.items() if used & layer.parts.keys()}


def bases_of(functions: tuple[Function, ...], bases: Mapping[str, Base]) -> dict[str, Base]:
    """The bases of the images of the functions."""
    sources = [each.source for each in functions if isinstance(each.source, ImageSource)]
    used = {source.base for source in sources}
    return {name: base for name, base in bases.items() if name in used}

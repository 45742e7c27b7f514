"""Settings from inputs, lambda-deploy.yml and the event, with every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from engine.errors import Invalid, Problem
from engine.mask import Mask, secrets_of
from engine.model import Event, Settings
from engine.settings.builder import Builder, variables_of
from engine.settings.document import Node, parse
from engine.settings.event import changed_paths
from engine.settings.grammar import FILE, ROOT
from engine.settings.inputs import INPUTS, Given, of_template, single_function


def load(
    given: Given,
    environ: Mapping[str, str],
    event: Event,
    root: Path,
    known_regions: Callable[[], frozenset[str]],
) -> Settings:
    """Validate everything the user wrote.

    Args:
        given: the inputs; an empty text counts as not given.
        environ: values for ``${NAME}`` and the default region.
        event: what started the run.
        root: directory that relative paths start from, when there is no configuration file.
        known_regions: the regions that Lambda has.

    Raises:
        Invalid: with every problem, each at its file and line.
    """
    problems: list[Problem] = []
    document, directory = _document(given, environ, root, problems)
    if document is None:
        raise Invalid(problems)
    values = ROOT.check(document, problems)
    settings = Builder(document, values, directory, problems).settings(
        given, environ, event, _plan_only(given, event, problems), known_regions
    )
    if problems:
        error = Invalid(problems)
        hidden, _ = variables_of(document)  # also where such a variable stands in a wrong place
        named = [environ.get(name, "") for name in hidden]
        error.hide(Mask([*secrets_of(environ), *named]))
        raise error
    conditions = [each for _, f in settings.targets for gate in f.gates for each in gate.when]
    if any(condition.path for condition in conditions):
        settings = replace(settings, event=replace(event, paths=changed_paths(event, root)))
    return settings


def _document(
    given: Given, environ: Mapping[str, str], root: Path, problems: list[Problem]
) -> tuple[Node | None, Path]:
    if given.get("template", "").strip():
        problems += [
            Problem("give either template or this, not both", given.place(name))
            for name in ("config", "function")
            if given.get(name, "").strip()
        ]
        problems += _of_one_function(given, given["template"].strip())
        return of_template(given), root
    if given.get("function", "").strip():
        if given.get("config", "").strip():
            problems.append(
                Problem("give either config or function, not both", given.place("config"))
            )
        return single_function(given, environ, problems), root
    name = given.get("config", "").strip() or FILE
    path = root / name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        problems.append(
            Problem(
                f"cannot read {path}: {reason}; write that file, or give "
                f"{given.called('function')}",
                given.place("config"),
            )
        )
        return None, root
    problems += _of_one_function(given, name)
    return parse(text, name, environ, problems), path.parent


def _of_one_function(given: Given, file: str) -> list[Problem]:
    """Inputs of a single function that are given though a file describes the functions."""
    owner = given.called("function")
    says = f"belongs to {owner}; {file} describes the functions, so write it there"
    return [
        Problem(says, given.place(item.name))
        for item in INPUTS
        if item.is_of_one_function and given.get(item.name, "").strip()
    ]


def _plan_only(given: Given, event: Event, problems: list[Problem]) -> str:
    """Why this run only plans, or nothing."""
    switch = given.get("dry-run", "").strip().lower()
    if switch not in ("", "true", "false"):
        problems.append(Problem(f"expected true or false, got {switch!r}", given.place("dry-run")))
    if switch == "true":
        return "as was asked for"
    for flag in ("dry-run", "skip-deploy"):
        if event.asks_for(flag):
            return f"the commit message says [{flag}]"
    if event.name in ("pull_request", "pull_request_target"):
        return "pull requests are planned, not deployed"
    if event.name == "merge_group":
        return "what waits in a merge queue is planned, not deployed"
    return ""

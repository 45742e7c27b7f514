"""Loads the settings from inputs, lambda-deploy.yml and the event; reports all problems at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lambda_fast_deploy.adapters.files import is_there, read_text
from lambda_fast_deploy.config.assemble import assemble, check_shown, variables_of
from lambda_fast_deploy.config.event import changed_paths, configuration_of
from lambda_fast_deploy.config.input_document import of_template, single_function
from lambda_fast_deploy.config.inputs import INPUTS, GivenInputs
from lambda_fast_deploy.config.keys import FILE, NAMES_WITH_VARIABLES, ROOT
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.masking import SecretMask, secrets_of
from lambda_fast_deploy.models import Event, Settings
from lambda_fast_deploy.schema.yaml_lines import YamlNode, parse


def load(
    given: GivenInputs,
    environ: Mapping[str, str],
    event: Event,
    root: Path,
    all_regions: Callable[[], frozenset[str]],
    *,
    needs_code: bool = True,
) -> Settings:
    """The settings, fully validated.

    Args:
        given: the inputs; an empty text is the same as an absent input.
        environ: values for ``${NAME}`` and the default region.
        event: the event that started the run.
        root: directory of relative paths if there is no configuration file.
        all_regions: returns the regions of Lambda.
        needs_code: whether the zips and jars that build tools make must exist.

    Raises:
        Invalid: with every problem, each at its file and line.
    """
    problems: list[Problem] = []
    document, directory = _document(given, environ, root, problems)
    if document is None:
        raise Invalid(problems)
    if event.unmerged:
        check_shown(document, problems)
        if problems:  # before a message quotes a value
            raise Invalid(problems)
    checked = ValidatedDocument(document, ROOT, directory, problems, needs_code=needs_code)
    plan_only = _plan_only(given, event, problems)
    settings = assemble(checked, given, environ, event, plan_only, all_regions)
    if _code_only(given, problems):
        if settings.stack is None:
            problems.append(Problem("only applies to stacks", given.place("code-only")))
        settings = replace(settings, code_only=True)
    if _switch("change-set", given, problems):
        if settings.stack is None:
            problems.append(Problem("only applies to stacks", given.place("change-set")))
        settings = replace(settings, change_set=not event.unmerged)
    if document is not None and _is_of_file(given):
        file = directory / Path(given.get("config", "").strip() or FILE).name
        stage = dict(sorted(document.in_keys.items()))  # such as STAGE in orders-${STAGE}
        settings = replace(settings, configuration=configuration_of(file, environ, stage))
    settings = replace(settings, credentials_end=_credentials_end(given, problems))
    if problems:
        error = Invalid(problems)
        secret_names, _ = variables_of(document)  # hides them in all places, wrong ones too
        values = [environ.get(name, "") for name in secret_names]
        error.hide(SecretMask([*secrets_of(environ), *values]))
        raise error
    if any(condition.path for test in settings.tests for condition in test.when):
        settings = replace(settings, event=replace(event, paths=changed_paths(event, root)))
    return settings


def _document(
    given: GivenInputs, environ: Mapping[str, str], root: Path, problems: list[Problem]
) -> tuple[YamlNode | None, Path]:
    if given.get("template", "").strip():
        problems += [
            Problem("cannot be combined with template", given.place(name))
            for name in ("config", "function")
            if given.get(name, "").strip()
        ]
        problems += _of_one_function(given, given["template"].strip())
        return of_template(given), root
    if given.get("function", "").strip():
        if given.get("config", "").strip():
            problems.append(Problem("cannot be combined with function", given.place("config")))
        return single_function(given, environ, problems), root
    name = given.get("config", "").strip() or FILE
    path = root / name
    try:
        text = read_text(path)
    except Invalid as error:
        if is_there(path):
            problems += error.problems
        else:
            function, template = given.called("function"), given.called("template")
            message = (
                f"does not exist; create it, or use {function} for one function or {template} for "
                "a stack"
            )
            problems.append(Problem(message, Place(str(path))))
        return None, root
    problems += _of_one_function(given, name)
    return parse(text, name, environ, problems, NAMES_WITH_VARIABLES), path.parent


def _is_of_file(given: GivenInputs) -> bool:
    """Whether the settings are of a configuration file, and not of inputs."""
    return not any(given.get(name, "").strip() for name in ("function", "template"))


def _of_one_function(given: GivenInputs, file: str) -> list[Problem]:
    """Inputs of one function that are set although a file describes the functions."""
    message = f"is only for {given.called('function')}; set it in {file}"
    return [
        Problem(message, given.place(item.name))
        for item in INPUTS
        if item.is_of_one_function and given.get(item.name, "").strip()
    ]


def _switch(name: str, given: GivenInputs, problems: list[Problem]) -> bool:
    value = given.get(name, "").strip().lower()
    if value not in ("", "true", "false"):
        problems.append(Problem(f"expected true or false, got {value!r}", given.place(name)))
    return value == "true"


def _credentials_end(given: GivenInputs, problems: list[Problem]) -> datetime | None:
    """The expiry of the credentials, if it is set; the action's output has quotation marks."""
    name = "credentials-expire"
    value = given.get(name, "").strip().strip('"')
    if not value:
        return None
    try:
        end = datetime.fromisoformat(value)
    except ValueError:
        message = f"expected a time such as 2026-01-31T12:00:00Z, got {value!r}"
        problems.append(Problem(message, given.place(name)))
        return None
    return end if end.tzinfo else end.replace(tzinfo=UTC)


def _code_only(given: GivenInputs, problems: list[Problem]) -> bool:
    """Whether the run updates the code of a stack's functions without CloudFormation."""
    is_code_only = _switch("code-only", given, problems)
    if is_code_only and given.get("rollback", "").strip():
        problems.append(Problem("cannot be combined with rollback", given.place("code-only")))
    return is_code_only


def _plan_only(given: GivenInputs, event: Event, problems: list[Problem]) -> str:
    """Why this run only plans, or an empty text."""
    if _switch("dry-run", given, problems):
        return "as requested"
    for flag in ("dry-run", "skip-deploy"):
        if event.asks_for(flag):
            return f"the commit message has [{flag}]"
    return f"the code of {event.unmerged} is not deployed" if event.unmerged else ""

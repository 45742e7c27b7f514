"""Builds the settings from checked values; checks that referenced names and files exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from lambda_fast_deploy.config.function_tests import read_test
from lambda_fast_deploy.config.input_document import pairs_of
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.keys import ARTIFACTS
from lambda_fast_deploy.config.samconfig import FILE as SAMCONFIG
from lambda_fast_deploy.config.samconfig import SamConfig
from lambda_fast_deploy.config.sections.budgets import read_budgets
from lambda_fast_deploy.config.sections.environment import check_variables, empty_values
from lambda_fast_deploy.config.sections.functions import read_function
from lambda_fast_deploy.config.sections.images import read_base
from lambda_fast_deploy.config.sections.layers import read_layer, with_services
from lambda_fast_deploy.config.sections.stack import read_stack
from lambda_fast_deploy.config.selection import bases_of, chosen_functions, layers_of
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.errors import Place, Problem
from lambda_fast_deploy.masking import says_secret, secrets_of
from lambda_fast_deploy.models import Event, Settings, Store
from lambda_fast_deploy.schema.yaml_lines import YamlNode, did_you_mean
from lambda_fast_deploy.testing.kinds import KINDS


def assemble(
    checked: ValidatedDocument,
    given: GivenInputs,
    environ: Mapping[str, str],
    event: Event,
    plan_only: str,
    all_regions: Callable[[], frozenset[str]],
) -> Settings:
    """The settings; adds their problems to ``checked``."""
    bases = {name: read_base(checked, name, v) for name, v in checked.sound("bases")}
    layers = {name: read_layer(checked, name, v) for name, v in checked.sound("layers")}
    check_variables(checked)
    tests = {name: read_test(checked, name, v) for name, v in checked.sound("tests")}
    chosen = chosen_functions(
        checked,
        given,
        lambda name, value: read_function(checked, name, value, bases, layers, tests),
    )
    functions, left_out = chosen.functions, chosen.left_out
    every = (*functions, *left_out)
    if left_out:
        layers, bases = layers_of(functions, layers), bases_of(functions, bases)
    layers = {name: with_services(checked, layer, every) for name, layer in layers.items()}
    has_none = not (checked.names("functions") or checked.names("layers"))
    if "functions" in checked.values and has_none:
        checked.problem("list at least one function, or a layer to publish", "functions")
    stack, sam = read_stack(checked, tests)
    regions = _regions(checked, given, environ, sam, all_regions)
    shown = (*checked.document.plain(), *regions, event.branch, event.tag, event.commit)
    return Settings(
        root=checked.root,
        regions=regions,
        bases=bases,
        layers=layers,
        functions=functions,
        left_out=tuple(each.name for each in left_out),
        budgets=read_budgets(checked.value("budgets", {})),
        secrets=_secrets(checked, given, environ, shown),
        shown=shown,
        event=event,
        plan_only=plan_only,
        artifacts=_store(checked) or (Store(sam.bucket) if sam.bucket else None),
        stack=stack,
        builder=given.get("builder", "").strip() or checked.value("builder", ""),
        notes=tuple(empty_values(checked.document)),
    )


def _secrets(
    checked: ValidatedDocument, given: GivenInputs, environ: Mapping[str, str], shown: Iterable[str]
) -> tuple[str, ...]:
    """The values to mask, from environments, headers, parameters and builds.

    These are values of variables (``${NAME}`` or a build secret), of the input environment, and of
    variables with the name of a secret. Literal values of the file are not secrets. Neither are
    values that are also part of a resource's name, such as a bucket's, or that the file has as a
    literal: masking would make these unreadable.
    """
    secrets, elsewhere = variables_of(checked.document)
    secrets |= set(_build_secrets(checked))
    in_names = {each for path, names in elsewhere for each in names if not _is_free(path)}
    others, plain = {each for _, names in elsewhere for each in names}, "\0".join(shown)
    values = [
        value
        for name in sorted(secrets - in_names)
        if (value := environ.get(name, "")) and not (name in others and value in plain)
    ]
    inputs = pairs_of(given.get("environment", "")).values()
    return tuple(dict.fromkeys(filter(None, [*values, *inputs, *secrets_of(environ)])))


def _build_secrets(checked: ValidatedDocument) -> Iterator[str]:
    """The names of the variables with secrets of builds."""
    for value in checked.values.get("bases", {}).values():
        yield from value.get("build-secrets", {}).values()
    for value in checked.values.get("functions", {}).values():
        yield from value.get("image", {}).get("build-secrets", {}).values()


def variables_of(
    document: YamlNode,
) -> tuple[set[str], list[tuple[tuple[str, ...], tuple[str, ...]]]]:
    """The names of variables in secret places; and the other variables, by the path of a value."""
    secrets: set[str] = set()
    elsewhere: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for path, names in document.variables():
        if _is_secret(path):
            secrets.update(names)
        else:
            elsewhere.append((path, names))
    return secrets, elsewhere


# The places of secrets, as paths of keys; None is any name.
_SECRET_PLACES = (
    ("functions", None, "environment"),
    ("functions", None, "image", "build-secrets"),
    ("bases", None, "build-secrets"),
    *(("tests", None, key) for kind in KINDS for key in kind.secret_keys),
    ("stack", "parameters"),
)


# The places of texts that do not name resources: tests and descriptions.
_FREE = (
    ("tests",),
    ("functions", None, "description"),
    ("functions", None, "image", "build-args"),
    ("functions", None, "tags"),
    ("bases", None, "build-args"),
    ("stack", "tags"),
)


def _is_secret(path: tuple[str, ...]) -> bool:
    return _is_below(path, _SECRET_PLACES)


def _is_free(path: tuple[str, ...]) -> bool:
    return _is_below(path, _FREE)


def _is_below(path: tuple[str, ...], places: Iterable[tuple[str | None, ...]]) -> bool:
    return any(
        len(path) >= len(keys)
        and all(key in (None, at) for key, at in zip(keys, path, strict=False))
        for keys in places
    )


def check_shown(document: YamlNode, problems: list[Problem]) -> None:
    """Refuse secrets in values that a run sends or prints, such as a host in FROM.

    For unmerged code: its author may not be allowed to see the secrets.
    """
    for path, names in document.variables():
        problems += [
            Problem(
                f"{name} has the name of a secret; unmerged code may use it only in environment, "
                "headers, build-secrets and parameters",
                document.at(*path),
            )
            for name in names
            if says_secret(name) and not _is_secret(path)
        ]


def _store(checked: ValidatedDocument) -> Store | None:
    value = checked.value("artifacts", None)
    if value is None:
        return None
    value = ARTIFACTS.completed(value)
    return Store(value["bucket"], value["create"] == "true", value.get("owner", ""))


def _regions(
    checked: ValidatedDocument,
    given: GivenInputs,
    environ: Mapping[str, str],
    sam: SamConfig,
    all_regions: Callable[[], frozenset[str]],
) -> tuple[str, ...]:
    if "regions" in checked.values:
        if checked.value("regions", None) is None:
            return ()  # its problem is reported already
        if not checked.values["regions"]:
            checked.problem("list at least one region", "regions")
            return ()
        regions = [
            (name, checked.at("regions", index))
            for index, name in enumerate(checked.values["regions"])
        ]
    elif given.get("region", "").strip():
        regions = [(given["region"].strip(), given.place("region"))]
    elif sam.region:
        regions = [(sam.region, Place(SAMCONFIG))]
    else:
        name = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
        regions = [(name, Place("variable AWS_REGION"))] if name else []
    if not regions:
        if sam.is_read:
            message = "is required: neither the configuration nor AWS_REGION has a region"
            checked.problems.append(Problem(message, given.place("region")))
        return ()
    aws_regions = all_regions()
    for name, place in regions:
        if name not in aws_regions:
            hint = did_you_mean(name, aws_regions) or "; expected a region such as eu-west-1"
            checked.problems.append(Problem(f"{name!r} is not an AWS region{hint}", place))
    return tuple(dict.fromkeys(name for name, _ in regions))

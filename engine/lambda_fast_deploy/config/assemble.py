"""The model from values of the right shape: names and files that they speak of must be there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from lambda_fast_deploy.config.function_tests import read_test
from lambda_fast_deploy.config.input_document import pairs_of
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.keys import ARTIFACTS
from lambda_fast_deploy.config.samconfig import FILE as SAMCONFIG
from lambda_fast_deploy.config.samconfig import SamConfig
from lambda_fast_deploy.config.sections.budgets import read_budgets
from lambda_fast_deploy.config.sections.environment import check_variables
from lambda_fast_deploy.config.sections.functions import read_function
from lambda_fast_deploy.config.sections.images import read_base
from lambda_fast_deploy.config.sections.layers import read_layer, with_services
from lambda_fast_deploy.config.sections.stack import read_stack
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.errors import Place, Problem
from lambda_fast_deploy.masking import says_secret, secrets_of
from lambda_fast_deploy.models import Event, Settings, Store
from lambda_fast_deploy.schema.yaml_lines import YamlNode, nearest
from lambda_fast_deploy.testing.kinds import KINDS


def assemble(
    checked: ValidatedDocument,
    given: GivenInputs,
    environ: Mapping[str, str],
    event: Event,
    plan_only: str,
    known_regions: Callable[[], frozenset[str]],
) -> Settings:
    """The settings; what is wrong with them is noted in ``checked``."""
    bases = {name: read_base(checked, name, v) for name, v in checked.sound("bases")}
    layers = {name: read_layer(checked, name, v) for name, v in checked.sound("layers")}
    check_variables(checked)
    tests = {name: read_test(checked, name, v) for name, v in checked.sound("tests")}
    functions = tuple(
        read_function(checked, name, value, bases, layers, tests)
        for name, value in checked.sound("functions")
    )
    layers = {name: with_services(checked, layer, functions) for name, layer in layers.items()}
    if "functions" in checked.values and not checked.names("functions"):
        checked.problem("name at least one function", "functions")
    stack, sam = read_stack(checked, tests)
    regions = _regions(checked, given, environ, sam, known_regions)
    shown = (*checked.document.plain(), *regions, event.branch, event.tag, event.commit)
    return Settings(
        root=checked.root,
        regions=regions,
        bases=bases,
        layers=layers,
        functions=functions,
        budgets=read_budgets(checked.value("budgets", {})),
        secrets=_secrets(checked, given, environ, shown),
        shown=shown,
        event=event,
        plan_only=plan_only,
        artifacts=_store(checked) or (Store(sam.bucket) if sam.bucket else None),
        stack=stack,
        builder=given.get("builder", "").strip() or checked.value("builder", ""),
    )


def _secrets(
    checked: ValidatedDocument, given: GivenInputs, environ: Mapping[str, str], shown: Iterable[str]
) -> tuple[str, ...]:
    """Values that go where secrets go: environments, headers, parameters, builds.

    They come from variables, by ``${NAME}`` or as a build secret, or are given by the input
    environment, or have a name that says so; what a file says in plain words is no secret. Nor is
    the value of a variable that is part of a name as well, such as a bucket's, or that the file has
    in plain words: masked, these could not be read. Elsewhere it is one wherever it stands.
    """
    hidden, elsewhere = variables_of(checked.document)
    hidden |= set(_build_secrets(checked))
    names = {each for path, used in elsewhere for each in used if not _is_free(path)}
    others, plain = {each for _, used in elsewhere for each in used}, "\0".join(shown)
    values = [
        value
        for name in sorted(hidden - names)
        if (value := environ.get(name, "")) and not (name in others and value in plain)
    ]
    inputs = pairs_of(given.get("environment", "")).values()
    return tuple(dict.fromkeys(filter(None, [*values, *inputs, *secrets_of(environ)])))


def _build_secrets(checked: ValidatedDocument) -> Iterator[str]:
    """The variables that hold secrets of builds."""
    for value in checked.values.get("bases", {}).values():
        yield from value.get("build-secrets", {}).values()
    for value in checked.values.get("functions", {}).values():
        yield from value.get("image", {}).get("build-secrets", {}).values()


def variables_of(
    document: YamlNode,
) -> tuple[set[str], list[tuple[tuple[str, ...], tuple[str, ...]]]]:
    """The variables that go where secrets go; and the other values, by path, with theirs."""
    hidden: set[str] = set()
    elsewhere: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for path, names in document.variables():
        if _is_hidden(path):
            hidden.update(names)
        else:
            elsewhere.append((path, names))
    return hidden, elsewhere


# Where secrets go, by the keys that lead there; a name that users choose is not looked at.
_HIDDEN = (
    ("functions", None, "environment"),
    ("functions", None, "image", "build-secrets"),
    ("bases", None, "build-secrets"),
    *(("tests", None, key) for kind in KINDS for key in kind.secret_keys),
    ("stack", "parameters"),
)


# Where texts go that name nothing in AWS: what a test asks and expects, and descriptions.
_FREE = (
    ("tests",),
    ("functions", None, "description"),
    ("functions", None, "image", "build-args"),
    ("functions", None, "tags"),
    ("bases", None, "build-args"),
    ("stack", "tags"),
)


def _is_hidden(path: tuple[str, ...]) -> bool:
    return _is_below(path, _HIDDEN)


def _is_free(path: tuple[str, ...]) -> bool:
    return _is_below(path, _FREE)


def _is_below(path: tuple[str, ...], places: Iterable[tuple[str | None, ...]]) -> bool:
    return any(
        len(path) >= len(keys)
        and all(key in (None, at) for key, at in zip(keys, path, strict=False))
        for keys in places
    )


def check_shown(document: YamlNode, problems: list[Problem]) -> None:
    """Refuse secrets in what others are told: the host in a FROM, say, or the name of a bucket.

    For what is not merged: whoever wrote it need not be whoever the secrets were given to.
    """
    for path, names in document.variables():
        problems += [
            Problem(
                f"{name} is a secret by its name; before it is merged, it may stand only under "
                "environment, headers, build-secrets and parameters",
                document.at(*path),
            )
            for name in names
            if says_secret(name) and not _is_hidden(path)
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
    known_regions: Callable[[], frozenset[str]],
) -> tuple[str, ...]:
    if "regions" in checked.values:
        if checked.value("regions", None) is None:
            return ()  # what is wrong with it has been said
        if not checked.values["regions"]:
            checked.problem("name at least one region", "regions")
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
            says = "is needed: neither the configuration nor AWS_REGION names a region"
            checked.problems.append(Problem(says, given.place("region")))
        return ()
    aws_regions = known_regions()
    for name, place in regions:
        if name not in aws_regions:
            checked.problems.append(
                Problem(f"{name!r} is not an AWS region{nearest(name, aws_regions)}", place)
            )
    return tuple(dict.fromkeys(name for name, _ in regions))

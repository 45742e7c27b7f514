"""Functions: what they are made of, and what they run with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.adapters.files import is_directory
from lambda_fast_deploy.config.function_tests import named_gates, read_canary
from lambda_fast_deploy.config.handler import absence_of, problem_with
from lambda_fast_deploy.config.repositories import read_repository
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.config.yaml_lines import nearest
from lambda_fast_deploy.models import (
    LATEST,
    Architecture,
    Base,
    Canary,
    Configuration,
    Function,
    FunctionTest,
    ImageSource,
    Layer,
    Network,
    ZipSource,
)
from lambda_fast_deploy.models.quotas import MAX_LAYERS


def read_function(
    checked: ValidatedDocument,
    name: str,
    value: dict[str, Any],
    bases: Mapping[str, Base],
    layers: Mapping[str, Layer],
    available: Mapping[str, FunctionTest],
) -> Function:
    """A function; the bases, layers and tests that it may name are given."""
    path = ("functions", name)
    architecture = Architecture(value.get("architecture", "x86_64"))
    tests = named_gates(checked, value.get("tests", []), available, *path, "tests")
    return Function(
        name=name,
        source=(
            _image(checked, name, value["image"], architecture, bases)
            if "image" in value
            else _zip(checked, name, value["zip"], architecture, layers)
        ),
        architecture=architecture,
        role=value.get("role"),
        alias=value.get("alias", "live"),
        configuration=_configuration(checked, value, *path),
        url=value.get("url"),
        tests=tuple(tests),
        canary=_canary(checked, value, *path),
        keep=value.get("keep"),
        place=checked.at(*path),
    )


def _canary(checked: ValidatedDocument, value: dict[str, Any], *path: str) -> Canary | None:
    if value.get("alias") == LATEST:
        for key in {"canary", "keep", "url"} & value.keys():
            checked.problem(f"{key} needs an alias, and users call {LATEST}", *path, key)
    if "canary" not in value:
        return None
    return read_canary(value["canary"], checked.at(*path, "canary"))


def _image(
    checked: ValidatedDocument,
    name: str,
    value: dict[str, Any],
    architecture: Architecture,
    bases: Mapping[str, Base],
) -> ImageSource:
    path = ("functions", name, "image")
    base = value.get("base")
    known = checked.names("bases")
    if base is not None and base not in known:
        checked.problem(f"no base {base!r}{nearest(base, known)}", *path, "base")
    elif base is not None and base in bases and bases[base].architecture != architecture:
        checked.problem(
            f"base {base!r} is built for {bases[base].architecture}, "
            f"the function for {architecture}",
            *path,
            "base",
        )
    return ImageSource(
        dockerfile=checked.file(value.get("dockerfile", "Dockerfile.lambda"), *path, "dockerfile"),
        context=checked.directory(value.get("context", "."), *path, "context"),
        repository=read_repository(checked, value.get("repository"), name.lower(), *path),
        base=base,
        build_args=value.get("build-args", {}),
        compression=value.get("compression", "auto"),
        secrets=value.get("build-secrets", {}),
        follow_upstream=value.get("upstream", "follow") == "follow",
    )


def _zip(
    checked: ValidatedDocument,
    name: str,
    value: dict[str, Any],
    architecture: Architecture,
    layers: Mapping[str, Layer],
) -> ZipSource:
    path = ("functions", name, "zip")
    code = checked.directory(value["code"], *path, "code")
    wanted = value.get("layers", [])
    if is_directory(code):
        named = (code, value["handler"], value["runtime"])
        is_whole = value.get("layers") == []  # no layer has its module
        if problem := problem_with(*named) or (absence_of(*named) if is_whole else ""):
            checked.problem(problem, *path, "handler")
    parts = [part for each in wanted if each in layers for part in layers[each].parts]
    if max(len(wanted), len(parts)) > MAX_LAYERS:
        checked.problem(
            f"{max(len(wanted), len(parts))} layers; a Lambda function takes at most {MAX_LAYERS}",
            *path,
            "layers",
        )
    for index, layer in enumerate(wanted):
        place = (*path, "layers", index)
        if layer not in (known := checked.names("layers")):
            checked.problem(f"no layer {layer!r}{nearest(layer, known)}", *place)
        elif layer in layers and (layers[layer].runtime, layers[layer].architecture) != (
            value["runtime"],
            architecture,
        ):
            checked.problem(
                f"layer {layer!r} is built for {layers[layer].runtime} on "
                f"{layers[layer].architecture}, the function for {value['runtime']} "
                f"on {architecture}",
                *place,
            )
    return ZipSource(
        code=code,
        handler=value["handler"],
        runtime=value["runtime"],
        layers=tuple(parts),
        keeps_layers="layers" not in value,
    )


def _configuration(
    checked: ValidatedDocument, value: Mapping[str, Any], *path: str
) -> Configuration:
    vpc, logging = value.get("vpc"), value.get("logging", {})
    if logging.get("format") != "json":  # API: LoggingConfig
        for key in ("level", "system-level"):
            if key in logging:
                checked.problem(f"{key} needs format: json", *path, "logging", key)
    names = {
        "format": "LogFormat",
        "level": "ApplicationLogLevel",
        "system-level": "SystemLogLevel",
        "group": "LogGroup",
    }
    words = {"text": "Text", "json": "JSON"}
    return Configuration(
        memory=value.get("memory"),
        timeout=value.get("timeout"),
        storage=value.get("storage"),
        environment=value.get("environment", {}),
        description=value.get("description"),
        network=None
        if vpc is None
        else Network(tuple(vpc.get("subnets", ())), tuple(vpc.get("security-groups", ()))),
        tracing={"active": "Active", "pass-through": "PassThrough"}.get(value.get("tracing", "")),
        logging={
            names[key]: words.get(text, text.upper() if "level" in key else text)
            for key, text in logging.items()
        },
        tags=value.get("tags", {}),
    )

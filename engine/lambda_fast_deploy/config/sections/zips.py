"""Functions packaged as zips: their code, their layers and what builds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.arn import Arn, is_arn
from lambda_fast_deploy.config.code_sources import (
    built_code,
    read_build,
    read_code,
)
from lambda_fast_deploy.config.sections.attributes import KMS_KEY
from lambda_fast_deploy.config.sections.layers import (
    LAYER_ARN,
    LAYER_NAME,
    default_layer,
    read_requirements,
)
from lambda_fast_deploy.config.sections.shared import BUILD, PATH, RUNTIME
from lambda_fast_deploy.config.zip_handler import HANDLER, read_handler
from lambda_fast_deploy.models import Architecture, Layer, PublishedLayer, ZipSource
from lambda_fast_deploy.models.quotas import MAX_LAYERS
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import ListOf, OneOf, TextShape
from lambda_fast_deploy.schema.yaml_lines import nearest

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

ZIP = RecordShape(
    {
        "code": Key(
            OneOf(PATH, ListOf(PATH)),
            "directory of the function's code, a zip or jar, or a list of directories whose files "
            "make one zip",
            required=True,
        ),
        "handler": HANDLER,
        "runtime": Key(RUNTIME, "Lambda runtime", required=True),
        "layers": Key(
            ListOf(TextShape(f"{LAYER_NAME}|{LAYER_ARN}", "a layer's name or ARN")),
            f"layers in order, at most {MAX_LAYERS}: names of layers, and ARNs of layers made "
            "elsewhere; {region} is replaced by the region, and without a version it is the newest",
            otherwise="the function's current layers",
        ),
        "build": Key(
            BUILD, "command that makes the code; it runs in a deploy whose sources have changed"
        ),
        "requirements": Key(
            OneOf(PATH, ListOf(TextShape(expected="a requirement"))),
            "dependencies to install into the zip, as under layers; in place of a layer",
            otherwise="none",
        ),
        "detach": Key(
            ListOf(TextShape(LAYER_ARN, "a layer's ARN")),
            "layers to detach that were attached outside this file, which otherwise stay; without "
            "a version any one",
            otherwise="none",
        ),
        "key": Key(KMS_KEY, "KMS key of the zip; none for AWS's own", otherwise="the current one"),
    }
)


def read_zip(
    checked: ValidatedDocument,
    name: str,
    value: dict[str, Any],
    architecture: Architecture,
    layers: Mapping[str, PublishedLayer],
) -> ZipSource:
    """The zip of a function, from checked values; ``layers`` by name."""
    path = ("functions", name, "zip")
    build = read_build(checked, value["build"], *path, "build") if "build" in value else None
    if build:
        code = built_code(checked, value["code"])
    else:
        code = read_code(checked, value["code"], *path, "code")
    named_layers = value.get("layers", [])
    parts = _parts(named_layers, layers)
    if (number := max(len(named_layers), len(parts))) > MAX_LAYERS:
        checked.problem(
            f"{number} layers; a Lambda function can have at most {MAX_LAYERS}",
            *path,
            "layers",
        )
    _check_arns(checked, value, *path)
    for index, layer in enumerate(named_layers):
        place = (*path, "layers", index)
        if is_arn(layer):
            continue
        if layer not in (names := checked.names("layers")):
            checked.problem(f"unknown layer {layer!r}{nearest(layer, names)}", *place)
        elif layer in layers and not (
            layers[layer].runtime in (None, value["runtime"])
            and layers[layer].architecture in (None, architecture)
        ):
            checked.problem(
                f"layer {layer!r} is built for {layers[layer].runtime} on "
                f"{layers[layer].architecture}, the function for {value['runtime']} "
                f"on {architecture}",
                *place,
            )
    return ZipSource(
        code=code,
        handler=read_handler(checked, value, () if build else code, architecture, *path),
        runtime=Runtime(value["runtime"]),
        layers=tuple(parts),
        keeps_layers="layers" not in value,
        detach=tuple(value.get("detach", ())),
        build=build,
        packages=_packages(checked, name, value, architecture),
        key="" if value.get("key") == "none" else value.get("key"),
    )


def _packages(
    checked: ValidatedDocument, name: str, value: Mapping[str, Any], architecture: Architecture
) -> Layer | None:
    """The dependencies in the zip of a function, as the layer that would have them."""
    if "requirements" not in value:
        return None
    path, runtime = ("functions", name, "zip", "requirements"), Runtime(value["runtime"])
    if not runtime.has_layers:
        checked.problem(f"packages for {runtime} cannot be installed", *path)
    requirements = read_requirements(checked, value["requirements"], runtime, *path)
    return default_layer(name, requirements, runtime, architecture)


def _parts(names: Iterable[str], layers: Mapping[str, PublishedLayer]) -> list[str]:
    """The published layers of the names, and the ARNs, in order."""
    named = {name: list(layer.parts) for name, layer in layers.items()}
    return [part for each in names for part in ([each] if is_arn(each) else named.get(each, []))]


def _check_arns(checked: ValidatedDocument, value: Mapping[str, Any], *path: str) -> None:
    """Report layers that are listed twice, or both attached and detached."""
    seen: dict[str, str] = {}
    for key in ("layers", "detach"):
        for index, layer in enumerate(value.get(key, [])):
            name = str(Arn.parse(layer).unversioned) if is_arn(layer) else layer
            if name in seen:
                where = f"twice in {key}" if seen[name] == key else "in both layers and detach"
                checked.problem(f"layer {layer!r} is {where}", *path, key, index)
            seen.setdefault(name, key)
    if "detach" in value and "layers" not in value:
        checked.problem("detach requires layers, which lists the layers that stay", *path, "detach")

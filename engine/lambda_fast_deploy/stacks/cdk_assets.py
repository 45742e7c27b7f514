"""Templates that the CDK synthesized: its assets as the local files of resources.

The CDK names the asset of a property in the Metadata of its resource (CDK API reference,
``cx-api``: ``ASSET_RESOURCE_METADATA_PATH_KEY`` and the keys after it). The manifest next to the
template, ``NAME.assets.json``, lists all assets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.adapters.files import LOCK, is_there, read_text
from lambda_fast_deploy.stacks.artifact_properties import NESTED, PROPERTIES
from lambda_fast_deploy.stacks.template import Template, resources_of

PATH = "aws:asset:path"
SECRETS = ("aws:asset:docker-build-secrets", "aws:asset:docker-build-ssh")
_PROPERTY = "aws:asset:property"
_DOCKERFILE = "aws:asset:dockerfile-path"
_ARGUMENTS = "aws:asset:docker-build-args"
_TARGET = "aws:asset:docker-build-target"
_OF_ASSETS = "AssetParameters"  # parameters with the locations of assets, until version 2
_TEMPLATE, _MANIFEST = ".template.json", ".assets.json"


def with_assets(template: Template) -> Template:
    """The template with its assets as local paths; itself if it has none."""
    resources, parameters = dict(template.body["Resources"]), dict(template.parameters)
    for logical, resource in resources_of(template.body).items():
        metadata = resource.get("Metadata")
        if isinstance(metadata, dict) and _is_packaged(resource["Type"], metadata):
            resources[logical] = _with_asset(resource, metadata)
    if resources == template.body["Resources"]:
        return template
    for name, parameter in parameters.items():
        if name.startswith(_OF_ASSETS) and isinstance(parameter, dict):
            parameters[name] = {"Default": " ", **parameter}
    body = {**template.body, "Resources": resources}
    if parameters:
        body["Parameters"] = parameters
    return replace(template, body=body, notes=(*template.notes, *_not_packaged(template, body)))


def _with_asset(resource: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A resource whose property names its asset, or whose Metadata names the asset's Dockerfile."""
    if _DOCKERFILE in metadata:
        built = {
            "Dockerfile": metadata[_DOCKERFILE],
            "DockerContext": metadata[PATH],
            "DockerBuildArgs": metadata.get(_ARGUMENTS) or {},
        }
        if _TARGET in metadata:
            built["DockerBuildTarget"] = metadata[_TARGET]
        return {**resource, "Metadata": {**metadata, **built}}
    properties = resource.get("Properties") or {}
    return {**resource, "Properties": {**properties, metadata[_PROPERTY]: metadata[PATH]}}


def _is_packaged(kind: str, metadata: Mapping[str, Any]) -> bool:
    """Whether a type of resources has a property for local files that an asset is the value of."""
    if not isinstance(metadata.get(PATH), str):
        return False
    name = metadata.get(_PROPERTY)
    names = [form.name for form in PROPERTIES.get(kind, ()) if form.path == ("Properties", name)]
    return _DOCKERFILE in metadata or bool(names) or NESTED.get(kind, "") == name


def _not_packaged(template: Template, body: Mapping[str, Any]) -> Iterator[str]:
    """Notes about assets that the template names in the CDK's own bucket."""
    name = template.path.name
    manifest = template.path.with_name(name.removesuffix(_TEMPLATE) + _MANIFEST)
    if not name.endswith(_TEMPLATE) or not is_there(manifest):
        return
    try:
        document = json.loads(read_text(manifest, LOCK))
    except (ValueError, RecursionError):
        return
    files = document.get("files") if isinstance(document, dict) else None
    packaged = {
        name,
        *(
            metadata[PATH]
            for each in resources_of(body).values()
            if isinstance(metadata := each.get("Metadata"), dict)
            and _is_packaged(each["Type"], metadata)
        ),
    }
    text = json.dumps(body)
    for asset, entry in files.items() if isinstance(files, dict) else ():
        source = entry.get("source") if isinstance(entry, dict) else None
        path = source.get("path") if isinstance(source, dict) else None
        if asset in text and path not in packaged:
            yield (
                f"{template.path}: asset {path} must be in the CDK's bucket; publish it before: "
                f"npx cdk-assets publish --path {manifest.name}"
            )

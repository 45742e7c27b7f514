"""Makes the packaged template, with the addresses of artifacts in place of local paths."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.alarms import alarms_of, log_groups_of
from lambda_fast_deploy.stacks.artifacts import Artifact
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.stack_images import with_images
from lambda_fast_deploy.stacks.template import KeyPath
from lambda_fast_deploy.state import bucket_keys


@dataclass(frozen=True, slots=True)
class PackagedTemplate:
    """A template for CloudFormation, and the texts of its nested templates by object key."""

    body: dict[str, Any]
    nested: Mapping[str, str] = field(default_factory=dict)


def package(
    stack: Stack,
    resources: Resources,
    artifacts: Collection[Artifact],
    bucket: Bucket,
    images: Mapping[str, str],
) -> PackagedTemplate:
    """The template for CloudFormation; the same for the same tree.

    Args:
        stack: the stack, whose alarms and log retention are added.
        resources: of the template.
        artifacts: of the stack.
        bucket: of the artifacts.
        images: the URI of every built image, by the logical id of its function.
    """
    body: dict[str, Any] = copy.deepcopy(dict(resources.template.body))
    names = {logical: resources.name(logical) for logical in resources.template.resources}
    for artifact in artifacts:
        part = artifact.part
        if part.within == resources.within:
            _put(body, part.keys, part.form.packaged(bucket, artifact.expected))
    uris = {logical: images[name] for logical, name in names.items() if name in images}
    with_images(body["Resources"], uris)
    nested: dict[str, str] = {}
    for logical, inside in resources.nested.items():
        packaged = package(stack, inside.resources, artifacts, bucket, images)
        text = text_of(packaged.body)
        key = bucket_keys.template_key(text)
        nested |= {**packaged.nested, key: text}
        body["Resources"][logical]["Properties"][inside.property] = bucket.address(key)
    for function in resources.functions:
        log_groups_of(function, body["Resources"], stack)
        body["Resources"] |= alarms_of(function, body["Resources"], resources, stack)
    return PackagedTemplate(body, nested)


def _put(body: dict[str, Any], keys: KeyPath, value: Any) -> None:
    """Set the value at a path of keys; mappings on the way are made if they are absent."""
    at: Any = body
    for key in keys[:-1]:
        if isinstance(at, list):
            at = at[int(key)]
            continue
        if at.get(key) is None:
            at[key] = {}
        at = at[key]
    at[keys[-1]] = value


def text_of(body: Mapping[str, Any]) -> str:
    """A template as JSON in ASCII: CloudFormation accepts JSON, and returns only ASCII."""
    return json.dumps(body, indent=1)

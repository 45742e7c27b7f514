"""The packaged template: what is local is named by its address, and nothing else is touched."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.alarms import alarms_of, log_groups_of
from lambda_fast_deploy.stacks.artifacts import Artifact
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.stack_images import with_images
from lambda_fast_deploy.state import bucket_keys


@dataclass(frozen=True, slots=True)
class PackagedTemplate:
    """A template as CloudFormation takes it, and those inside it: their texts by object key."""

    body: dict[str, Any]
    nested: Mapping[str, str] = field(default_factory=dict)


def package(
    stack: Stack,
    resources: Resources,
    artifacts: Iterable[Artifact],
    bucket: Bucket,
    images: Mapping[str, str],
) -> PackagedTemplate:
    """The template as CloudFormation takes it; the same for the same tree.

    Args:
        stack: whose alarms and retention of logs are added, where they are asked for.
        resources: the template's resources.
        artifacts: where every local part went.
        bucket: the bucket that they are in.
        images: the URI of every image that was built, by the function's logical id.
    """
    every = {each.part.logical: each for each in artifacts}
    body: dict[str, Any] = copy.deepcopy(dict(resources.template.body))
    named = {logical: resources.name(logical) for logical in body["Resources"]}
    for logical, name in named.items():
        if artifact := every.get(name):
            form, key = artifact.part.form, artifact.expected
            where = (
                f"s3://{bucket.name}/{key}"
                if form.keys is None
                else {form.keys[0]: bucket.name, form.keys[1]: key}
            )
            resource = body["Resources"][logical]
            resource["Properties"] = {**(resource.get("Properties") or {}), form.property: where}
    uris = {logical: images[name] for logical, name in named.items() if name in images}
    with_images(body["Resources"], uris)
    nested: dict[str, str] = {}
    for logical, inside in resources.nested.items():
        made = package(stack, inside.resources, every.values(), bucket, images)
        text = text_of(made.body)
        key = bucket_keys.template_key(text)
        nested |= {**made.nested, key: text}
        body["Resources"][logical]["Properties"][inside.property] = bucket.address(key)
    for function in resources.functions:
        log_groups_of(function, body["Resources"], stack)
        body["Resources"] |= alarms_of(function, body["Resources"], resources, stack)
    return PackagedTemplate(body, nested)


def text_of(body: Mapping[str, Any]) -> str:
    """A template as text: CloudFormation reads JSON as well, and tells of it in ASCII only."""
    return json.dumps(body, indent=1)

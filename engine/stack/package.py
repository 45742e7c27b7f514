"""The packaged template: what is local is named by its address, and nothing else is touched."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any

from engine.model import Stack
from engine.stack.alarms import alarms_of, log_groups_of
from engine.stack.artifacts import Artifact
from engine.stack.images import with_images
from engine.stack.resources import Resources
from engine.stack.template import Template


def package(
    template: Template,
    stack: Stack,
    resources: Resources,
    artifacts: Iterable[Artifact],
    bucket: str,
    images: Mapping[str, str],
) -> dict[str, Any]:
    """The template as CloudFormation takes it; the same for the same tree.

    Args:
        template: what the user wrote.
        stack: whose alarms and retention of logs are added, where they are asked for.
        resources: the template's resources.
        artifacts: where every local part went.
        bucket: name of the bucket that they are in.
        images: the URI of every image that was built, by the function's logical id.
    """
    body: dict[str, Any] = copy.deepcopy(dict(template.body))
    for artifact in artifacts:
        form, key = artifact.part.form, artifact.expected
        resource = body["Resources"][artifact.part.logical]
        where = (
            f"s3://{bucket}/{key}"
            if form.keys is None
            else {form.keys[0]: bucket, form.keys[1]: key}
        )
        resource["Properties"] = {**(resource.get("Properties") or {}), form.property: where}
    with_images(body["Resources"], images)
    for function in resources.functions:
        log_groups_of(function, body["Resources"], stack)
        body["Resources"] |= alarms_of(function, body["Resources"], resources, stack)
    return body


def text_of(body: Mapping[str, Any]) -> str:
    """A template as text; CloudFormation reads JSON as well as YAML."""
    return json.dumps(body, indent=1, ensure_ascii=False)

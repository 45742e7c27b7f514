"""What a function was before: its code, its configuration and its tags, put back."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from engine.adapters.aws.functions import Functions
from engine.adapters.http import request
from engine.errors import DeployFailed
from engine.model import FunctionState, ObservedFunction
from engine.plan.configuration import vpc_config
from engine.release.undo import Back

LARGEST_CODE = 262_144_000  # bytes of a zip with its layers, unzipped (Lambda quotas)


def parameters_of(state: FunctionState) -> dict[str, Any]:
    """Everything of a state that ``UpdateFunctionConfiguration`` takes."""
    values: dict[str, Any] = {
        "Role": state.role,
        "MemorySize": state.memory,
        "Timeout": state.timeout,
        "Description": state.description,
        "Environment": {"Variables": dict(state.environment)},
        "EphemeralStorage": {"Size": state.storage},
        "TracingConfig": {"Mode": state.tracing},
        "VpcConfig": vpc_config(state.network),
    }
    if state.logging:
        values["LoggingConfig"] = dict(state.logging)
    if state.package == "Zip":
        values |= {
            "Runtime": state.runtime,
            "Handler": state.handler,
            "Layers": list(state.layers),
        }
    return values


def restore_configuration(
    functions: Functions, name: str, changes: Mapping[str, Any], before: FunctionState
) -> Back | None:
    """Take back ``changes``, parameters of ``UpdateFunctionConfiguration``, as far as made."""
    now = functions.read(name)
    values, have = parameters_of(before), parameters_of(now) if now else {}
    back = {key: values[key] for key in changes if key in values and values[key] != have.get(key)}
    if not back:
        return Back.NEEDLESS
    functions.configure(name, back)
    return None


def restore_tags(
    functions: Functions, before: FunctionState, tags: Mapping[str, str]
) -> Back | None:
    """Take back tags as far as they were added or changed."""
    now = functions.read(before.arn)
    have = now.tags if now else {}
    changed = [key for key in tags if have.get(key) != before.tags.get(key)]
    if was := {key: before.tags[key] for key in changed if key in before.tags}:
        functions.tag(before.arn, was)
    if new := [key for key in changed if key not in before.tags]:
        functions.untag(before.arn, new)
    return None if changed else Back.NEEDLESS


def restore_code(functions: Functions, name: str, observed: ObservedFunction) -> Back | None:
    """Put the previous code back into ``$LATEST``, unless it is there.

    A zip is fetched from where AWS keeps it, and accepted only if its hash is the recorded one.

    Raises:
        DeployError: the previous code cannot be had any more.
    """
    before, now = observed.latest, functions.read(name)
    if now and now.code_sha256 == before.code_sha256 and now.update_status == "Successful":
        return Back.NEEDLESS
    if before.package == "Image":
        image = {"ImageUri": before.code_location}
        functions.update_code(name, image, before.architecture, before.code_key)
        return None
    places = [before.code_location]
    if observed.live and observed.live.code_sha256 == before.code_sha256:
        fresh = functions.read(name, observed.live.version)
        places.insert(0, fresh.code_location if fresh else "")
    for place in filter(None, places):
        answer = request("GET", place, timeout=300, most=LARGEST_CODE)
        sha256 = base64.b64encode(hashlib.sha256(answer.body).digest()).decode()
        if answer.status == 200 and sha256 == before.code_sha256:
            code = {"ZipFile": answer.body}
            functions.update_code(name, code, before.architecture, before.code_key)
            return None
    raise DeployFailed(
        f"the previous code of {name} (CodeSha256 {before.code_sha256}) cannot be fetched",
        remedy="Deploy the commit that it came from.",
    )

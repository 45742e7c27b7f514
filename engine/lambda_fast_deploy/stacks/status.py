"""Compares a stack with the working tree, with reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lambda_fast_deploy.stacks.artifacts import Artifact, StackArtifacts
from lambda_fast_deploy.stacks.observe import observe
from lambda_fast_deploy.stacks.package import package
from lambda_fast_deploy.stacks.parameters import parameters_of
from lambda_fast_deploy.stacks.snapshots import Snapshot
from lambda_fast_deploy.stacks.stack_context import CurrentStack, StackContext
from lambda_fast_deploy.stacks.stack_images import StackImages
from lambda_fast_deploy.stacks.template import plain


@dataclass(frozen=True, slots=True)
class StackStatus:
    """A stack: the id of its state, the time of its last update (ISO 8601), and the differences.

    ``outputs`` have secrets masked.
    """

    version: str
    changed: str
    differs: tuple[str, ...]
    outputs: Mapping[str, str]


def status_of(context: StackContext) -> StackStatus:
    """Read the status of a stack.

    Raises:
        Invalid: parameters of the template are missing.
        NotReady: the stack accepts no update now.
    """
    images = StackImages(context)
    current, artifacts = observe(context, StackArtifacts(context), images)
    if current.state is None or current.snapshot is None:
        return StackStatus("", "", ("does not exist",), {})
    differs = tuple(_differences(context, current, current.snapshot, artifacts, images))
    outputs = context.shown(current.state.outputs)
    return StackStatus(current.snapshot.id, current.state.changed, differs, outputs)


def _differences(
    context: StackContext,
    current: CurrentStack,
    snapshot: Snapshot,
    artifacts: tuple[Artifact, ...],
    images: StackImages,
) -> Iterator[str]:
    uris = images.expected()
    body = package(context.stack, context.resources, artifacts, context.bucket, uris).body
    parameters = parameters_of(context.resources.template, context.stack, current.state).shown
    deployed = plain(snapshot.template)
    for section, desired_values, current_values in (
        ("resources", body["Resources"], deployed["Resources"]),
        ("parameters", parameters, snapshot.parameters),
        ("tags", {**snapshot.tags, **context.stack.tags}, snapshot.tags),
        ("outputs", body.get("Outputs") or {}, deployed.get("Outputs") or {}),
    ):
        if names := [
            key
            for key in {**desired_values, **current_values}
            if desired_values.get(key) != current_values.get(key)
        ]:
            yield f"{section} differ: {', '.join(names)}"
    rest = {"Resources", "Outputs", "Parameters"}
    if {k: v for k, v in body.items() if k not in rest} != {
        k: v for k, v in deployed.items() if k not in rest
    }:
        yield "other parts of the template differ"
    if current.drift:
        yield f"code updated directly: {', '.join(current.drift)}"

"""What a stack is, and what a deployment of the working tree would change about it. Reads."""

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
    """A stack: the id of its state, when it came to it (ISO 8601), and what differs, for people.

    ``outputs`` are what it tells, without secrets.
    """

    version: str
    changed: str
    differs: tuple[str, ...]
    outputs: Mapping[str, str]


def status_of(context: StackContext) -> StackStatus:
    """Look at a stack.

    Raises:
        Invalid: parameters of the template are missing.
        NotReady: the stack takes no change now.
    """
    images = StackImages(context)
    there, found = observe(context, StackArtifacts(context), images)
    if there.state is None or there.kept is None:
        return StackStatus("", "", ("not there",), {})
    differs = tuple(_differences(context, there, there.kept, found, images))
    outputs = context.shown(there.state.outputs)
    return StackStatus(there.kept.id, there.state.changed, differs, outputs)


def _differences(
    context: StackContext,
    there: CurrentStack,
    kept: Snapshot,
    found: tuple[Artifact, ...],
    images: StackImages,
) -> Iterator[str]:
    uris = images.expected()
    body = package(context.stack, context.resources, found, context.bucket, uris).body
    parameters = parameters_of(context.resources.template, context.stack, there.state).shown
    was, now = plain(kept.template), body
    for section, wanted, has in (
        ("resources", now["Resources"], was["Resources"]),
        ("parameters", parameters, kept.parameters),
        ("tags", {**kept.tags, **context.stack.tags}, kept.tags),
        ("outputs", now.get("Outputs") or {}, was.get("Outputs") or {}),
    ):
        if names := [key for key in {**wanted, **has} if wanted.get(key) != has.get(key)]:
            yield f"{section} differ: {', '.join(names)}"
    rest = {"Resources", "Outputs", "Parameters"}
    if {k: v for k, v in now.items() if k not in rest} != {
        k: v for k, v in was.items() if k not in rest
    }:
        yield "the template differs besides"
    if there.drift:
        yield f"code updated past the stack: {', '.join(there.drift)}"

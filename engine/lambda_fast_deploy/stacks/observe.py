"""What AWS has of a stack, its artifacts and its images; everything is asked at the same time."""

from __future__ import annotations

from lambda_fast_deploy.adapters.parallel import together, workers
from lambda_fast_deploy.stacks.artifacts import Artifact, StackArtifacts
from lambda_fast_deploy.stacks.stack_context import CurrentStack, StackContext, look
from lambda_fast_deploy.stacks.stack_images import StackImages


def observe(
    context: StackContext, artifacts: StackArtifacts, images: StackImages
) -> tuple[CurrentStack, tuple[Artifact, ...]]:
    """The stack, and every part of its template as it is in the working tree.

    Raises:
        NotReady: the stack takes no change.
    """
    with (
        context.run_log.work("observe", "read", "what AWS has now", context.region),
        workers(2) as pool,
    ):
        there, registry = pool.submit(look, context), pool.submit(images.find)
        found = together(artifacts.find, context.parts)
        registry.result()
        return there.result(), tuple(found)

"""Reads a stack, its artifacts and its images from AWS in parallel."""

from __future__ import annotations

from lambda_fast_deploy.adapters.parallel import together, workers
from lambda_fast_deploy.stacks.artifacts import Artifact, StackArtifacts
from lambda_fast_deploy.stacks.kept_parameters import check_kept_parameters
from lambda_fast_deploy.stacks.stack_context import CurrentStack, StackContext, read_current
from lambda_fast_deploy.stacks.stack_images import StackImages


def observe(
    context: StackContext, artifacts: StackArtifacts, images: StackImages
) -> tuple[CurrentStack, tuple[Artifact, ...]]:
    """The current stack, and every artifact of the working tree.

    Raises:
        Invalid: the artifacts depend on a parameter whose value only the stack has.
        NotReady: the stack accepts no update.
    """
    with (
        context.run_log.work("observe", "read", "current state in AWS", context.region),
        workers(2) as pool,
    ):
        current, registry = pool.submit(read_current, context), pool.submit(images.find)
        parts = together(artifacts.find, context.parts)
        registry.result()
        found = current.result()
        if found.state and found.state.exists:
            check_kept_parameters(context.resources.template, context.stack, found.state)
        return found, tuple(parts)

"""What AWS has of a stack, its artifacts and its images; everything is asked at the same time."""

from __future__ import annotations

from engine.adapters.parallel import together, workers
from engine.stack.artifacts import Artifact, Artifacts
from engine.stack.images import StackImages
from engine.stack.order import Order, There, look


def observe(
    order: Order, artifacts: Artifacts, images: StackImages
) -> tuple[There, tuple[Artifact, ...]]:
    """The stack, and every part of its template as it is in the working tree.

    Raises:
        NotReady: the stack takes no change.
    """
    with (
        order.journal.work("observe", "read", "what AWS has now", order.region),
        workers(2) as pool,
    ):
        there, registry = pool.submit(look, order), pool.submit(images.find)
        found = together(artifacts.find, order.parts)
        registry.result()
        return there.result(), tuple(found)

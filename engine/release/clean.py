"""Versions that nobody needs any more, and their images."""

from __future__ import annotations

from collections.abc import Iterable

from engine.errors import Cancelled, DeployError
from engine.model import FunctionState, ImageSource
from engine.release.order import Order
from engine.release.record import previous_of


def clean(order: Order) -> None:
    """Delete versions beyond what ``keep`` says, and images that only they had.

    What any alias leads to stays, with the version that users had before each of those: the way
    back must be there. Users have the new version by now, so what cannot be deleted is told, and
    undoes nothing.
    """
    keep = order.function.keep
    if keep is None:
        return
    try:
        _delete_beyond(keep, order)
    except Cancelled:
        raise
    except DeployError as error:
        order.journal.note(f"Old versions of {order.name} stay: {error.message}")


def _delete_beyond(keep: int, order: Order) -> None:
    versions = order.world.versions(order.region)
    every = versions.every(order.name)
    used = {v for alias in versions.aliases(order.name) for v in (alias.version, *alias.weights)}
    used |= {previous_of(state.description) for state in every if state.version in used}
    going = [state for state in every[keep:] if state.version not in used]
    if not going:
        return
    what = f"{len(every)} versions, {keep} are to be kept"
    with order.journal.work(f"clean:{order.name}", "delete", what, order.region) as detail:
        digests = _digests(order, going)
        for state in going:
            order.journal.check()
            versions.delete(order.name, state.version)
        gone = f"versions {', '.join(sorted((s.version for s in going), key=int))}"
        images = _delete_images(order, digests)
        detail(f"{gone}{f' and {images} images' if images else ''}")


def _digests(order: Order, going: Iterable[FunctionState]) -> dict[str, str]:
    """The image digest of each version that goes, by its CodeSha256."""
    if not isinstance(order.function.source, ImageSource):
        return {}
    functions, found = order.world.functions(order.region), {}
    for state in going:
        whole = functions.read(order.name, state.version)
        if whole and whole.image_digest:
            found[state.code_sha256] = whole.image_digest
    return found


def _delete_images(order: Order, digests: dict[str, str]) -> int:
    """Delete images that no version of any function in the account has; how many are gone."""
    source = order.function.source
    if not digests or not isinstance(source, ImageSource):
        return 0
    kept = {state.code_sha256 for state in order.world.functions(order.region).everything()}
    unused = [digest for sha256, digest in digests.items() if sha256 not in kept]
    stay = order.world.registry(order.region).delete(source.repository, unused)
    for digest, reason in stay.items():
        order.journal.note(f"Image {source.repository}@{digest} stays: {reason}")
    return len(unused) - len(stay)

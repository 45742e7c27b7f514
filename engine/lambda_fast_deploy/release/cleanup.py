"""Versions that nobody needs any more, and their images."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_fast_deploy.errors import Cancelled, DeployError
from lambda_fast_deploy.models import FunctionState, ImageSource
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.state.descriptions import previous_of


def clean(context: ReleaseContext) -> None:
    """Delete versions beyond what ``keep`` says, and images that only they had.

    What any alias leads to stays, with the version that users had before each of those: the way
    back must be there. Users have the new version by now, so what cannot be deleted is told, and
    undoes nothing.
    """
    keep = context.function.keep
    if keep is None:
        return
    try:
        _delete_beyond(keep, context)
    except Cancelled:
        raise
    except DeployError as error:
        context.run_log.note(f"Old versions of {context.name} stay: {error.message}")


def _delete_beyond(keep: int, context: ReleaseContext) -> None:
    versions = context.clients.versions(context.region)
    every = versions.every(context.name)
    used = {v for alias in versions.aliases(context.name) for v in (alias.version, *alias.weights)}
    used |= {previous_of(state.description) for state in every if state.version in used}
    going = [state for state in every[keep:] if state.version not in used]
    if not going:
        return
    what = f"{len(every)} versions, {keep} are to be kept"
    with context.run_log.work(f"clean:{context.name}", "delete", what, context.region) as detail:
        digests = _digests(context, going)
        for state in going:
            context.run_log.cancellation.check()
            versions.delete(context.name, state.version)
        gone = f"versions {', '.join(sorted((s.version for s in going), key=int))}"
        images = _delete_images(context, digests)
        detail(f"{gone}{f' and {images} images' if images else ''}")


def _digests(context: ReleaseContext, going: Iterable[FunctionState]) -> dict[str, str]:
    """The image digest of each version that goes, by its CodeSha256."""
    if not isinstance(context.function.source, ImageSource):
        return {}
    functions, found = context.clients.functions(context.region), {}
    for state in going:
        whole = functions.read(context.name, state.version)
        if whole and whole.image_digest:
            found[state.code_sha256] = whole.image_digest
    return found


def _delete_images(context: ReleaseContext, digests: dict[str, str]) -> int:
    """Delete images that no version of any function in the account has; how many are gone."""
    source = context.function.source
    if not digests or not isinstance(source, ImageSource):
        return 0
    kept = {state.code_sha256 for state in context.clients.functions(context.region).everything()}
    unused = [digest for sha256, digest in digests.items() if sha256 not in kept]
    stay = context.clients.registry(context.region).delete(source.repository, unused)
    for digest, reason in stay.items():
        context.run_log.note(f"Image {source.repository}@{digest} stays: {reason}")
    return len(unused) - len(stay)

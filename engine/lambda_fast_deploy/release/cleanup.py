"""Deletes old versions and their images."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_fast_deploy.errors import Cancelled, DeployError
from lambda_fast_deploy.models import FunctionState, ImageSource
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.state.descriptions import previous_of


def clean(context: ReleaseContext) -> None:
    """Delete versions beyond the newest ``keep``, and images that only those versions use.

    The versions of all aliases are kept, and the version before each of those, so that a rollback
    is possible. The new version is live by now, so an error is only a note.
    """
    keep = context.function.keep
    if keep is None:
        return
    try:
        _delete_beyond(keep, context)
    except Cancelled:
        raise
    except DeployError as error:
        context.run_log.note(
            f"The old versions of {context.name} were not deleted: {error.message}"
        )


def _delete_beyond(keep: int, context: ReleaseContext) -> None:
    versions = context.clients.versions(context.region)
    every = versions.every(context.name)
    used = {v for alias in versions.aliases(context.name) for v in (alias.version, *alias.weights)}
    used |= {previous_of(state.description) for state in every if state.version in used}
    obsolete = [state for state in every[keep:] if state.version not in used]
    if not obsolete:
        return
    reason = f"{len(every)} versions; keep is {keep}"
    with context.run_log.work(f"clean:{context.name}", "delete", reason, context.region) as detail:
        digests = _digests(context, obsolete)
        for state in obsolete:
            context.run_log.cancellation.check()
            versions.delete(context.name, state.version)
        deletions = f"versions {', '.join(sorted((s.version for s in obsolete), key=int))}"
        images = _delete_images(context, digests)
        detail(f"{deletions}{f' and {images} images' if images else ''}")


def _digests(context: ReleaseContext, states: Iterable[FunctionState]) -> dict[str, str]:
    """The image digest of each of these versions, by its CodeSha256."""
    if not isinstance(context.function.source, ImageSource):
        return {}
    functions, digests = context.clients.functions(context.region), {}
    for state in states:
        whole = functions.read(context.name, state.version)
        if whole and whole.image_digest:
            digests[state.code_sha256] = whole.image_digest
    return digests


def _delete_images(context: ReleaseContext, digests: dict[str, str]) -> int:
    """Delete images that no version of any function in the account uses; how many it deleted."""
    source = context.function.source
    if not digests or not isinstance(source, ImageSource):
        return 0
    used = {state.code_sha256 for state in context.clients.functions(context.region).everything()}
    unused = [digest for sha256, digest in digests.items() if sha256 not in used]
    failures = context.clients.registry(context.region).delete(source.repository, unused)
    for digest, reason in failures.items():
        context.run_log.note(f"Image {source.repository}@{digest} was not deleted: {reason}")
    return len(unused) - len(failures)

"""Publishes ``$LATEST`` as a version, which has no traffic yet."""

from __future__ import annotations

from lambda_fast_deploy.errors import ChangedMeanwhile, Conflict, NotFound
from lambda_fast_deploy.models import FunctionState
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.state import marks


def publish(context: ReleaseContext, label: str, sha256: str, revision: str) -> FunctionState:
    """Publish ``$LATEST`` if it is as this run left it.

    Args:
        context: the release.
        label: description of the version, unique to this run.
        sha256: the CodeSha256 that ``$LATEST`` must have.
        revision: the revision that it must have.

    Raises:
        Conflict: another deployment has changed it.
    """
    versions = context.clients.versions(context.region)
    with context.working(context.steps.version) as detail:
        try:
            published = versions.publish(context.name, sha256, label, revision)
        except NotFound:
            raise ChangedMeanwhile(f"{context.name} was deleted") from None
        except Conflict:
            newest = next(iter(versions.every(context.name)), None)
            if newest is None or newest.description != label:
                raise context.conflict(f"changed {context.name}") from None
            published = newest  # by this run: the response was lost
        number = published.version
        if published.description == label and context.observed is not None:
            context.undo.record(
                f"version {number} of {context.name}", lambda: _delete(context, number)
            )
        context.clients.functions(context.region).settled(context.name, number, is_new=True)
        detail(f"version {number}")
        return published


def _delete(context: ReleaseContext, number: str) -> UndoResult | None:
    """Delete the version that this run has published, unless another run uses it."""
    versions = context.clients.versions(context.region)
    try:
        versions.delete(context.name, number)
    except NotFound:
        return UndoResult.NEEDLESS
    except Conflict:  # an alias points to the version (API: DeleteFunction)
        alias = versions.alias(context.name, context.function.alias)
        if alias and alias.description.startswith(marks.under_test_by(context.run_log.run)):
            raise  # this run's own alias could not be restored
        if alias is None or alias.serving != number:
            return UndoResult.THEIRS
        now = versions.arrived(context.name, alias)
        if now and now.serving == number:  # the run was cancelled, and this can take minutes
            return UndoResult.SERVES
        versions.delete(context.name, number)
    return None

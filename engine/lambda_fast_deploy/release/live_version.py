"""Reads the live version after a rollback, from AWS."""

from __future__ import annotations

import contextlib

from lambda_fast_deploy.errors import DeployError
from lambda_fast_deploy.models import LATEST, Serves
from lambda_fast_deploy.release.alias import AliasMoves
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.undo import UndoReport


def live_version(
    context: ReleaseContext, moves: AliasMoves, report: UndoReport
) -> tuple[str, Serves]:
    """The live version after a rollback, and how it compares with the one before the run."""
    observed = context.observed
    try:
        if context.function.has_alias:
            version, before = _of_alias(context, moves), observed and observed.alias
            is_same = bool(before and version == before.version)
        else:
            latest = context.clients.functions(context.region).read(context.name)
            version = LATEST if latest else ""
            sha256 = observed.latest.code_sha256 if observed else ""
            is_same = bool(latest and latest.code_sha256 == sha256)
    except DeployError:
        return "", "unknown"
    if version:
        return version, "same" if is_same else "other"
    return "", "nothing" if observed or report.spared else "same"


def _of_alias(context: ReleaseContext, moves: AliasMoves) -> str:
    """The version that callers of the alias get; waits until AWS lets it serve."""
    versions = context.clients.versions(context.region)
    now = versions.alias(context.name, context.function.alias)
    if now and now.serving and moves.is_restored(now):
        reason = f"back to version {now.version}"
        with (
            contextlib.suppress(DeployError),  # the wait timed out
            context.run_log.work(f"alias:{context.name}", "read", reason, context.region),
        ):
            now = versions.arrived(context.name, now)
    return (now.serving or now.version) if now else ""

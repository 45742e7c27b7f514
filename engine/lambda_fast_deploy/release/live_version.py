"""What users have after an undo: what is so, not what was meant."""

from __future__ import annotations

import contextlib

from lambda_fast_deploy.errors import DeployError
from lambda_fast_deploy.models import LATEST, Serves
from lambda_fast_deploy.release.alias import AliasMoves
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.undo import UndoReport


def served(context: ReleaseContext, moves: AliasMoves, came: UndoReport) -> tuple[str, Serves]:
    """The version that users have after an undo, and what that is to them."""
    observed = context.observed
    try:
        if context.function.has_alias:
            version, was = _of_alias(context, moves), observed and observed.alias
            is_same = bool(was and version == was.version)
        else:
            latest = context.clients.functions(context.region).read(context.name)
            version = LATEST if latest else ""
            before = observed.latest.code_sha256 if observed else ""
            is_same = bool(latest and latest.code_sha256 == before)
    except DeployError:
        return "", "unknown"
    if version:
        return version, "same" if is_same else "other"
    return "", "nothing" if observed or came.spared else "same"


def _of_alias(context: ReleaseContext, moves: AliasMoves) -> str:
    """The version that users of the alias have; waited for where AWS holds it back."""
    versions = context.clients.versions(context.region)
    now = versions.alias(context.name, context.function.alias)
    if now and now.serving and moves.is_back(now):
        says = f"back to version {now.version}"
        with (
            contextlib.suppress(DeployError),  # it takes too long
            context.run_log.work(f"alias:{context.name}", "read", says, context.region),
        ):
            now = versions.arrived(context.name, now)
    return (now.serving or now.version) if now else ""

"""The function URL of a release; the run that owns the alias owns it."""

from __future__ import annotations

from lambda_fast_deploy.errors import Conflict, NotPermitted
from lambda_fast_deploy.models import FunctionUrl
from lambda_fast_deploy.release.alias import AliasMoves
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.undo import UndoResult


def apply_function_url(context: ReleaseContext, moves: AliasMoves) -> str:
    """Create or change the function URL, if it is not as desired; returns it."""
    alias, access = context.function.alias, context.function.url
    if access is None:
        return ""
    before, step = _url_before(context), context.steps.url
    if step is None:  # a rollback leaves it as it is
        return before.address if before else ""
    is_equal = before is not None and before.access == access
    if before is not None and is_equal and (before.is_open or not step.is_due):
        return before.address
    urls = context.clients.urls(context.region)
    with context.working(step) as detail:
        if before is None:
            context.undo.record(
                f"function URL of {context.name}",
                lambda: (
                    UndoResult.THEIRS
                    if moves.keeps_url()
                    else None
                    if urls.delete(context.name, alias)
                    else UndoResult.NEEDLESS
                ),
            )
            try:
                url = urls.create(context.name, alias, access)
            except NotPermitted:
                context.undo.forget()
                raise
            except Conflict as conflict:
                existing = urls.read(context.name, alias)
                if not conflict.repeated:
                    context.undo.forget()
                if existing is None or existing.access != access:
                    raise context.conflict(f"created the function URL of {context.name}") from None
                url = existing
        else:
            access_before = before.access
            context.undo.record(
                f"access to the function URL of {context.name}",
                lambda: urls.change(context.name, alias, access_before),
            )
            url = urls.change(context.name, alias, access)
        detail(url.address)
        return url.address


def _url_before(context: ReleaseContext) -> FunctionUrl | None:
    """The URL before this run; read again if another run may have created it since."""
    observed = context.observed
    if observed is None:
        return None
    if observed.alias and observed.alias.is_settled:
        return observed.url
    return context.clients.urls(context.region).read(context.name, context.function.alias)

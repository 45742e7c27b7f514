"""The function URL of a release; the run that owns the alias owns it."""

from __future__ import annotations

from lambda_fast_deploy.errors import Conflict, NotPermitted
from lambda_fast_deploy.models import FunctionUrl, Url
from lambda_fast_deploy.release.alias import AliasMoves
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.undo import UndoResult


def apply_function_url(context: ReleaseContext, moves: AliasMoves) -> str:
    """Create or change the function URL, if it is not as desired; returns it."""
    alias, desired = context.function.alias, context.function.url
    if desired is None or context.function.access is None:
        return ""
    before, step = _url_before(context), context.steps.url
    if step is None:  # a rollback leaves it as it is
        return before.address if before else ""
    is_equal = before is not None and not desired.changes(before)
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
                url = urls.create(context.name, alias, desired)
            except NotPermitted:
                context.undo.forget()
                raise
            except Conflict as conflict:
                existing = urls.read(context.name, alias)
                if not conflict.repeated:
                    context.undo.forget()
                if existing is None or desired.changes(existing):
                    raise context.conflict(f"created the function URL of {context.name}") from None
                url = existing
        else:
            previous = Url.of(before)
            context.undo.record(
                f"access to the function URL of {context.name}",
                lambda: urls.change(context.name, alias, previous),
            )
            url = urls.change(context.name, alias, desired)
        detail(url.address)
        return url.address


def remove_function_url(context: ReleaseContext) -> None:
    """Delete the function URL, if that is desired: at the end, because AWS never gives it again.

    Lambda developer guide, "Creating and managing Lambda function URLs": a deleted URL cannot be
    recovered, and a new one has another address.
    """
    step = context.steps.url
    if step is None or not step.is_due or context.function.access:
        return
    with context.working(step) as detail:
        context.clients.urls(context.region).delete(context.name, context.function.alias)
        detail(f"{context.observed_url} is gone")


def _url_before(context: ReleaseContext) -> FunctionUrl | None:
    """The URL before this run; read again if another run may have created it since."""
    observed = context.observed
    if observed is None:
        return None
    if observed.alias and observed.alias.is_settled:
        return observed.url
    return context.clients.urls(context.region).read(context.name, context.function.alias)

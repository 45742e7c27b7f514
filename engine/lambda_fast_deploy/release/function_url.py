"""The function URL that was asked for, as the alias's owner has it."""

from __future__ import annotations

from lambda_fast_deploy.errors import Conflict, NotPermitted
from lambda_fast_deploy.models import FunctionUrl
from lambda_fast_deploy.release.alias import AliasMoves
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.undo import UndoResult


def give_url(context: ReleaseContext, moves: AliasMoves) -> str:
    """The function URL that was asked for, made or changed if it is not so already."""
    alias, access = context.function.alias, context.function.url
    if access is None:
        return ""
    before, step = _before(context), context.steps.url
    if step is None:  # a rollback leaves it as it is
        return before.address if before else ""
    is_so = before is not None and before.access == access
    if before is not None and is_so and (before.is_open or not step.is_due):
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
                there = urls.read(context.name, alias)
                if not conflict.repeated:
                    context.undo.forget()
                if there is None or there.access != access:
                    raise context.theirs(f"gave {context.name} its function URL") from None
                url = there
        else:
            was = before.access
            context.undo.record(
                f"access to the function URL of {context.name}",
                lambda: urls.change(context.name, alias, was),
            )
            url = urls.change(context.name, alias, access)
        detail(url.address)
        return url.address


def _before(context: ReleaseContext) -> FunctionUrl | None:
    """The URL that was there; where another run may have made it, what is there now is asked."""
    observed = context.observed
    if observed is None:
        return None
    if observed.alias and observed.alias.is_settled:
        return observed.url
    return context.clients.urls(context.region).read(context.name, context.function.alias)

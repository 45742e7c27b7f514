"""``layers prune``: delete the layer versions that no function version uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.cli.commands.layers.uses import add_layer, layer_uses, print_uses
from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import add_command
from lambda_fast_deploy.cli.terminal.streams import say
from lambda_fast_deploy.cli.terminal.table import show
from lambda_fast_deploy.errors import DeployError, Interrupted

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.clients import Clients
    from lambda_fast_deploy.layer_versions import LayerUse


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "prune",
        summary,
        examples=("layers prune --dry-run",),
        arguments="[NAME]",
        run=run,
    )
    add_layer(command, "dry-run")


def run(context: CommandContext) -> int:
    """Delete the versions and print the result of each; the exit code.

    Raises:
        DeployError: AWS could not be read, or a version not deleted; names the deleted versions.
    """
    uses = layer_uses(context)
    if context.settings.plan_only:
        verb, failure = "would delete", None
        unused = [use for use in uses if not use.kept]
    else:
        verb = "deleted"
        unused, failure = _deleted(uses, context.clients)
    rows = [
        (u.layer, u.version.number, u.region, u.kept or (verb if u in unused else "not deleted"))
        for u in uses
    ]
    show(("layer", "version", "region", "kept, since"), rows, quiet=context.options.json)
    say(f"{verb} {len(unused)} of {len(uses)} versions")
    if context.options.json:
        print_uses(uses, () if context.settings.plan_only else unused)
    if failure:
        failure.after(context.changes)
        raise failure
    return 0


def _deleted(uses: list[LayerUse], clients: Clients) -> tuple[list[LayerUse], DeployError | None]:
    """The versions that were deleted, and the error that stopped it."""
    from lambda_fast_deploy.layer_versions import prune

    deleted: list[LayerUse] = []
    try:
        for use in prune(uses, clients):
            deleted.append(use)  # noqa: PERF402 - before an error, too
    except DeployError as error:
        return deleted, error
    except KeyboardInterrupt:
        return deleted, Interrupted("interrupted")
    return deleted, None

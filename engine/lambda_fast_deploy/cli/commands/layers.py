"""``layers`` and ``sizes``: tables for people, one JSON document for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lambda_fast_deploy import units
from lambda_fast_deploy.cli.context import opened
from lambda_fast_deploy.cli.terminal.streams import say
from lambda_fast_deploy.cli.terminal.table import print_document, show
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.errors import DeployError, Interrupted, Invalid, NotReady, Problem
from lambda_fast_deploy.models import Settings
from lambda_fast_deploy.sizes import Size, sizes

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.clients import Clients
    from lambda_fast_deploy.layer_versions import LayerUse


def layers(
    given: GivenInputs, environ: Mapping[str, str], what: str, name: str, *, json: bool
) -> int:
    """List layer versions, tell who uses them, or delete those that nobody does; the exit code.

    Raises:
        DeployError: AWS does not tell, or did not delete one; what was deleted is told.
    """
    from lambda_fast_deploy.adapters.aws.session import Aws
    from lambda_fast_deploy.adapters.clients import Clients
    from lambda_fast_deploy.layer_versions import uses

    aws = Aws()
    settings = opened(given, environ, lambda: aws)
    _refuse_stack(settings, f"layers {what}")
    clients = Clients(aws)
    found = uses(settings, clients, name)
    rows: list[tuple[str, ...]]
    gone: list[LayerUse] = []
    failure: DeployError | None = None
    if what == "prune":
        done = "would delete" if settings.plan_only else "deleted"
        gone, failure = _pruned(found, None if settings.plan_only else clients)
        rows = [
            (u.layer, u.version.number, u.region, u.kept or (done if u in gone else "not deleted"))
            for u in found
        ]
        show(("layer", "version", "region", "kept, since"), rows, quiet=json)
        say(f"{done} {len(gone)} of {len(found)} versions")
    elif what == "users":
        rows = [
            (use.layer, use.version.number, use.region, user) for use in found for user in use.users
        ]
        show(("layer", "version", "region", "function version"), rows, quiet=json)
    else:
        rows = [
            (u.layer, u.version.number, u.region, units.size(u.version.size), str(len(u.users)))
            for u in found
        ]
        show(("layer", "version", "region", "unzipped", "users"), rows, quiet=json)
    if json:
        print_document(
            {
                "layer": use.layer,
                "version": use.version.number,
                "arn": use.version.arn,
                "region": use.region,
                "size": use.version.size,
                "users": list(use.users),
                "kept": use.kept,
                "deleted": use in gone and not settings.plan_only,
            }
            for use in found
        )
    if failure:
        failure.after(aws.changes)
        raise failure
    return 0


def _pruned(
    found: list[LayerUse], clients: Clients | None
) -> tuple[list[LayerUse], DeployError | None]:
    """What was deleted, or would be without a world; and what stopped that."""
    from lambda_fast_deploy.layer_versions import prune

    gone: list[LayerUse] = []
    try:
        for use in prune(found, clients) if clients else (use for use in found if not use.kept):
            gone.append(use)  # noqa: PERF402 - before an error, too
    except DeployError as error:
        return gone, error
    except KeyboardInterrupt:
        return gone, Interrupted("interrupted")
    return gone, None


def layer_sizes(given: GivenInputs, environ: Mapping[str, str], *, json: bool, check: bool) -> int:
    """Print the size of everything; 1 when ``check`` finds something over its limit."""
    settings = opened(given, environ, None)
    _refuse_stack(settings, "sizes")
    if settings.event.unmerged and settings.layers:
        where = settings.event.unmerged
        says = f"sizes builds the layers, which starts programs; at the ref of {where} none starts"
        raise NotReady(says, remedy="Run it on a branch, by a push, or on your machine.")
    found = sizes(settings)
    rows = [
        (
            s.what,
            units.size(s.zipped),
            units.size(s.unzipped),
            units.size(s.limit),
            "OVER" if s.is_over else "",
        )
        for s in found
    ]
    show(("", "zipped", "unzipped", "limit, unzipped", ""), rows, quiet=json)
    if not json:
        show(("package", "unzipped"), _heaviest(found), quiet=False)
    else:
        print_document(
            {
                "what": size.what,
                "zipped": size.zipped,
                "unzipped": size.unzipped,
                "limit": size.limit,
                "over": size.is_over,
                "packages": dict(size.packages),
            }
            for size in found
        )
    return int(check and any(size.is_over for size in found))


def _refuse_stack(settings: Settings, command: str) -> None:
    """End a command that knows no templates.

    Raises:
        Invalid: the settings are of a stack.
    """
    if settings.stack:
        says = f"{command} is for functions that no template holds; plan tells of a stack"
        raise Invalid([Problem(says, settings.stack.place)])


def _heaviest(found: Iterable[Size]) -> list[tuple[str, str]]:
    packages = {name: size for each in found for name, size in each.packages}
    ranked = sorted(packages.items(), key=lambda pair: -pair[1])
    return [(name, units.size(size)) for name, size in ranked[:10]]

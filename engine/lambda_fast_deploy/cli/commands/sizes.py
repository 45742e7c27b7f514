"""``sizes``: show the size of layers and code, and the largest packages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy import units
from lambda_fast_deploy.cli.context import CommandContext, refuse_stack
from lambda_fast_deploy.cli.options import add_command, add_inputs, add_json
from lambda_fast_deploy.cli.terminal.table import print_document, show
from lambda_fast_deploy.errors import NotReady

if TYPE_CHECKING:
    from lambda_fast_deploy.sizes import Size


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "sizes",
        summary,
        "Builds layers and zips on this machine and uploads nothing.",
        examples=("sizes", "sizes --check"),
        run=run,
    )
    says = "exit with 1 if a size is over its limit"
    command.add_argument("--check", action="store_true", help=says)
    add_json(command)
    add_inputs(command, "config", "region")


def run(context: CommandContext) -> int:
    """Print the sizes; the exit code, which is 1 with ``--check`` if one is over its limit.

    Raises:
        Invalid: the settings are of a stack.
        NotReady: the code is not merged, and there are layers to build.
        DeployError: a layer or a zip cannot be built.
    """
    from lambda_fast_deploy.sizes import sizes

    settings = context.load(offline=True)
    refuse_stack(settings, "sizes")
    if settings.event.unmerged and settings.layers:
        message = (
            "sizes builds layers, which starts programs, and at the ref of "
            f"{settings.event.unmerged} no programs may start"
        )
        raise NotReady(message, remedy="Run sizes after a push to a branch, or on your machine.")
    measured = sizes(settings)
    rows = [
        (
            s.what,
            units.size(s.zipped),
            units.size(s.unzipped),
            units.size(s.limit),
            "OVER" if s.is_over else "",
        )
        for s in measured
    ]
    options = context.options
    show(("", "zipped", "unzipped", "limit, unzipped", ""), rows, quiet=options.json)
    if not options.json:
        show(("package", "unzipped"), _heaviest(measured), quiet=False)
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
            for size in measured
        )
    return int(options.check and any(size.is_over for size in measured))


def _heaviest(measured: Iterable[Size]) -> list[tuple[str, str]]:
    packages = {name: size for each in measured for name, size in each.packages}
    ranked = sorted(packages.items(), key=lambda pair: -pair[1])
    return [(name, units.size(size)) for name, size in ranked[:10]]

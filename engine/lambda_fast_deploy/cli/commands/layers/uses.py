"""Arguments and results that the commands about layer versions share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.cli.context import CommandContext, refuse_stack
from lambda_fast_deploy.cli.options import add_inputs, add_json
from lambda_fast_deploy.cli.parser import Parser
from lambda_fast_deploy.cli.terminal.table import print_document

if TYPE_CHECKING:
    from lambda_fast_deploy.layer_versions import LayerUse


def add_layer(command: Parser, *inputs: str) -> None:
    """An optional argument with the name of a layer, and options."""
    says = "name of the layer; default: all layers"
    command.add_argument("name", nargs="?", default="", metavar="NAME", help=says)
    add_json(command)
    add_inputs(command, "config", "region", *inputs)


def add_one_layer(command: Parser) -> None:
    """An argument with the name of the layer to change."""
    command.add_argument("name", metavar="NAME", help="name of the layer")


def layer_uses(context: CommandContext) -> list[LayerUse]:
    """Every version of the layers, with the function versions that use it.

    Raises:
        Invalid: the settings are of a stack, or have no layer of that name.
        DeployError: AWS could not be read.
    """
    from lambda_fast_deploy.layer_versions import uses

    refuse_stack(context.settings, f"layers {context.options.what}")
    return uses(context.settings, context.clients, context.options.name)


def print_uses(uses: Sequence[LayerUse], deleted: Collection[LayerUse] = ()) -> None:
    """Print layer versions as JSON."""
    print_document(_entry(use, is_deleted=use in deleted) for use in uses)


def _entry(use: LayerUse, *, is_deleted: bool) -> dict[str, Any]:
    return {
        "layer": use.layer,
        "version": use.version.number,
        "arn": use.version.arn,
        "region": use.region,
        "size": use.version.size,
        "users": list(use.users),
        "kept": use.kept,
        "deleted": is_deleted,
    }

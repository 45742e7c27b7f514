"""``delete``: delete functions, after a question."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import add_command, add_function, add_inputs, add_json
from lambda_fast_deploy.cli.terminal.streams import say
from lambda_fast_deploy.cli.terminal.table import print_document, show
from lambda_fast_deploy.errors import DeployError, Interrupted, Invalid, Place, Problem

if TYPE_CHECKING:
    from lambda_fast_deploy.deletion import DeletableFunction


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "delete",
        summary,
        "A function's versions, aliases, URL and alarms are deleted with it. Its log,\n"
        "layers, images and role stay. FUNCTION may be one that the configuration no\n"
        "longer has.",
        examples=("delete orders", "delete orders --yes", "delete orders --dry-run"),
        arguments="[FUNCTION]",
        run=run,
    )
    add_function(command)
    command.add_argument("--yes", action="store_true", help="delete without a question")
    add_json(command)
    add_inputs(command, "config", "region", "dry-run")


def run(context: CommandContext) -> int:
    """Show what is deleted, ask, delete, and print the result; the exit code.

    Raises:
        Invalid: the settings are of a stack, or nobody can be asked.
        DeployError: AWS could not be read, or a function not deleted; names the deleted ones.
    """
    from lambda_fast_deploy.deletion import deletable_functions

    settings, options = context.settings, context.options
    if settings.stack:
        message = "delete does not support stacks; delete the stack with CloudFormation"
        raise Invalid([Problem(message, settings.stack.place)])
    functions = deletable_functions(settings, context.clients, context.run_log, options.only)
    show(
        ("function", "region", "versions", "aliases", "URL", "alarms", "log, which stays"),
        [_row(each) for each in functions],
        quiet=options.json,
    )
    deleted: list[DeletableFunction] = []
    failure = None
    if settings.plan_only:
        say(f"would delete {len(functions)} functions: {settings.plan_only}")
    elif functions:
        _ask(functions, is_sure=options.yes)
        deleted, failure = _deleted(functions, context)
    if not settings.plan_only:
        say(f"deleted {len(deleted)} of {len(functions)} functions")
    if options.json:
        print_document({**asdict(each), "deleted": each in deleted} for each in functions)
    if failure:
        failure.after(context.changes)
        raise failure
    return 0


def _row(function: DeletableFunction) -> tuple[str, ...]:
    return (
        function.name,
        function.region,
        str(function.versions),
        ", ".join(function.aliases),
        ", ".join(function.urls),
        ", ".join(name.rpartition("/")[2].lower() for name in function.alarms),
        function.log_group,
    )


def _ask(functions: list[DeletableFunction], *, is_sure: bool) -> None:
    """Ask whether to delete.

    Raises:
        Invalid: the answer is not yes, or there is no terminal to ask at.
    """
    if is_sure:
        return
    if not sys.stdin or not sys.stdin.isatty():
        raise Invalid([Problem("is required without a terminal to ask at", Place("option --yes"))])
    names = ", ".join(dict.fromkeys(each.name for each in functions))
    say(f"Delete {names}? Callers get errors, and a deleted URL never comes back. Type yes:")
    if sys.stdin.readline().strip() != "yes":
        raise Invalid([Problem("nothing was deleted: the answer was not yes", Place("delete"))])


def _deleted(
    functions: list[DeletableFunction], context: CommandContext
) -> tuple[list[DeletableFunction], DeployError | None]:
    """The functions that were deleted, and the error that stopped it."""
    from lambda_fast_deploy.deletion import delete

    deleted: list[DeletableFunction] = []
    try:
        for function in delete(functions, context.clients):
            deleted.append(function)  # noqa: PERF402 - before an error, too
    except DeployError as error:
        return deleted, error
    except KeyboardInterrupt:
        return deleted, Interrupted("interrupted")
    return deleted, None

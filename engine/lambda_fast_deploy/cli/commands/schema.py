"""``schema``: print the JSON Schema of the configuration or of the report."""

from __future__ import annotations

import json
from typing import Any

from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import add_command
from lambda_fast_deploy.cli.terminal.streams import hand_over

DOCUMENTS = ("configuration", "report")


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "schema",
        summary,
        "With the schema, editors check lambda-deploy.yml and complete its keys.",
        examples=("schema > lambda-deploy.schema.json", "schema report"),
        arguments="[WHAT]",
        run=run,
    )
    says = f"configuration or report; default: {DOCUMENTS[0]}"
    command.add_argument(
        "what", nargs="?", default=DOCUMENTS[0], choices=DOCUMENTS, metavar="WHAT", help=says
    )


def run(context: CommandContext) -> int:
    """Print the schema; the exit code."""
    if context.options.what == "report":
        from lambda_fast_deploy.report.schema import report_schema as schema
    else:
        from lambda_fast_deploy.config.keys import json_schema as schema

    hand_over(json.dumps(schema(), indent=2))
    return 0

"""``doctor``: a line for each finding, or one JSON document."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import OF_A_RUN, add_command, add_inputs_but, add_json
from lambda_fast_deploy.cli.terminal.streams import hand_over, show
from lambda_fast_deploy.errors import DeployError, NotReady
from lambda_fast_deploy.sanitize import in_line

if TYPE_CHECKING:
    from lambda_fast_deploy.doctor.finding import Finding


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "doctor",
        summary,
        "Checks credentials, permissions, repositories, buckets, alarms, Docker and the\n"
        "clock, and prints a remedy for each problem. Read-only.",
        examples=("doctor", "doctor --json"),
        run=run,
    )
    add_json(command)
    add_inputs_but(command, *OF_A_RUN)


def run(context: CommandContext) -> int:
    """Print the findings; the exit code.

    Raises:
        Invalid: an option is empty.
    """
    from lambda_fast_deploy.doctor.diagnose import examine, unreadable
    from lambda_fast_deploy.doctor.finding import Level

    _ = context.given  # raises for an empty option, which must not become a finding
    try:
        settings, clients = context.settings, context.clients
    except DeployError as error:
        findings = unreadable(error)
    else:
        findings = examine(settings, clients, context.environ)
    if context.options.json:
        hand_over(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        show("\n".join(map(_line, findings)))
    is_ready = all(finding.level is not Level.WRONG for finding in findings)
    return 0 if is_ready else NotReady.exit_code


def _line(finding: Finding) -> str:
    remedy = f". {finding.remedy}" if finding.remedy else ""
    return f"{finding.level:<6} {in_line(finding.says.rstrip('.') + remedy)}"

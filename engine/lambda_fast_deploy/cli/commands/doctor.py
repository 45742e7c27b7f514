"""``doctor``: a line for each finding, or one JSON document."""

from __future__ import annotations

import json as json_module
from collections.abc import Mapping
from dataclasses import asdict

from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.cli.context import opened
from lambda_fast_deploy.cli.terminal.streams import hand_over, show
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.doctor.diagnose import examine, unreadable
from lambda_fast_deploy.doctor.finding import Finding, Level
from lambda_fast_deploy.errors import DeployError, NotReady
from lambda_fast_deploy.sanitize import in_line


def doctor(given: GivenInputs, environ: Mapping[str, str], *, json: bool) -> int:
    """Print what is ready for a deploy and what is not; the exit code."""
    try:
        aws = Aws()
        settings = opened(given, environ, lambda: aws)
    except DeployError as error:
        findings = unreadable(error)
    else:
        findings = examine(settings, Clients(aws, settings.builder), environ)
    if json:
        hand_over(json_module.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        show("\n".join(map(_line, findings)))
    is_ready = all(finding.level is not Level.WRONG for finding in findings)
    return 0 if is_ready else NotReady.exit_code


def _line(finding: Finding) -> str:
    remedy = f". {finding.remedy}" if finding.remedy else ""
    return f"{finding.level:<6} {in_line(finding.says.rstrip('.') + remedy)}"

"""``doctor``: a line for each finding, or one JSON document."""

from __future__ import annotations

import json as json_module
from collections.abc import Mapping
from dataclasses import asdict

from engine.adapters.aws.session import Aws
from engine.adapters.world import World
from engine.errors import DeployError, NotReady
from engine.face.opening import opened
from engine.face.streams import hand_over, show
from engine.settings.inputs import Given
from engine.text import in_line
from engine.upkeep.doctor import examine, unreadable
from engine.upkeep.finding import Finding, Level


def doctor(given: Given, environ: Mapping[str, str], *, json: bool) -> int:
    """Print what is ready for a deploy and what is not; the exit code."""
    try:
        aws = Aws()
        settings = opened(given, environ, lambda: aws)
    except DeployError as error:
        findings = unreadable(error)
    else:
        findings = examine(settings, World(aws, settings.builder), environ)
    if json:
        hand_over(json_module.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        show("\n".join(map(_line, findings)))
    is_ready = all(finding.level is not Level.WRONG for finding in findings)
    return 0 if is_ready else NotReady.exit_code


def _line(finding: Finding) -> str:
    remedy = f". {finding.remedy}" if finding.remedy else ""
    return f"{finding.level:<6} {in_line(finding.says.rstrip('.') + remedy)}"

"""``status``: what users have, for people and for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.cli.context import opened
from lambda_fast_deploy.cli.terminal import log
from lambda_fast_deploy.cli.terminal.table import print_document, show
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.journal import Journal
from lambda_fast_deploy.status import Status, status

_HEAD = (
    *("function", "region", "version", "age", "commit", "by", "code"),
    *("cold start", "warm", "working tree"),
)
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))  # seconds


def show_status(given: GivenInputs, environ: Mapping[str, str], only: str, *, json: bool) -> int:
    """Tell what users have of each function; 3 when a region could not be asked."""
    aws = Aws()
    settings = opened(given, environ, lambda: aws)
    journal = Journal(log.Log().tell)
    journal.keep_secret(settings.secrets)
    journal.show(settings.shown)
    found = status(settings, Clients(aws, heed=journal.read), journal, only)
    if json:
        print_document(asdict(each) for each in found)
    else:
        show(_HEAD, [_row(each, clock.now()) for each in found], quiet=False)
        outputs = [(name, each.region, v) for each in found for name, v in each.outputs.items()]
        show(("output", "region", "value"), outputs, quiet=False)
    return NotReady.exit_code if any(each.error for each in found) else 0


def _row(one: Status, now: datetime) -> tuple[str, ...]:
    canary = ", ".join(f"{part * 100:g} % on {version}" for version, part in one.weights.items())
    return (
        one.function,
        one.region,
        f"{one.version} ({canary})" if canary else one.version,
        _age(one.deployed, now),
        one.commit[:7],
        one.actor,
        one.code.removeprefix("sha256:")[:12],
        _milliseconds(one.speed.cold),
        _milliseconds(one.speed.warm),
        one.error or "; ".join(one.differs) or "same",
    )


def _age(since: str, now: datetime) -> str:
    """How long ago a time in ISO 8601 is, in its largest unit."""
    if not since:
        return ""
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    unit, size = next((pair for pair in _UNITS if seconds >= pair[1]), _UNITS[-1])
    return f"{seconds // size} {unit}"


def _milliseconds(seconds: float | None) -> str:
    return units.milliseconds(seconds)

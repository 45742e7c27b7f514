"""The account: regions, the clock, credentials, and the remaining quotas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.identity import Caller
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts
from lambda_fast_deploy.doctor.finding import Finding, note, ok, wrong
from lambda_fast_deploy.errors import DeployError, NotReady
from lambda_fast_deploy.models import Settings
from lambda_fast_deploy.models.quotas import FULL_STORAGE

# IAM user guide, "AWS Signature Version 4 for API requests": a request must arrive within five
# minutes of its time stamp.
CLOCK = 300.0  # seconds
EXPIRY = 900.0  # seconds; a deploy of images can last that long
FULL = 0.9  # of a quota


def reachable_regions(
    settings: Settings, clients: Clients
) -> tuple[dict[str, float | None], list[Finding]]:
    """The clock error in seconds by each region that answers, and the findings about regions."""
    clocks, failed = attempts(clients.aws.clock_error, settings.regions)
    return clocks, [
        *map(wrong, failed.values()),
        *(ok(f"{region} is reachable") for region in clocks),
    ]


def clock(clocks: Mapping[str, float | None]) -> Iterator[Finding]:
    """Whether the clock is accurate enough for signatures."""
    errors = [seconds for seconds in clocks.values() if seconds is not None]
    if not errors:
        if clocks:
            yield note("The clock could not be checked: the responses have no Date header")
        return
    error = max(errors, key=abs)
    difference, side = timedelta(seconds=round(abs(error))), "ahead of" if error > 0 else "behind"
    if abs(error) <= CLOCK:
        yield ok(
            f"This machine's clock agrees with that of AWS within {max(2, round(abs(error)))} s"
        )
    else:
        yield wrong(
            NotReady(
                f"This machine's clock is {difference} {side} that of AWS; AWS refuses signatures "
                "that are off by more than five minutes with RequestTimeTooSkewed or "
                "SignatureDoesNotMatch",
                remedy="Set the clock and synchronise it: timedatectl set-ntp true.",
            )
        )


def credentials(clients: Clients, caller: Caller) -> Iterator[Finding]:
    """The caller of the credentials, and their expiry."""
    left = clients.aws.expiry()
    until = f", valid for another {units.minutes(left)}" if left is not None else ""
    text = f"The credentials are those of {caller.arn} (account {caller.account}){until}"
    if left is not None and left < EXPIRY:
        yield note(text, "Get new ones before a deploy that builds images.")
    else:
        yield ok(text)


def no_identity(error: DeployError, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The error of unusable credentials; a workflow may lack the permission to get any."""
    yield wrong(error)
    on_github = environ.get("GITHUB_ACTIONS") == "true"
    if on_github and not environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        yield note(
            "GitHub does not give this job an identity: ACTIONS_ID_TOKEN_REQUEST_URL is not set",
            "Set permissions: id-token: write for the job, for "
            "aws-actions/configure-aws-credentials.",
        )


def quotas(region: str, clients: Clients) -> Iterator[Finding]:
    """The remaining quotas of Lambda (API: ``GetAccountSettings``)."""
    account = clients.functions(region).account()
    used = f"{units.size(account.code)} of {units.size(account.code_limit)}"
    text = f"Code and layers of all functions in {region} use {used}"
    if account.code >= account.code_limit:
        yield wrong(NotReady(f"{text}: uploads will fail", remedy=FULL_STORAGE))
    elif account.code > FULL * account.code_limit:
        yield note(text, FULL_STORAGE)
    else:
        yield ok(text)
    free, calls = account.unreserved, account.concurrency
    text = f"{free} of {calls} concurrent executions in {region} are unreserved"
    if free < (1 - FULL) * calls:
        yield note(text, "Reserve less for other functions, or request a higher quota.")
    else:
        yield ok(text)

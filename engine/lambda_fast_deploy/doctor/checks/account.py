"""The way to AWS: regions, the clock, credentials, and what is left of the account's quotas."""

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


def reach(settings: Settings, clients: Clients) -> tuple[dict[str, float | None], list[Finding]]:
    """How far off the clock is by each region that answers, and what is wrong with the others."""
    clocks, failed = attempts(clients.aws.clock_error, settings.regions)
    return clocks, [*map(wrong, failed.values()), *(ok(f"{region} answers") for region in clocks)]


def clock(clocks: Mapping[str, float | None]) -> Iterator[Finding]:
    """Whether signatures would be in time."""
    known = [seconds for seconds in clocks.values() if seconds is not None]
    if not known:
        if clocks:
            yield note("The clock could not be compared: the answers carry no Date header")
        return
    off = max(known, key=abs)
    much, side = timedelta(seconds=round(abs(off))), "ahead of" if off > 0 else "behind"
    says = f"This machine's clock is {much} {side} AWS's"
    if abs(off) <= CLOCK:
        yield ok(says)
    else:
        yield wrong(
            NotReady(
                f"{says}, and AWS refuses signatures that are more than five minutes off, as "
                "RequestTimeTooSkewed or SignatureDoesNotMatch",
                remedy="Set the clock, and let it be kept: timedatectl set-ntp true.",
            )
        )


def whose(clients: Clients, caller: Caller) -> Iterator[Finding]:
    """Whose the credentials are, and for how long."""
    left = clients.aws.expiry()
    until = f", valid for another {units.minutes(left)}" if left is not None else ""
    says = f"The credentials are of {caller.arn} (account {caller.account}){until}"
    if left is not None and left < EXPIRY:
        yield note(says, "Get new ones before a deploy that builds images.")
    else:
        yield ok(says)


def no_identity(error: DeployError, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Why there are no usable credentials; a workflow may lack the permission to get any."""
    yield wrong(error)
    on_github = environ.get("GITHUB_ACTIONS") == "true"
    if on_github and not environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        yield note(
            "GitHub gives this job no identity: ACTIONS_ID_TOKEN_REQUEST_URL is not there",
            "Give the job permissions: id-token: write, for aws-actions/configure-aws-credentials.",
        )


def quotas(region: str, clients: Clients) -> Iterator[Finding]:
    """How much of Lambda's quotas is left (API: ``GetAccountSettings``)."""
    account = clients.functions(region).account()
    used = f"{units.size(account.code)} of {units.size(account.code_limit)}"
    says = f"Code and layers of all functions in {region} take {used}"
    if account.code >= account.code_limit:
        yield wrong(NotReady(f"{says}: nothing more can be uploaded", remedy=FULL_STORAGE))
    elif account.code > FULL * account.code_limit:
        yield note(says, FULL_STORAGE)
    else:
        yield ok(says)
    free, calls = account.unreserved, account.concurrency
    says = f"{free} of {calls} concurrent calls in {region} are not reserved"
    if free < (1 - FULL) * calls:
        yield note(says, "Reserve less for other functions, or ask for a higher quota.")
    else:
        yield ok(says)

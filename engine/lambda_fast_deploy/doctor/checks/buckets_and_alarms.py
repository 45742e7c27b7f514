"""Resources that a deploy uses but does not create: buckets and alarms."""

from __future__ import annotations

from collections.abc import Iterator

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.doctor.finding import Finding, note, ok, wrong
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.models import Canary, Store
from lambda_fast_deploy.packaging.upload import bucket_of, exists
from lambda_fast_deploy.planning.observe import missing_alarms
from lambda_fast_deploy.release.canary import slow_alarms

SHORT = 300.0  # seconds of a canary


def bucket_of_artifacts(
    region: str, store: Store, clients: Clients, what: str = "zips over 50 MB"
) -> Iterator[Finding]:
    """Whether the bucket for zips exists, in the functions' region."""
    bucket = bucket_of(store, region, clients)
    try:
        state = "is" if exists(bucket, store, what, region) else "will be created"
    except NotReady as error:
        yield wrong(error)
    else:
        yield ok(f"Bucket {bucket.name} for {what} {state} in {region}")


def of_canary(region: str, canary: Canary, clients: Clients) -> Iterator[Finding]:
    """Whether the alarms of a canary exist, and can go off during the canary."""
    alarms = clients.metrics(region).alarms(canary.alarms)
    missing = missing_alarms(region, canary, alarms)
    yield from map(wrong, missing)
    if canary.alarms and not missing:
        yield ok(f"The alarms of the canary exist in {region}: {', '.join(canary.alarms)}")
    for text in slow_alarms(canary, alarms):
        yield note(f"{canary.place}: {text}", "Increase the duration of the canary (for).")
    if canary.duration < SHORT:
        yield note(
            f"{canary.place}: a canary of {units.seconds(canary.duration)} is short, because "
            "CloudWatch counts invocations by the minute",
            "Use five minutes or more (for: 5m).",
        )

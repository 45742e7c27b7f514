"""Whether the code of a plan fits into the account's code storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import NotPermitted
from lambda_fast_deploy.models import Fingerprints, Plan, Settings
from lambda_fast_deploy.models.quotas import FULL_STORAGE


def full_storage(
    settings: Settings, plan: Plan, prints: Fingerprints, clients: Clients
) -> Iterator[str]:
    """Warnings about regions whose code storage a deploy would exceed.

    Layers are not counted: their sizes are known only after the build. Without the permission to
    read the quotas there is no warning, and Lambda reports the error in the deploy.
    """
    for region in settings.regions:
        new = sum(
            prints.archives[step.subject].size
            for step in plan.steps
            if step.region == region and step.kind in ("code", "function") and step.action.changes
            if step.subject in prints.archives
        )
        if not new:
            continue
        with suppress(NotPermitted):
            account = clients.functions(region).account()
            if account.code + new > account.code_limit:
                yield (
                    f"Code and layers of all functions in {region} take "
                    f"{units.size(account.code)} of "
                    f"{units.size(account.code_limit)}; {units.size(new)} more do not fit. "
                    f"{FULL_STORAGE}"
                )

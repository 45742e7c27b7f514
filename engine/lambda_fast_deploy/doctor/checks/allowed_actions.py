"""The permissions that a deploy asks IAM for.

What was read while looking is proved by that; here is what a deploy changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from lambda_fast_deploy.adapters.aws.identity import Caller
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.arn import Arn, in_s3
from lambda_fast_deploy.doctor.finding import Finding, if_permitted, note, ok, wrong
from lambda_fast_deploy.errors import NotFound, NotPermitted
from lambda_fast_deploy.iam import permissions as iam
from lambda_fast_deploy.models import Function, ObservedFunction, Settings
from lambda_fast_deploy.models.function_attributes import SETTINGS
from lambda_fast_deploy.state.bucket_keys import PREFIX

Needs = Mapping[str, tuple[str, ...]]


def of_function(
    function: Function, observed: ObservedFunction | None, region: str, caller: Caller
) -> Needs:
    """Actions by the ARN that they are done to; those for what is there already are left out."""
    url = observed.url if observed else None
    actions = [
        *iam.CREATE_FUNCTIONS.changes(exists=observed is not None),
        *iam.DEPLOY_FUNCTIONS.changes(),
    ]
    if function.has_alias:
        actions += iam.RELEASE_VERSIONS.changes(exists=bool(observed and observed.alias))
    if function.url and (url is None or url.access != function.url):
        actions += iam.GIVE_FUNCTION_URLS.changes(exists=url is not None)
    if function.url == "public" and not (url and url.access == "public" and url.is_open):
        actions += iam.OPEN_FUNCTION_URLS.changes()
    for setting in SETTINGS:
        if setting.is_given(function):
            actions += setting.feature.changes()
    if function.keep:
        actions += iam.DELETE_VERSIONS.changes()
    arn = _lambda(caller, region, f"function:{function.name}")
    needs: dict[str, tuple[str, ...]] = {arn: tuple(actions)}
    if function.tests:
        tested = f"{arn}:1" if function.has_alias else arn
        needs[tested] = (*needs.get(tested, ()), *iam.TEST_FUNCTIONS.changes())
    if function.role and (observed is None or observed.latest.role != function.role):
        needs[function.role] = iam.PASS_ROLES.changes()
    if function.canary:
        needs["*"] = iam.WATCH_CANARIES.changes()
    for test in function.tests:
        for each in test.permissions(caller.partition, region, caller.account):
            if changes := each.feature.changes():
                needs[each.resource.replace("*", "key")] = changes
    return needs


def of_repository(name: str, region: str, caller: Caller, *, exists: bool, deployed: bool) -> Needs:
    """Actions by the ARN of the repository; ``deployed``: functions run images that are in it."""
    arn = str(Arn(caller.partition, "ecr", region, caller.account, f"repository/{name}"))
    actions = (
        *iam.CREATE_REPOSITORIES.changes(exists=exists),
        *iam.PUSH_IMAGES.changes(),
        *iam.DELETE_IMAGES.changes(),
        *(iam.DEPLOY_IMAGES.changes() if deployed else ()),
    )
    return {arn: actions}


def of_zips(settings: Settings, region: str, caller: Caller) -> Needs:
    """Actions for layers, and for zips in a bucket."""
    needs: dict[str, tuple[str, ...]] = {}
    for layer in settings.layers.values():
        for name in layer.parts:
            arn = _lambda(caller, region, f"layer:{name}")
            needs |= {arn: iam.PUBLISH_LAYERS.changes(), f"{arn}:1": iam.USE_LAYERS.changes()}
    if store := settings.artifacts:
        bucket = store.name_in(region)
        key = in_s3(caller.partition, f"{bucket}/{PREFIX}key")
        needs[key] = iam.UPLOAD_ZIPS.changes()
        if store.create:
            needs[in_s3(caller.partition, bucket)] = iam.CREATE_BUCKETS.changes()
    return needs


def _lambda(caller: Caller, region: str, resource: str) -> str:
    return str(Arn(caller.partition, "lambda", region, caller.account, resource))


def permitted(
    what: str, needs: Needs, region: str, caller: Caller, clients: Clients
) -> Iterator[Finding]:
    """What IAM denies of the needs, as far as it may be asked.

    Args:
        what: is to be deployed, for people.
        needs: actions by the ARN that they are done to.
        region: where.
        caller: who deploys; the account's root may do everything.
        world: to ask IAM.
    """
    if not caller.is_root:
        ask = partial(_simulated, what, needs, region, caller, clients)
        yield from if_permitted(ask, "Permissions for what a deploy changes")


def _simulated(
    what: str, needs: Needs, region: str, caller: Caller, clients: Clients
) -> Iterator[Finding]:
    denied = False
    for resource, actions in needs.items():
        try:
            missing = clients.identity(region).denied(caller, actions, resource)
        except NotFound as error:
            yield note(f"Permissions of {caller.arn} could not be looked at: {error.message}")
            return
        if missing:
            denied = True
            names = ", ".join(missing)
            yield wrong(
                NotPermitted(
                    f"no permission for {names} on {resource}",
                    remedy=f"Allow it in the IAM policy of {caller.arn}.",
                )
            )
    if not denied:
        # IAM is asked about the role: what its session may do is not more, and can be less.
        whose = f"role {caller.role}" if caller.role else caller.arn
        session = ", if its session has no policy of its own" if caller.role else ""
        yield ok(
            f"The policies of {whose} allow what a deploy of {what} in {region} changes{session}"
        )

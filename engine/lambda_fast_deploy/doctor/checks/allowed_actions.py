"""The permissions for the changes of a deploy, checked by IAM's policy simulation.

Permissions to read need no simulation, because other checks use them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from lambda_fast_deploy.adapters.aws.identity import Caller
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.arn import Arn, in_region, in_s3
from lambda_fast_deploy.doctor.finding import Finding, if_permitted, note, ok, wrong
from lambda_fast_deploy.errors import NotFound, NotPermitted
from lambda_fast_deploy.iam import permissions as iam
from lambda_fast_deploy.models import Function, ObservedFunction, Settings, ZipSource
from lambda_fast_deploy.models.function_attributes import SETTINGS
from lambda_fast_deploy.state.bucket_keys import PREFIX

Needs = Mapping[str, tuple[str, ...]]


def of_function(
    function: Function, observed: ObservedFunction | None, region: str, caller: Caller
) -> Needs:
    """Actions by the ARN of their resource, without those that existing resources do not need."""
    url = observed.url if observed else None
    actions = [
        *iam.CREATE_FUNCTIONS.changes(exists=observed is not None),
        *iam.DEPLOY_FUNCTIONS.changes(),
    ]
    if function.has_alias:
        actions += iam.RELEASE_VERSIONS.changes(exists=bool(observed and observed.alias))
    if function.url and function.url.changes(url):
        actions += iam.GIVE_FUNCTION_URLS.changes(exists=url is not None)
    if function.access == "public" and not (url and url.access == "public" and url.is_open):
        actions += iam.OPEN_FUNCTION_URLS.changes()
    if function.keep:
        actions += iam.DELETE_VERSIONS.changes()
    arn = _lambda(caller, region, f"function:{function.name}")
    needs: dict[str, tuple[str, ...]] = {arn: tuple(actions)}
    if function.tests:
        version = f"{arn}:1" if function.has_alias else arn
        needs[version] = (*needs.get(version, ()), *iam.TEST_FUNCTIONS.changes())
    if function.role and (observed is None or observed.latest.role != function.role):
        needs[function.role] = iam.PASS_ROLES.changes()
    if isinstance(function.source, ZipSource):
        for text in function.source.layers_by_arn:
            layer = Arn.parse(in_region(text, region))
            needs[str(layer if layer.qualifier else f"{layer}:1")] = iam.ATTACH_LAYERS.changes()
    if function.canary:
        needs["*"] = iam.WATCH_CANARIES.changes()
    for setting in filter(lambda each: each.is_given(function), SETTINGS):
        for each in setting.permissions(function, caller.partition, region, caller.account):
            if changes := each.feature.changes():
                needs[each.resource] = (*needs.get(each.resource, ()), *changes)
    for test in function.tests:
        for each in test.permissions(caller.partition, region, caller.account):
            if changes := each.feature.changes():
                needs[each.resource.replace("*", "key")] = changes
    return needs


def of_repository(name: str, region: str, caller: Caller, *, exists: bool, deployed: bool) -> Needs:
    """Actions by the ARN of the repository; ``deployed``: functions run images from it."""
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
            shares = iam.SHARE_LAYERS.changes() if layer.share is not None else ()
            needs |= {
                arn: iam.PUBLISH_LAYERS.changes(),
                f"{arn}:1": (*iam.USE_LAYERS.changes(), *shares),
            }
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
    """The needs that IAM denies; a note if the simulation is not permitted.

    Args:
        what: the subject of the deploy, for people.
        needs: actions by the ARN of their resource.
        region: the region.
        caller: the caller of the credentials; the account's root has all permissions.
        clients: the clients to call IAM with.
    """
    if not caller.is_root:
        simulation = partial(_simulated, what, needs, region, caller, clients)
        yield from if_permitted(simulation, "Permissions for the changes of a deploy")


def _simulated(
    what: str, needs: Needs, region: str, caller: Caller, clients: Clients
) -> Iterator[Finding]:
    denied = False
    for resource, actions in needs.items():
        try:
            missing = clients.identity(region).denied(caller, actions, resource)
        except NotFound as error:
            yield note(f"Permissions of {caller.arn} could not be checked: {error.message}")
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
        # The simulation is of the role: a session policy can only reduce its permissions.
        principal = f"role {caller.role}" if caller.role else caller.arn
        session = ", unless a session policy denies them" if caller.role else ""
        yield ok(
            f"The policies of {principal} allow the changes of a deploy of {what} in {region}"
            f"{session}"
        )

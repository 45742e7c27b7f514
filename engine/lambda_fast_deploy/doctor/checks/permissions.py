"""The permissions that a deploy asks IAM for (Service Authorization Reference).

What was read while looking is proved by that; here is what a deploy changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from lambda_fast_deploy.adapters.aws.identity import Caller
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.doctor.finding import Finding, if_permitted, note, ok, wrong
from lambda_fast_deploy.errors import NotFound, NotPermitted
from lambda_fast_deploy.models import Function, ObservedFunction, S3Test, Settings
from lambda_fast_deploy.state.bucket_keys import PREFIX

Needs = Mapping[str, tuple[str, ...]]

_PUSH = """
    ecr:BatchCheckLayerAvailability ecr:InitiateLayerUpload ecr:UploadLayerPart
    ecr:CompleteLayerUpload ecr:PutImage ecr:BatchGetImage ecr:GetDownloadUrlForLayer
    ecr:DescribeImages ecr:BatchDeleteImage
""".split()
# Lambda lets itself read the repository of a function's image in the caller's name.
_OF_FUNCTIONS = """
    ecr:GetRepositoryPolicy ecr:SetRepositoryPolicy ecr:GetLifecyclePolicy ecr:ListTagsForResource
""".split()


def of_function(
    function: Function, observed: ObservedFunction | None, region: str, caller: Caller
) -> Needs:
    """Actions by the ARN that they are done to; those for what is there already are left out."""
    actions = [] if observed else ["lambda:CreateFunction"]
    actions += ["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"]
    if function.has_alias:
        there = observed and observed.alias
        actions += ["lambda:PublishVersion", f"lambda:{'Update' if there else 'Create'}Alias"]
    url = observed.url if observed else None
    if function.url and (url is None or url.access != function.url):
        actions += [f"lambda:{'Update' if url else 'Create'}FunctionUrlConfig"]
    if function.url == "public" and not (url and url.access == "public" and url.is_open):
        actions += ["lambda:AddPermission"]
    actions += ["lambda:TagResource"] if function.configuration.tags else []
    actions += ["lambda:DeleteFunction"] if function.keep else []
    arn = _lambda(caller, region, "function", function.name)
    needs: dict[str, tuple[str, ...]] = {arn: tuple(actions)}
    if function.tests:
        needs[f"{arn}:1" if function.has_alias else arn] = ("lambda:InvokeFunction",)
    if function.role and (observed is None or observed.latest.role != function.role):
        needs[function.role] = ("iam:PassRole",)
    if function.canary:
        needs["*"] = ("cloudwatch:GetMetricData",)
    for test in function.tests:
        if isinstance(test, S3Test):
            key = f"arn:{caller.partition}:s3:::{test.bucket}/{test.prefix}key"
            needs[key] = ("s3:GetObject", "s3:DeleteObject")  # the function writes it
    return needs


def of_repository(name: str, region: str, caller: Caller, *, exists: bool, deployed: bool) -> Needs:
    """Actions by the ARN of the repository; ``deployed``: functions run images that are in it."""
    arn = f"arn:{caller.partition}:ecr:{region}:{caller.account}:repository/{name}"
    make = ["ecr:CreateRepository", "ecr:TagResource", "ecr:PutLifecyclePolicy"]
    return {arn: (*([] if exists else make), *_PUSH, *(_OF_FUNCTIONS if deployed else []))}


def of_zips(settings: Settings, region: str, caller: Caller) -> Needs:
    """Actions for layers, and for zips in a bucket."""
    needs: dict[str, tuple[str, ...]] = {}
    for layer in settings.layers.values():
        for name in layer.parts:
            arn = _lambda(caller, region, "layer", name)
            needs |= {arn: ("lambda:PublishLayerVersion",), f"{arn}:1": ("lambda:GetLayerVersion",)}
    if store := settings.artifacts:
        arn = f"arn:{caller.partition}:s3:::{store.name_in(region)}"
        needs[f"{arn}/{PREFIX}key"] = ("s3:PutObject", "s3:GetObject")
        if store.create:
            needs[arn] = ("s3:CreateBucket",)
    return needs


def _lambda(caller: Caller, region: str, kind: str, name: str) -> str:
    return f"arn:{caller.partition}:lambda:{region}:{caller.account}:{kind}:{name}"


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

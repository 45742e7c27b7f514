"""The statements of a policy for whoever deploys a stack.

What CloudFormation does with the resources of the template it does with the same permissions, or
with those of a role of its own; what these must be, the template's author knows. For macros:
CloudFormation user guide, "Control access with IAM".
"""

from __future__ import annotations

from collections.abc import Iterator

from lambda_fast_deploy.adapters.aws.partitions import partition_of
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.config.samconfig import MANAGED
from lambda_fast_deploy.iam import permissions
from lambda_fast_deploy.iam.statement import Statement
from lambda_fast_deploy.models import Settings
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.state.marks import CHANGE_SET


def of_stack(settings: Settings, resources: Resources, account: str) -> Iterator[Statement]:
    """The statements about a stack and its functions.

    Args:
        settings: which stack, and where.
        resources: those of its template.
        account: the number of the account that it is deployed to.
    """
    assert settings.stack
    assert settings.artifacts
    stack, name = settings.stack, settings.stack.name

    def arns(service: str, *rest: str, owner: str = account) -> list[str]:
        return [
            str(Arn(partition_of(region).name, service, region, owner, each))
            for region in settings.regions
            for each in rest
        ]

    cloud = "cloudformation"
    inside = arns(cloud, f"stack/{name}-*") if resources.has_stacks else []
    macros = [f"transform/{each}" for each in resources.macros]
    is_managed = settings.artifacts.bucket == MANAGED
    # Some calls name a change set by its ARN alone.
    stacks = arns(cloud, f"stack/{name}/*", f"changeSet/{CHANGE_SET}*")
    yield Statement.of(permissions.DEPLOY_STACK, resources=stacks)
    yield Statement.of(permissions.DEPLOY_STACKS_INSIDE, resources=inside)
    yield Statement.of(permissions.EXPAND_TEMPLATES, resources=arns(cloud, *macros, owner="aws"))
    yield Statement.of(
        permissions.FIND_BUCKET_OF_SAM,
        resources=arns(cloud, f"stack/{MANAGED}/*") if is_managed else [],
    )
    yield Statement.of(
        permissions.PASS_ROLE_TO_CLOUDFORMATION,
        resources=[stack.role] if stack.role else [],
        condition={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
    )
    # CloudFormation makes the names of functions of those of the stack, where the template is
    # silent.
    named = [each.named(logical) for each in resources.every for logical in each.functions]
    names = [f"function:{n}{qualifier}" for n in named if n for qualifier in ("", ":*")]
    functions = arns("lambda", f"function:{name}-*", *names)
    yield Statement.of(permissions.UPDATE_CODE, resources=functions)
    yield Statement.of(permissions.TEST_FUNCTIONS, resources=functions if settings.tests else [])

"""The statements of the deploying role's policy for a stack.

CloudFormation creates the template's resources with the same permissions, or with those of a
separate role. The policy does not include them, because only the template's author knows them.
Source for macros: CloudFormation user guide, "Control access with IAM".
"""

from __future__ import annotations

from collections.abc import Iterator

from lambda_fast_deploy.adapters.aws.partitions import partition_of
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.config.samconfig import MANAGED
from lambda_fast_deploy.iam import permissions, stack_permissions
from lambda_fast_deploy.iam.statement import Statement
from lambda_fast_deploy.models import Settings
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.state.marks import CHANGE_SET


def of_stack(settings: Settings, resources: Resources, account: str) -> Iterator[Statement]:
    """The statements about a stack and its functions.

    Args:
        settings: the settings with the stack.
        resources: the resources of its template.
        account: the ID of the account to deploy to.
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
    # Some calls identify a change set only by its ARN.
    stacks = arns(cloud, f"stack/{name}/*", f"changeSet/{CHANGE_SET}*")
    yield Statement.of(stack_permissions.DEPLOY_STACK, resources=stacks)
    yield Statement.of(stack_permissions.DEPLOY_STACKS_INSIDE, resources=inside)
    yield Statement.of(
        stack_permissions.EXPAND_TEMPLATES, resources=arns(cloud, *macros, owner="aws")
    )
    yield Statement.of(
        stack_permissions.FIND_BUCKET_OF_SAM,
        resources=arns(cloud, f"stack/{MANAGED}/*") if is_managed else [],
    )
    yield Statement.of(
        stack_permissions.PASS_ROLE_TO_CLOUDFORMATION,
        resources=[stack.role] if stack.role else [],
        condition={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
    )
    # Without a name in the template, CloudFormation derives the function's name from the stack's.
    named = [each.named(logical) for each in resources.every for logical in each.functions]
    names = [f"function:{n}{qualifier}" for n in named if n for qualifier in ("", ":*")]
    functions = arns("lambda", f"function:{name}-*", *names)
    yield Statement.of(stack_permissions.UPDATE_CODE, resources=functions)
    yield Statement.of(permissions.TEST_FUNCTIONS, resources=functions if settings.tests else [])

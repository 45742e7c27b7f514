"""The statements of a policy for whoever deploys a stack.

What CloudFormation does with the resources of the template it does with the same permissions, or
with those of a role of its own; what these must be, the template's author knows. Sources: Service
Authorization Reference, "AWS CloudFormation" and "AWS Lambda"; CloudFormation user guide, "Control
access with IAM", for macros.
"""

from __future__ import annotations

from collections.abc import Iterator

from lambda_fast_deploy.adapters.aws.partitions import partition_of
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.config.samconfig import MANAGED
from lambda_fast_deploy.iam.statement import Statement
from lambda_fast_deploy.models import Settings
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.state.marks import CHANGE_SET

_STACK = """
    CancelUpdateStack CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeEvents
    DescribeStackEvents DescribeStacks ExecuteChangeSet GetTemplate ListStackResources
"""
_INSIDE = """
    CreateChangeSet CreateStack DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents
    DescribeStacks ExecuteChangeSet GetTemplate UpdateStack
"""
_CODE = """
    DeleteFunction GetAlias GetFunction GetFunctionUrlConfig ListVersionsByFunction
    PublishVersion UpdateAlias UpdateFunctionCode
"""


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

    def of(sid: str, service: str, actions: str, resources: list[str]) -> Statement:
        return Statement(sid, tuple(f"{service}:{each}" for each in actions.split()), resources)

    cloud = "cloudformation"
    # Some calls name a change set by its ARN alone.
    ours = arns(cloud, f"stack/{name}/*", f"changeSet/{CHANGE_SET}*")
    yield of("DeployStack", cloud, _STACK, ours)
    inside = arns(cloud, f"stack/{name}-*") if resources.has_stacks else []
    yield of("DeployStacksInside", cloud, _INSIDE, inside)
    macros = [f"transform/{each}" for each in resources.macros]
    yield of("ExpandTemplates", cloud, "CreateChangeSet", arns(cloud, *macros, owner="aws"))
    managed = settings.artifacts.bucket == MANAGED
    bucket = arns(cloud, f"stack/{MANAGED}/*") if managed else []
    yield of("FindBucketOfSam", cloud, "DescribeStacks", bucket)
    yield Statement(
        "PassRoleToCloudFormation",
        ("iam:PassRole",),
        [stack.role] if stack.role else [],
        {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
    )
    # CloudFormation makes the names of functions of those of the stack, where the template is
    # silent.
    named = [each.named(logical) for each in resources.every for logical in each.functions]
    known = [f"function:{n}{qualifier}" for n in named if n for qualifier in ("", ":*")]
    functions = arns("lambda", f"function:{name}-*", *known)
    yield of("UpdateCode", "lambda", _CODE, functions)
    yield of("TestFunctions", "lambda", "InvokeFunction", functions if settings.tests else [])

"""A stack: whether it can be deployed, and the bucket of its artifacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from lambda_fast_deploy.adapters.aws.identity import Caller
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.doctor.checks.allowed_actions import permitted
from lambda_fast_deploy.doctor.checks.buckets_and_alarms import bucket_of_artifacts
from lambda_fast_deploy.doctor.finding import Finding, ok
from lambda_fast_deploy.iam import stack_permissions
from lambda_fast_deploy.models import Settings
from lambda_fast_deploy.stacks.stack_context import StackContext, read_current


def stack(
    region: str, context: Callable[[str], StackContext], caller: Caller, clients: Clients
) -> Iterator[Finding]:
    """Whether the stack can be deployed to a region."""
    stack_context = context(region)
    current = read_current(stack_context)
    if current.snapshot is None:
        yield ok(f"Stack {stack_context.name} will be created in {region}")
    else:
        yield ok(f"Stack {stack_context.name} can be updated in {region}")
    resource = f"stack/{stack_context.name}/id"
    arn = str(Arn(caller.partition, "cloudformation", region, caller.account, resource))
    needs: dict[str, tuple[str, ...]] = {arn: stack_permissions.DEPLOY_STACK.changes()}
    if stack_context.stack.role:
        needs[stack_context.stack.role] = stack_permissions.PASS_ROLE_TO_CLOUDFORMATION.changes()
    yield from permitted(f"stack {stack_context.name}", needs, region, caller, clients)


def bucket(
    region: str, settings: Settings, context: Callable[[str], StackContext], clients: Clients
) -> Iterator[Finding]:
    """Whether the bucket for the stack's artifacts exists."""
    assert settings.stack
    assert settings.artifacts
    store = replace(settings.artifacts, bucket=context(region).bucket.name)
    what = f"artifacts of stack {settings.stack.name}"
    yield from bucket_of_artifacts(region, store, clients, what)

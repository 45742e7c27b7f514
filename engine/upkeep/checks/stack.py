"""A stack: whether it takes changes, and what its artifacts go into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from engine.adapters.aws.identity import Caller
from engine.adapters.world import World
from engine.model import Settings
from engine.stack.order import Order, look
from engine.upkeep.checks.permissions import permitted
from engine.upkeep.checks.stores import bucket_of_artifacts
from engine.upkeep.finding import Finding, ok

_CHANGES = """
    cloudformation:CreateChangeSet cloudformation:DeleteChangeSet cloudformation:DescribeChangeSet
    cloudformation:DescribeStackEvents cloudformation:DescribeEvents
    cloudformation:ExecuteChangeSet cloudformation:ListStackResources cloudformation:DeleteStack
    cloudformation:CancelUpdateStack
""".split()


def stack(
    region: str, order: Callable[[str], Order], caller: Caller, world: World
) -> Iterator[Finding]:
    """Whether the stack can be deployed to a region."""
    asked = order(region)
    there = look(asked)
    if there.kept is None:
        yield ok(f"Stack {asked.name} will be created in {region}")
    else:
        yield ok(f"Stack {asked.name} takes changes in {region}")
    arn = f"arn:{caller.partition}:cloudformation:{region}:{caller.account}:stack/{asked.name}/id"
    needs: dict[str, tuple[str, ...]] = {arn: tuple(_CHANGES)}
    if asked.stack.role:
        needs[asked.stack.role] = ("iam:PassRole",)
    yield from permitted(f"stack {asked.name}", needs, region, caller, world)


def bucket(
    region: str, settings: Settings, order: Callable[[str], Order], world: World
) -> Iterator[Finding]:
    """Whether there is a bucket for what the stack is made of."""
    assert settings.stack
    assert settings.artifacts
    store = replace(settings.artifacts, bucket=order(region).bucket.name)
    what = f"what stack {settings.stack.name} is made of"
    yield from bucket_of_artifacts(region, store, world, what)

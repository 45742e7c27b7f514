"""Describes a change set: the change of each resource, and the data that would be lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lambda_fast_deploy.adapters.aws.stack_shapes import Change
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.models import Action, Stack, Step
from lambda_fast_deploy.stacks.template import Template

# Types whose resources have data that a template cannot restore.
STATEFUL = frozenset(
    """
    AWS::Backup::BackupVault AWS::Cassandra::Keyspace AWS::Cassandra::Table AWS::Cognito::UserPool
    AWS::DocDB::DBCluster AWS::DynamoDB::GlobalTable AWS::DynamoDB::Table AWS::EC2::Volume
    AWS::ECR::Repository AWS::EFS::FileSystem AWS::ElastiCache::CacheCluster
    AWS::ElastiCache::ReplicationGroup AWS::ElastiCache::ServerlessCache AWS::FSx::FileSystem
    AWS::KMS::Key AWS::Kinesis::Stream AWS::Logs::LogGroup AWS::MSK::Cluster AWS::Neptune::DBCluster
    AWS::OpenSearchService::Domain AWS::RDS::DBCluster AWS::RDS::DBInstance AWS::Redshift::Cluster
    AWS::S3::Bucket AWS::SDB::Domain AWS::SQS::Queue AWS::SecretsManager::Secret
    AWS::Timestream::Database AWS::Timestream::Table
    """.split()
)


def steps_of(changes: Iterable[Change], region: str) -> tuple[Step, ...]:
    """The changes as steps of a plan."""
    return tuple(
        Step(f"resource:{each.logical}", region, _action(each), _reason(each)) for each in changes
    )


def _action(change: Change) -> Action:
    if change.action == "Modify":
        return Action.REPLACE if change.replacement == "True" else Action.UPDATE
    return {"Add": Action.CREATE, "Remove": Action.REMOVE}.get(change.action, Action.UPDATE)


def _reason(change: Change) -> str:
    summary, notes = change.type, []
    if change.action == "Modify":
        summary += f": {', '.join(change.names) or 'a resource that it refers to'}"
    if change.replacement == "Conditional" and change.names:
        notes.append("possibly replaced")
    if "Retain" in change.policy:
        notes.append("the old one is retained")
    return "; ".join([summary, *notes])


def check_data(changes: Iterable[Change], stack: Stack, template: Template) -> None:
    """Refuse to replace or remove resources with data that may-replace does not allow.

    Raises:
        Invalid: with every such resource.
    """
    problems = []
    for change in changes:
        if change.type not in STATEFUL or change.logical in stack.may_replace:
            continue
        where = template.place("Resources", change.logical)
        if change.action == "Remove" and "Retain" not in change.policy:
            verb = "removed and its data lost"
        elif change.action == "Modify" and _loses(change):
            verb = "replaced and its data lost" + (
                "" if change.replacement == "True" else ", unless AWS can update it"
            )
            where = template.place("Resources", change.logical, "Properties", *change.names[:1])
        else:
            continue
        problem = (
            f"{change.logical} ({change.type}) would be {verb}; to allow this, add "
            f"{change.logical} to may-replace under stack"
        )
        problems.append(Problem(problem, where))
    if problems:
        raise Invalid(problems)


def _loses(change: Change) -> bool:
    return change.replacement == "True" or bool(
        change.replacement == "Conditional" and change.names
    )


def counted(changes: Sequence[Change], verb: str) -> str:
    """The number of resources that change, for people."""
    if not changes:
        return "no resource, only outputs or parameters"
    return f"{len(changes)} resource{'s' if len(changes) != 1 else ''} {verb}"

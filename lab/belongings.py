"""What probes make in an account: found again by the beginning of its name, and taken away.

Everything of these kinds whose name begins so is a probe's, whoever left it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import boto3

Names = Iterator[str]
_client = functools.cache(boto3.client)  # to make one takes longer than to list what there is


def everything(prefix: str) -> dict[str, list[str]]:
    """The names of what there is, by its kind, in the order in which it can be taken away."""
    return {kind: sorted(find(prefix)) for kind, (find, _) in _KINDS.items()}


def take_away(prefix: str) -> None:
    """Delete what begins with a prefix; what is gone already is no error."""
    if len(prefix) < 5:
        raise ValueError(f"{prefix!r} is too short for a prefix: other things could begin with it")
    for find, delete in _KINDS.values():
        for name in list(find(prefix)):
            with suppress(*_gone()):
                delete(name)


def _gone() -> tuple[type[Exception], ...]:
    return (
        _client("lambda").exceptions.ResourceNotFoundException,
        _client("iam").exceptions.NoSuchEntityException,
        _client("ecr").exceptions.RepositoryNotFoundException,
        _client("logs").exceptions.ResourceNotFoundException,
    )


def _found(service: str, operation: str, path: str, prefix: str, **asked: Any) -> Names:
    """The names that an operation lists: ``path`` is its list, and where an entry has its name."""
    where, _, name = path.partition(".")
    pages = _client(service).get_paginator(operation).paginate(**asked)
    for each in (each for page in pages for each in page.get(where, [])):
        found = str(each[name] if name else each)
        if found.startswith(prefix):
            yield found


def _stacks(prefix: str) -> Names:
    for page in _client("cloudformation").get_paginator("describe_stacks").paginate():
        for each in page["Stacks"]:
            if each["StackName"].startswith(prefix) and each["StackStatus"] != "DELETE_COMPLETE":
                yield each["StackName"]


def _delete_stack(name: str) -> None:
    api = _client("cloudformation")
    api.delete_stack(StackName=name)
    api.get_waiter("stack_delete_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
    )


def _functions(prefix: str) -> Names:
    return _found("lambda", "list_functions", "Functions.FunctionName", prefix)


def _layers(prefix: str) -> Names:
    return _found("lambda", "list_layers", "Layers.LayerName", prefix)


def _delete_layer(name: str) -> None:
    api = _client("lambda")
    for each in api.list_layer_versions(LayerName=name)["LayerVersions"]:
        api.delete_layer_version(LayerName=name, VersionNumber=each["Version"])


def _repositories(prefix: str) -> Names:
    return _found("ecr", "describe_repositories", "repositories.repositoryName", prefix)


def _buckets(prefix: str) -> Names:
    for each in _client("s3").list_buckets()["Buckets"]:
        if each["Name"].startswith(prefix):
            yield each["Name"]


def _delete_bucket(name: str) -> None:
    bucket = boto3.resource("s3").Bucket(name)
    bucket.objects.all().delete()
    bucket.delete()


def _alarms(prefix: str) -> Names:
    return _found("cloudwatch", "describe_alarms", "MetricAlarms.AlarmName", prefix)


def _users(prefix: str) -> Names:
    return _found("iam", "list_users", "Users.UserName", prefix)


def _delete_user(name: str) -> None:
    api = _client("iam")
    for key in api.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        api.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for policy in api.list_user_policies(UserName=name)["PolicyNames"]:
        api.delete_user_policy(UserName=name, PolicyName=policy)
    api.delete_user(UserName=name)


def _roles(prefix: str) -> Names:
    return _found("iam", "list_roles", "Roles.RoleName", prefix)


def _delete_role(name: str) -> None:
    api = _client("iam")
    for policy in api.list_role_policies(RoleName=name)["PolicyNames"]:
        api.delete_role_policy(RoleName=name, PolicyName=policy)
    for attached in api.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        api.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    api.delete_role(RoleName=name)


def _policies(prefix: str) -> Names:
    pages = _client("iam").get_paginator("list_policies").paginate(Scope="Local")
    for each in (each for page in pages for each in page["Policies"]):
        if each["PolicyName"].startswith(prefix):
            yield each["Arn"]


def _log_groups(prefix: str) -> Names:
    whole = f"/aws/lambda/{prefix}"
    return _found("logs", "describe_log_groups", "logGroups.logGroupName", whole)


def execution_role(name: str) -> str:
    """Create a role that functions may take, and that may write logs; its ARN."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = _client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    partition = made["Arn"].split(":")[1]
    logs = f"arn:{partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    with suppress(iam.exceptions.NoSuchEntityException):  # an emulator has none of AWS's own
        iam.attach_role_policy(RoleName=name, PolicyArn=logs)
    return str(made["Arn"])


_KINDS: dict[str, tuple[Callable[[str], Names], Callable[[str], object]]] = {
    "stacks": (_stacks, _delete_stack),
    "functions": (
        _functions,
        lambda name: _client("lambda").delete_function(FunctionName=name),
    ),
    "layers": (_layers, _delete_layer),
    "repositories": (
        _repositories,
        lambda name: _client("ecr").delete_repository(repositoryName=name, force=True),
    ),
    "buckets": (_buckets, _delete_bucket),
    "alarms": (
        _alarms,
        lambda name: _client("cloudwatch").delete_alarms(AlarmNames=[name]),
    ),
    "users": (_users, _delete_user),
    "roles": (_roles, _delete_role),
    "policies": (_policies, lambda arn: _client("iam").delete_policy(PolicyArn=arn)),
    "log groups": (
        _log_groups,
        lambda name: _client("logs").delete_log_group(logGroupName=name),
    ),
}

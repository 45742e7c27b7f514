"""The least IAM policy with which all commands do their work for a configuration.

A statement is there only if the configuration uses what it allows, and names what can be known of
its resources. Which action a call needs and which resource it is checked against: Service
Authorization Reference, "AWS Lambda", "Amazon ECR", "Amazon S3", "Amazon CloudWatch".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from lambda_fast_deploy.adapters.aws.partitions import partition_of, registry_of_ecr
from lambda_fast_deploy.adapters.files import read_text
from lambda_fast_deploy.config.samconfig import MANAGED
from lambda_fast_deploy.fingerprints.images.upstream_images import upstreams
from lambda_fast_deploy.iam.preserve_policy import of_others
from lambda_fast_deploy.iam.statement import Statement
from lambda_fast_deploy.models import (
    Base,
    CommandTest,
    Function,
    HttpTest,
    ImageSource,
    ObservedFunction,
    S3Test,
    Settings,
)
from lambda_fast_deploy.state.bucket_keys import PREFIX
from lambda_fast_deploy.testing.runner import KEY

VERSION = "2012-10-17"  # of the policy language
MANAGED_LIMIT = 6144  # characters of a managed policy, spaces not counted (IAM quotas)
INLINE_LIMIT = 10240  # of all inline policies of a role

_GATEWAY = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.")


def permissions(
    settings: Settings, account: str, found: Iterable[ObservedFunction] = ()
) -> dict[str, Any]:
    """The policy for whoever deploys.

    Args:
        settings: what the configuration names.
        account: the number of the account that it is deployed to.
        found: the functions that are there already, as far as they are known.
    """
    made = _PolicyStatements(settings, account)
    statements = [*made.functions(), *made.layers(), *of_others(found)]
    if settings.stack:
        from lambda_fast_deploy.iam.stack_policy import of_stack
        from lambda_fast_deploy.stacks.context import of_template

        resources, _, images = of_template(settings.stack)
        statements = list(of_stack(settings, resources, account))
        made = _PolicyStatements(replace(settings, functions=images), account)
    statements += [*made.images(), *made.buckets(), *made.rest()]
    documents = [statement.document() for statement in statements]
    return {"Version": VERSION, "Statement": [each for each in documents if each["Resource"]]}


def too_long(document: Mapping[str, Any]) -> list[str]:
    """What to do about a policy that is longer than a managed one may be."""
    size = len(json.dumps(document, separators=(",", ":")))
    if size <= MANAGED_LIMIT:
        return []
    remedy = "divide its statements among several"
    if size <= INLINE_LIMIT:
        remedy = f"{remedy}, or make it an inline policy of the role (up to {INLINE_LIMIT})"
    says = f"The policy has {size} characters, a managed policy at most {MANAGED_LIMIT}"
    return [f"{says}: {remedy}."]


def of_templates(settings: Settings) -> list[str]:
    """What a policy for a stack does not hold."""
    if settings.stack is None or settings.stack.role:
        return []
    return [
        "CloudFormation makes what the template names with these permissions too: add those, or "
        "name a role that has them (role, under stack)."
    ]


class _PolicyStatements:
    """The statements about each kind of thing."""

    def __init__(self, settings: Settings, account: str) -> None:
        self._settings = settings
        self._account = account

    def _arn(self, region: str, service: str, rest: str) -> str:
        return f"arn:{partition_of(region).name}:{service}:{region}:{self._account}:{rest}"

    def _functions(self, wanted: Callable[[Function], object]) -> Iterator[str]:
        """Functions, and their versions and aliases: calls are checked against either."""
        for region, function in self._settings.targets:
            if wanted(function):
                arn = self._arn(region, "lambda", f"function:{function.name}")
                yield from (arn, f"{arn}:*")

    def _repositories(self, names: Iterable[str]) -> Iterator[str]:
        for name in names:
            for region in self._settings.regions:
                yield self._arn(region, "ecr", f"repository/{name}")

    # ------------------------------------------------------------ functions

    def functions(self) -> Iterator[Statement]:
        of = partial(_lambda, self._functions)
        yield of(
            "DeployFunctions",
            "GetFunction ListTags UpdateFunctionCode UpdateFunctionConfiguration",
            lambda _: True,
        )
        yield of(
            "ReleaseVersions",  # an alias that is new and fails its tests is deleted
            "GetAlias ListAliases ListVersionsByFunction PublishVersion CreateAlias UpdateAlias "
            "DeleteAlias",
            lambda function: function.has_alias,
        )
        yield of(
            "LockFunctions",  # by an alias, where two runs meet
            "GetAlias ListAliases CreateAlias UpdateAlias DeleteAlias",
            lambda function: not function.has_alias and (function.role or function.proves_latest),
        )
        yield of(
            "DeleteVersions",  # those that fail, and those beyond what to keep
            "DeleteFunction",
            lambda function: function.role or function.has_alias,
        )
        yield of("CreateFunctions", "CreateFunction", lambda function: function.role)
        yield Statement(
            "PassRoles",
            ("iam:PassRole",),
            sorted({function.role for function in self._settings.functions if function.role}),
            {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        )
        yield of(
            "TestFunctions",  # and wake the version that a rollback leads to
            "InvokeFunction",
            lambda function: function.has_alias or _is_called(function),
        )
        yield of(
            "GiveFunctionUrls",
            "GetFunctionUrlConfig CreateFunctionUrlConfig UpdateFunctionUrlConfig "
            "DeleteFunctionUrlConfig GetPolicy AddPermission RemovePermission",
            lambda function: function.url,
        )
        yield of(
            "CallFunctionUrls",  # which takes InvokeFunction as well
            "InvokeFunctionUrl",
            lambda function: function.url == "iam" and _is_called(function),
        )
        yield of(
            "TagFunctions",  # a tag says which run has made a function, or what has been tested
            "TagResource UntagResource",
            lambda function: function.role or function.needs_tags,
        )

    # ------------------------------------------------------------ layers

    def layers(self) -> Iterator[Statement]:
        named = [
            self._arn(region, "lambda", f"layer:{name}")
            for region in self._settings.regions
            for layer in self._settings.layers.values()
            for name in layer.parts
        ]
        publish = ("lambda:ListLayerVersions", "lambda:PublishLayerVersion")
        yield Statement("PublishLayers", publish, named)
        attach = ("lambda:GetLayerVersion", "lambda:DeleteLayerVersion")
        yield Statement("UseLayers", attach, [f"{arn}:*" for arn in named])
        asks = named or any(
            isinstance(each.source, ImageSource) and each.keep is not None
            for each in self._settings.functions
        )
        yield Statement("FindUsers", ("lambda:ListFunctions",), ["*"] if asks else [])

    # ------------------------------------------------------------ images

    def images(self) -> Iterator[Statement]:
        sources = [(f, f.source) for f in self._settings.functions]
        apps = {source.repository for _, source in sources if isinstance(source, ImageSource)}
        every = sorted(apps | {base.repository for base in self._settings.bases.values()})
        yield Statement("LogInToRegistry", ("ecr:GetAuthorizationToken",), ["*"] if every else [])
        yield _ecr(
            "CreateRepositories",
            "DescribeRepositories CreateRepository TagResource PutLifecyclePolicy DescribeImages",
            self._repositories(every),
        )
        yield _ecr(
            "PushImages",
            "BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart CompleteLayerUpload "
            "PutImage BatchGetImage GetDownloadUrlForLayer",
            self._repositories(every),
        )
        yield _ecr(
            "DeployImages",  # Lambda lets itself read a repository in the caller's name
            "GetRepositoryPolicy SetRepositoryPolicy GetLifecyclePolicy ListTagsForResource",
            self._repositories(sorted(apps)),
        )
        yield _ecr(
            "DeleteImages",  # beyond what to keep; and to free tags of ours that cannot move
            "BatchDeleteImage",
            self._repositories(every),
        )
        pull = "BatchGetImage GetDownloadUrlForLayer BatchCheckLayerAvailability"
        yield _ecr("PullUpstreams", pull, self._upstreams())

    def _upstreams(self) -> Iterator[str]:
        """Repositories of ECR that the Dockerfiles start from."""
        apps = [f.source for f in self._settings.functions if isinstance(f.source, ImageSource)]
        sources: list[Base | ImageSource] = [*self._settings.bases.values(), *apps]
        for source in sources:
            text = read_text(source.dockerfile)
            for image in upstreams(text, source.build_args):
                host, _, rest = image.partition("/")
                if found := registry_of_ecr(host):
                    (account, region), name = found, re.split("[:@]", rest)[0]
                    theirs = _PolicyStatements(self._settings, account)
                    yield theirs._arn(region, "ecr", f"repository/{name}")

    # ------------------------------------------------------------ buckets

    def buckets(self) -> Iterator[Statement]:
        store = self._settings.artifacts
        name = partition_of(self._settings.regions[0]).name
        zips = [store.name_in(region) for region in self._settings.regions] if store else []
        if store and store.bucket == MANAGED:  # its stack makes the rest of the name
            zips = [f"{MANAGED}-samclisourcebucket-*"]
        tests = {(g.bucket, g.prefix) for g in self._settings.tests if isinstance(g, S3Test)}

        def arns(keys: Iterable[str]) -> list[str]:
            return [f"arn:{name}:s3:::{key}" for key in keys]

        found = [*zips, *sorted({bucket for bucket, _ in tests})]
        yield Statement("FindBuckets", ("s3:ListBucket",), arns(found))
        yield Statement(
            "UploadZips",
            ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"),
            arns(f"{bucket}/{PREFIX}*" for bucket in zips),
        )
        yield Statement(
            "CreateBuckets",
            (
                *("s3:CreateBucket", "s3:PutBucketPublicAccessBlock"),
                *("s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"),
            ),
            arns(zips if store and store.create else ()),
        )
        yield Statement(
            "TestBuckets",
            ("s3:GetObject", "s3:DeleteObject"),
            arns(f"{bucket}/{prefix}{KEY}*" for bucket, prefix in sorted(tests)),
        )

    # ------------------------------------------------------------ what else there is

    def rest(self) -> Iterator[Statement]:
        canaries = [f.canary for f in self._settings.functions if f.canary]
        watch = ["cloudwatch:GetMetricData"]
        if any(canary.alarms for canary in canaries):
            watch.append("cloudwatch:DescribeAlarms")
        yield Statement("WatchCanaries", tuple(watch), ["*"] if canaries else [])
        networks = any(
            each.configuration.network and each.configuration.network.subnets
            for each in self._settings.functions
        )
        yield Statement(
            "FindNetworks",  # Lambda developer guide, "Giving functions access to a VPC"
            ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
            ["*"] if networks else [],
        )
        yield Statement("CallApis", ("execute-api:Invoke",), list(self._apis()))

    def _apis(self) -> Iterator[str]:
        """Addresses that tests call with a signature; a domain of its own tells no API."""
        for region in self._settings.regions:
            for test in self._settings.tests:
                if isinstance(test, HttpTest) and test.is_elsewhere and test.auth == "iam":
                    match = _GATEWAY.match(test.target)
                    api = match.group(1) if match else "*"
                    yield self._arn(region, "execute-api", f"{api}/*/{test.method}/*")


def _lambda(
    functions: Callable[[Callable[[Function], object]], Iterator[str]],
    sid: str,
    actions: str,
    wanted: Callable[[Function], object],
) -> Statement:
    return Statement(sid, tuple(f"lambda:{a}" for a in actions.split()), list(functions(wanted)))


def _ecr(sid: str, actions: str, repositories: Iterable[str]) -> Statement:
    return Statement(sid, tuple(f"ecr:{action}" for action in actions.split()), list(repositories))


def _is_called(function: Function) -> bool:
    """Whether a test calls the function itself."""
    return any(
        not isinstance(test, CommandTest) and not (isinstance(test, HttpTest) and test.is_elsewhere)
        for test in function.tests
    )

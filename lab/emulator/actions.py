"""What a request needs in IAM: its actions, and the resource of each.

https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote

import botocore.parsers

_NAMESPACES = {"monitoring": "cloudwatch", "registry": "ecr", "tagging": "tag"}

# Calls of S3 that are another action; those of a bucket that only begin with another word follow.
_S3 = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListBuckets": "ListAllMyBuckets",
    "HeadObject": "GetObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",  # the same request has two names
    "GetBucketEncryption": "GetEncryptionConfiguration",
}

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
_REGISTRY = {
    "GetManifest": "BatchGetImage",
    "HeadManifest": "BatchGetImage",
    "PutManifest": "PutImage",
    "DeleteManifest": "BatchDeleteImage",
    "HeadBlob": "BatchCheckLayerAvailability",
    "GetBlob": "GetDownloadUrlForLayer",
    "StartBlobUpload": "InitiateLayerUpload",
    "MountBlob": "InitiateLayerUpload",
    "UploadBlob": "UploadLayerPart",
    "CompleteBlobUpload": "CompleteLayerUpload",
    "ListTags": "ListImages",
}

SERVERLESS = "AWS::Serverless-2016-10-31"  # a macro

_ALWAYS = {"sts:GetCallerIdentity", "sts:GetSessionToken"}


@dataclass(frozen=True)
class Need:
    """An action on a resource; ``context`` holds the condition keys of the request."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A request as IAM sees it; ``query`` holds every value of each parameter."""

    service: str
    operation: str
    path: str
    query: Mapping[str, list[str]]
    body: bytes
    region: str
    account: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object that it carries, or an empty one."""
        try:
            parsed = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    def arn(self, service: str, rest: str) -> str:
        """An ARN in the request's region and account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"


def needs(request: Request) -> list[Need]:
    """Return what a caller must be allowed to do, the request's own action first."""
    of_service = {
        "lambda": _of_lambda,
        "s3": _of_s3,
        "ecr": _of_ecr,
        "registry": _of_registry,
        "cloudformation": _of_cloudformation,
        "logs": _of_logs,
        "monitoring": _of_alarms,
    }
    if request.service == "function-url":  # its handler knows whose URL it is
        return []
    if request.service in of_service:
        found = list(of_service[request.service](request))
    else:
        namespace = _NAMESPACES.get(request.service, request.service)
        found = [Need(f"{namespace}:{request.operation}")]
    return [need for need in found if need.action not in _ALWAYS]


def function_arn(request: Request, name: str) -> str:
    """Return the ARN of a function, or of the version or alias that the request names.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
    """
    if not name.startswith("arn:"):
        name = request.arn("lambda", f"function:{name}")
    qualifier = request.query.get("Qualifier", [""])[0]
    return f"{name}:{qualifier}" if qualifier else name


def _of_lambda(request: Request) -> Iterator[Need]:
    parts, given = unquote(request.path).strip("/").split("/"), request.document
    action = f"lambda:{'InvokeFunction' if request.operation == 'Invoke' else request.operation}"
    kind, rest = parts[1] if len(parts) > 1 else "", parts[2:]
    if kind == "functions" and (rest or "FunctionName" in given):
        name = rest[0] if rest else given["FunctionName"]
        yield Need(action, function_arn(request, name))
        if request.operation in ("CreateFunction", "UpdateFunctionConfiguration"):
            yield from _of_configuration(request, name, given)
        yield from _of_code(request, given.get("Code", given))
    elif kind == "layers" and rest:
        version = f":{rest[2]}" if len(rest) > 2 else ""
        named = rest[0] if rest[0].startswith("arn:") else request.arn("lambda", f"layer:{rest[0]}")
        yield Need(action, f"{named}{version}")
        yield from _of_code(request, given.get("Content", {}))
    elif request.operation == "GetLayerVersionByArn":  # the same action, by another way
        yield Need("lambda:GetLayerVersion", request.query["Arn"][0])
    elif kind == "tags":
        yield Need(action, "/".join(rest))
    else:
        yield Need(action)


def _of_configuration(request: Request, name: str, given: Mapping[str, Any]) -> Iterator[Need]:
    """What a configuration takes besides the function itself.

    https://docs.aws.amazon.com/lambda/latest/dg/permissions-user-function.html
    """
    if role := given.get("Role"):
        yield Need("iam:PassRole", role, {"iam:PassedToService": "lambda.amazonaws.com"})
    for layer in given.get("Layers") or []:
        yield Need("lambda:GetLayerVersion", layer)
    if given.get("FileSystemConfigs"):
        yield Need("elasticfilesystem:DescribeMountTargets")
    if key := given.get("KMSKeyArn"):
        yield Need("kms:CreateGrant", key)
        yield Need("kms:Encrypt", key)
    if given.get("Tags"):
        yield Need("lambda:TagResource", function_arn(request, name))
    if (given.get("VpcConfig") or {}).get("SubnetIds"):
        for what in ("SecurityGroups", "Subnets", "Vpcs"):
            yield Need(f"ec2:Describe{what}")


def _of_code(request: Request, code: Mapping[str, Any]) -> Iterator[Need]:
    """What Lambda does in the caller's name to get the code.

    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    """
    if key := code.get("SourceKMSKeyArn"):
        yield Need("kms:GenerateDataKey", key)
        yield Need("kms:Decrypt", key)
    if bucket := code.get("S3Bucket"):
        yield Need("s3:GetObject", f"arn:aws:s3:::{bucket}/{code.get('S3Key', '')}")
    if image := code.get("ImageUri"):
        name = image.partition("/")[2].partition("@")[0].partition(":")[0]
        owner = re.match(r"(\d{12})\.dkr\.ecr\.", image)
        theirs = replace(request, account=owner[1]) if owner else request
        for what in ("BatchGetImage", "GetDownloadUrlForLayer"):
            yield Need(f"ecr:{what}", theirs.arn("ecr", f"repository/{name}"))


def _of_cloudformation(request: Request) -> Iterator[Need]:
    """What a call names by its name or ARN, and the macros that a template goes through.

    That is a stack, or else a change set by its ARN.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
    """
    given = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
    name = given.get("StackName") or given.get("ChangeSetName", "")
    action = f"cloudformation:{request.operation}"
    arn = name if name.startswith("arn:") else request.arn("cloudformation", f"stack/{name}/id")
    yield Need(action, arn if name else "*")
    if request.operation == "CreateChangeSet" and SERVERLESS in given.get("TemplateBody", ""):
        transform = f"arn:aws:cloudformation:{request.region}:aws:transform/{SERVERLESS}"
        yield Need(action, transform.replace("AWS::", ""))
    if role := given.get("RoleARN"):
        yield Need("iam:PassRole", role, {"iam:PassedToService": "cloudformation.amazonaws.com"})


def _of_logs(request: Request) -> Iterator[Need]:
    """A log group that a call names; its ARN ends with ``:*`` but for calls about its tags."""
    group = request.document.get("logGroupName")
    arn = request.arn("logs", f"log-group:{group}:*") if group else "*"
    yield Need(f"logs:{request.operation}", arn)


def _of_alarms(request: Request) -> Iterator[Need]:
    """The alarms that a change names; a read is of all of them."""
    action = f"cloudwatch:{request.operation}"
    if request.operation not in ("PutMetricAlarm", "DeleteAlarms", "SetAlarmState"):
        yield Need(action)
        return
    given = request.document or _of_cbor(request.body)
    for name in given.get("AlarmNames") or [given["AlarmName"]]:
        yield Need(action, request.arn("cloudwatch", f"alarm:{name}"))


def _of_cbor(body: bytes) -> dict[str, Any]:
    """The document of a request in the protocol "Smithy RPC v2 CBOR"."""
    parser = botocore.parsers.RpcV2CBORParser()
    document: dict[str, Any] = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    return document


def _of_s3(request: Request) -> Iterator[Need]:
    bucket, _, key = request.path.lstrip("/").partition("/")
    resource = f"arn:aws:s3:::{bucket}{f'/{key}' if key else ''}" if bucket else "*"
    yield Need(f"s3:{_S3.get(request.operation, request.operation)}", resource)


def _of_ecr(request: Request) -> Iterator[Need]:
    given = request.document
    request = replace(request, account=given.get("registryId", request.account))
    names = [*given.get("repositoryNames", []), *filter(None, [given.get("repositoryName")])]
    resources = [request.arn("ecr", f"repository/{name}") for name in names]
    if "resourceArn" in given:
        resources.append(given["resourceArn"])
    if request.operation == "DescribeRepositories" and not resources:
        resources = [request.arn("ecr", "repository/*")]
    for resource in resources or ["*"]:
        yield Need(f"ecr:{request.operation}", resource)
        if request.operation == "CreateRepository" and given.get("tags"):
            yield Need("ecr:TagResource", resource)


def _of_registry(request: Request) -> Iterator[Need]:
    action = _REGISTRY.get(request.operation)
    if action is None:
        return
    name = request.path.removeprefix("/v2/")
    for end in ("/blobs/", "/manifests/", "/tags/list"):
        name = name.partition(end)[0]
    resource = request.arn("ecr", f"repository/{name}")
    yield Need(f"ecr:{action}", resource)
    if request.operation == "CompleteBlobUpload" and request.body:
        yield Need("ecr:UploadLayerPart", resource)

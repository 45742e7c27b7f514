"""Two accounts: what is another one's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.lab.making import Function, Registry, archive, manifest, refused

pytestmark = pytest.mark.lab  # AWS would take a second account

OTHER = "111111111111"
OWN = "arn:aws:iam::000000000000:root"


@pytest.fixture
def theirs() -> Callable[[str], Any]:
    """Clients of another account."""
    session = boto3.Session(OTHER, "x", region_name="us-east-1")
    return lambda service: session.client(service)


def told(call: Callable[..., Any], **arguments: Any) -> str:
    """What AWS says of a call that it denies."""
    with pytest.raises(ClientError, match="AccessDenied") as caught:
        call(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return str(caught.value.response["Error"]["Message"])


def test_a_function_of_another_account_is_denied(
    function: Function, theirs: Callable[[str], Any]
) -> None:
    """IAM user guide, "Troubleshoot access denied error messages"."""
    trust = json.dumps({"Statement": []})
    made = theirs("iam").create_role(RoleName=function.name, AssumeRolePolicyDocument=trust)
    role = made["Role"]["Arn"]
    other = Function(function.name)
    other.api = theirs("lambda")
    arn = other.create(Role=role)["FunctionArn"]
    assert arn.split(":")[4] == OTHER
    assert told(function.api.get_function, FunctionName=arn) == (
        f"User: {OWN} is not authorized to perform: lambda:GetFunction on resource: {arn} because "
        "no resource-based policy allows the lambda:GetFunction action"
    )
    missing = refused(function.api.get_function, FunctionName=function.name)
    assert missing == ("ResourceNotFoundException", 404)


def test_a_role_of_another_account_is_not_passed(function: Function) -> None:
    """chaos-lambda's issue 29; serverless' issue 3374."""
    role = f"arn:aws:iam::{OTHER}:role/theirs"
    assert told(function.create, Role=role) == "Cross-account pass role is not allowed."


def test_an_image_of_another_account_is_denied(
    ecr: Any, name: str, function: Function, theirs: Callable[[str], Any]
) -> None:
    """Lambda developer guide, "Amazon ECR cross-account permissions"; ECR's API: registryId."""
    theirs("ecr").create_repository(repositoryName=name)
    uri = f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com/{name}:one"
    says = "Lambda does not have permission to access the ECR image. Check the ECR permissions."
    assert told(function.create, Code={"ImageUri": uri}) == says
    resource = f"arn:aws:ecr:us-east-1:{OTHER}:repository/{name}"
    assert told(ecr.describe_images, repositoryName=name, registryId=OTHER) == (
        f"User: {OWN} is not authorized to perform: ecr:DescribeImages on resource: {resource} "
        "because no resource-based policy allows the ecr:DescribeImages action"
    )
    assert refused(ecr.describe_images, repositoryName=name)[0] == "RepositoryNotFoundException"


def test_an_image_of_another_account_is_pulled_as_its_repository_allows(
    ecr: Any, name: str, function: Function, theirs: Callable[[str], Any]
) -> None:
    """Lambda developer guide, "Amazon ECR cross-account permissions"; ECR's API: registryId."""
    registry = Registry(theirs("ecr"))
    registry.create_repository(repositoryName=name)
    registry.put_image(repositoryName=name, imageManifest=manifest(9), imageTag="one")
    host = f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com"
    read = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    account = {"Principal": {"AWS": f"arn:aws:iam::{OWN.split(':')[4]}:root"}}
    service = {"Principal": {"Service": "lambda.amazonaws.com"}}
    image = {"repositoryName": name, "registryId": OTHER, "imageIds": [{"imageTag": "one"}]}

    def share(*principals: dict[str, Any]) -> None:
        statements = [{"Effect": "Allow", "Action": read, **each} for each in principals]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        registry.set_repository_policy(repositoryName=name, policyText=policy)

    assert "ecr:BatchGetImage" in told(ecr.batch_get_image, **image)
    share(account)
    (read_,) = ecr.batch_get_image(**image)["images"]
    assert "ecr:DescribeImages" in told(ecr.describe_images, repositoryName=name, registryId=OTHER)
    code = {"ImageUri": f"{host}/{name}:one"}
    assert "does not have permission to access the ECR image" in told(function.create, Code=code)
    share(account, service)
    function.create(Code=code)
    found = function.api.get_function(FunctionName=name)["Code"]["ResolvedImageUri"]
    assert found == f"{host}/{name}@{read_['imageId']['imageDigest']}"


def test_a_layer_of_another_account_is_denied_until_it_is_granted(
    live: Function, name: str, theirs: Callable[[str], Any]
) -> None:
    """Lambda developer guide, "Granting layer access to other accounts"."""
    api = theirs("lambda")
    content = {"ZipFile": archive({"python/theirs.py": "x = 1"})}
    arn = api.publish_layer_version(LayerName=name, Content=content)["LayerVersionArn"]
    attach = {"FunctionName": name, "Layers": [arn]}
    assert "lambda:GetLayerVersion" in told(live.api.update_function_configuration, **attach)
    api.add_layer_version_permission(
        LayerName=name,
        VersionNumber=1,
        StatementId="all",
        Action="lambda:GetLayerVersion",
        Principal="*",
    )
    live.api.update_function_configuration(**attach)
    live.settle()


def test_the_name_of_a_bucket_is_everybodys(name: str, theirs: Callable[[str], Any]) -> None:
    """S3 user guide, "General purpose bucket naming rules"; API: ``CreateBucket``."""
    theirs("s3").create_bucket(Bucket=name)
    own = boto3.client("s3")
    assert refused(own.create_bucket, Bucket=name) == ("BucketAlreadyExists", 409)
    assert refused(own.head_bucket, Bucket=name) == ("403", 403)
    assert refused(own.get_object, Bucket=name, Key="a") == ("AccessDenied", 403)

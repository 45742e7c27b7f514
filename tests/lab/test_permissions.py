"""IAM: users and roles may do what their policies say."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any
from urllib.request import Request

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from tests.lab.making import (
    REGION,
    Function,
    Session,
    account,
    code,
    fetch,
    manifest,
    policy,
    refused,
)


def denied(call: Callable[..., Any], **arguments: Any) -> str:
    """Return what AWS says of a call that it does not allow."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] in ("AccessDenied", "AccessDeniedException")
    return str(error["Message"])


def test_a_user_may_do_what_its_policy_says_on_what_it_names(live: Function, user: Session) -> None:
    arn = live.api.get_function(FunctionName=live.name)["Configuration"]["FunctionArn"]
    live.publish()
    mine = user(("lambda:Get*", arn)).client("lambda")
    mine.get_function(FunctionName=live.name)
    me = boto3.client("iam").get_user(UserName=live.name)["User"]["Arn"]
    assert denied(mine.get_function, FunctionName=live.name, Qualifier="1") == (
        f"User: {me} is not authorized to perform: lambda:GetFunction on resource: {arn}:1 "
        "because no identity-based policy allows the lambda:GetFunction action"
    )
    assert "lambda:InvokeFunction" in denied(mine.invoke, FunctionName=live.name)
    assert "lambda:ListFunctions on resource: *" in denied(mine.list_functions)
    user(("lambda:Get*", f"{arn}:*"))
    mine.get_function(FunctionName=live.name, Qualifier="1")


def test_a_role_passes_to_the_service_that_is_named(function: Function, user: Session) -> None:
    role, theirs = os.environ["LAB_ROLE_ARN"], "arn:aws:lambda:*:*:function:*"
    passing = {"Action": "iam:PassRole", "Resource": role}
    to = "iam:PassedToService"
    elsewhere = passing | {"Condition": {"StringEquals": {to: "ec2.amazonaws.com"}}}
    function.api = user(("lambda:*", theirs), elsewhere).client("lambda")
    with pytest.raises(ClientError, match=f"perform: iam:PassRole on resource: {role} because"):
        function.create()
    here = passing | {"Condition": {"StringEquals": {to: "lambda.amazonaws.com"}}}
    user(("lambda:*", theirs), here)
    function.create()


def test_a_layer_is_used_by_those_who_may_read_it(live: Function, user: Session, name: str) -> None:
    arn = live.api.publish_layer_version(LayerName=name, Content={"ZipFile": code("x")})[
        "LayerVersionArn"
    ]
    mine = user(("lambda:UpdateFunctionConfiguration", "*")).client("lambda")
    says = denied(mine.update_function_configuration, FunctionName=name, Layers=[arn])
    assert f"perform: lambda:GetLayerVersion on resource: {arn} because" in says
    assert f"perform: lambda:GetLayerVersion on resource: {arn} because" in denied(
        mine.get_layer_version_by_arn, Arn=arn
    )
    assert f"lambda:DeleteLayerVersion on resource: {arn}" in denied(
        mine.delete_layer_version, LayerName=name, VersionNumber=1
    )
    assert f"lambda:ListLayerVersions on resource: {arn.removesuffix(':1')} " in denied(
        mine.list_layer_versions, LayerName=name
    )


def test_tags_are_for_those_who_may_list_them(live: Function, user: Session) -> None:
    arn = live.api.get_function(FunctionName=live.name)["Configuration"]["FunctionArn"]
    live.api.tag_resource(Resource=arn, Tags={"team": "blue"})
    mine = user(("lambda:GetFunction", arn)).client("lambda")
    found = mine.get_function(FunctionName=live.name)
    assert "Tags" not in found
    assert found["TagsError"]["ErrorCode"] == "AccessDeniedException"
    user(("lambda:GetFunction", arn), ("lambda:ListTags", arn))
    assert mine.get_function(FunctionName=live.name)["Tags"] == {"team": "blue"}
    assert f"perform: lambda:TagResource on resource: {arn} because" in denied(
        mine.tag_resource, Resource=arn, Tags={"team": "red"}
    )


def test_s3_knows_buckets_and_keys(bucket: Any, user: Session) -> None:
    arn = f"arn:aws:s3:::{bucket.name}"
    s3 = user(("s3:ListBucket", arn), ("s3:PutObject", f"{arn}/mine/*")).client("s3")
    s3.head_bucket(Bucket=bucket.name)
    s3.put_object(Bucket=bucket.name, Key="mine/a", Body=b"x")
    assert f"perform: s3:PutObject on resource: {arn}/other because" in denied(
        s3.put_object, Bucket=bucket.name, Key="other", Body=b"x"
    )
    assert refused(s3.head_object, Bucket=bucket.name, Key="mine/a") == ("403", 403)


def test_code_in_a_bucket_is_read_in_the_callers_name(
    live: Function, bucket: Any, user: Session
) -> None:
    bucket.put_object(Key="code.zip", Body=code("two"))
    mine = user(("lambda:*", "*")).client("lambda")
    wanted = {"FunctionName": live.name, "S3Bucket": bucket.name, "S3Key": "code.zip"}
    says = denied(mine.update_function_code, **wanted)
    assert f"permission to GetObject for {bucket.name}/code.zip" in says
    user(("lambda:*", "*"), ("s3:GetObject", f"arn:aws:s3:::{bucket.name}/*"))
    mine.update_function_code(**wanted)


def test_a_signed_url_takes_both_actions(live: Function, user: Session) -> None:
    url = live.api.create_function_url_config(FunctionName=live.name, AuthType="AWS_IAM")
    arn, address = url["FunctionArn"], url["FunctionUrl"]

    def status(*actions: str) -> int:
        mine = user(*[(action, arn) for action in actions])
        asked = AWSRequest("GET", address)
        SigV4Auth(mine.get_credentials(), "lambda", REGION).add_auth(asked)
        return fetch(Request(address, headers=dict(asked.headers)))[0]

    assert status("lambda:InvokeFunctionUrl") == 403
    assert status("lambda:InvokeFunctionUrl", "lambda:InvokeFunction") == 200


def test_a_stack_its_macro_and_its_role_are_named(user: Session, name: str) -> None:
    stack = f"arn:aws:cloudformation:{REGION}:*:stack/{name}/*"
    macro = f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"
    topic: dict[str, Any] = {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}
    asked = {"StackName": name, "ChangeSetName": "c", "ChangeSetType": "CREATE"}
    mine = user(("cloudformation:*", stack)).client("cloudformation")
    macros = json.dumps({**topic, "Transform": "AWS::Serverless-2016-10-31"})
    said = denied(mine.create_change_set, **asked, TemplateBody=macros)
    assert f"cloudformation:CreateChangeSet on resource: {macro}" in said
    role, plain = os.environ["LAB_ROLE_ARN"], {**asked, "TemplateBody": json.dumps(topic)}
    assert f"iam:PassRole on resource: {role}" in denied(
        mine.create_change_set, **plain, RoleARN=role
    )
    mine.create_change_set(**plain)
    assert f"stack/{name}-b/" in denied(mine.delete_stack, StackName=f"{name}-b")
    mine.delete_stack(StackName=name)


def test_metrics_are_refused_in_their_own_protocol(user: Session) -> None:
    assert "cloudwatch:DescribeAlarms" in denied(
        user(("s3:*", "*")).client("cloudwatch").describe_alarms
    )


def test_an_assumed_role_has_the_permissions_of_the_role(name: str, user: Session) -> None:
    iam = boto3.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    made = iam.create_policy(PolicyName=name, PolicyDocument=policy(("ecr:Get*", "*")))
    iam.attach_role_policy(RoleName=name, PolicyArn=made["Policy"]["Arn"])
    sts = user(("sts:AssumeRole", "*")).client("sts")
    given = sts.assume_role(RoleArn=arn, RoleSessionName="deploy")["Credentials"]
    ecr = boto3.client(
        "ecr",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    ecr.get_authorization_token()
    assert "ecr:DescribeRepositories" in denied(ecr.describe_repositories)


def test_the_labs_own_key_may_do_everything(ecr: Any) -> None:
    ecr.describe_repositories()


def test_the_registry_knows_whose_password_it_is(ecr: Any, name: str, user: Session) -> None:
    ecr.create_repository(repositoryName=name)
    mine = user(("ecr:GetAuthorizationToken", "*")).client("ecr")
    data = mine.get_authorization_token()["authorizationData"][0]
    login = {"Authorization": f"Basic {data['authorizationToken']}"}
    base = f"{data['proxyEndpoint']}/v2/"
    assert fetch(Request(base, headers=login))[0] == 200
    uploads = Request(f"{base}{name}/blobs/uploads/", b"", login, method="POST")
    status, says = fetch(uploads)
    assert status == 403
    assert "not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:" in says
    resource = f"arn:aws:ecr:{REGION}:{account()}:repository/{name}"
    user(("ecr:InitiateLayerUpload", resource))
    assert fetch(uploads)[0] == 202


def test_lambda_lets_itself_read_an_image_in_the_callers_name(
    ecr: Any, name: str, user: Session
) -> None:
    uri = ecr.create_repository(repositoryName=name)["repository"]["repositoryUri"]
    ecr.put_image(repositoryName=name, imageManifest=manifest(1), imageTag="one")
    resource = f"arn:aws:ecr:{REGION}:{account()}:repository/{name}"
    reading = {"Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "Resource": resource}
    writing = {"Action": "ecr:*RepositoryPolicy", "Resource": resource}
    basic = (("lambda:*", "*"), ("iam:PassRole", "*"))
    function = Function(name)

    def create(*statements: dict[str, Any]) -> None:
        function.api = user(*basic, *statements).client("lambda")
        function.create(Code={"ImageUri": f"{uri}:one"})

    for statements in ((), (reading,), (writing,)):
        with pytest.raises(ClientError, match="not have permission to access the ECR image"):
            create(*statements)
    create(reading, writing)
    assert "lambda.amazonaws.com" in ecr.get_repository_policy(repositoryName=name)["policyText"]
    function.api.delete_function(FunctionName=name)
    create(reading)  # who may read it is settled

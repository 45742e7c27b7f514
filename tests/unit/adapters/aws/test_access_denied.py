"""Which action a refusal is about."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.adapters.aws.access_denied import allow, denied_action, denied_push

USER = "User: arn:aws:sts::123456789012:assumed-role/ci/run is not authorized to perform:"


@pytest.mark.parametrize(
    ("said", "action"),
    [
        (f"{USER} lambda:GetAlias on resource: arn", "lambda:GetAlias"),
        (f"{USER} execute-api:Invoke on resource: arn", "execute-api:Invoke"),
        (
            "Your access has been denied by S3, please make sure your request credentials have "
            "permission to GetObject for zips/a.zip. S3 Error Code: AccessDenied.",
            "s3:GetObject",
        ),
        (
            "Lambda does not have permission to access the ECR image. Check the ECR permissions.",
            "ecr:GetRepositoryPolicy and ecr:SetRepositoryPolicy",
        ),
        (
            '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see"}',
            "lambda:InvokeFunctionUrl and lambda:InvokeFunction",
        ),
        ('{"message": "Forbidden"}', ""),  # what a function may answer itself
        ("Access Denied", ""),
    ],
)
def test_an_action_is_named(said: str, action: str) -> None:
    assert denied_action(said) == action


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("HEAD request to http://r/v2/a/b/blobs/sha256:1: 403", "BatchCheckLayerAvailability"),
        ("GET request to http://r/v2/a/blobs/sha256:1: 403", "GetDownloadUrlForLayer"),
        ("HEAD request to http://r/v2/a/manifests/x: 403", "BatchGetImage"),
        ("POST request to http://r/v2/a/blobs/uploads/: 403", "InitiateLayerUpload"),
        ("PATCH request to http://r/v2/a/blobs/uploads/1: 403", "UploadLayerPart"),
        ("PUT request to http://r/v2/a/blobs/uploads/1?digest=x: 403", "CompleteLayerUpload"),
        ("PUT request to http://r/v2/a/manifests/x: 403", "PutImage"),
        (f"denied: {USER} ecr:PutImage on resource: arn", "PutImage"),
        ("PUT request to http://r/v2/a/manifests/x: 503", ""),
        ("denied: Your authorization token has expired.", ""),
    ],
)
def test_a_push_names_the_action_by_the_request(said: str, action: str) -> None:
    message = f"failed to push r/a:b: unexpected status from {said} Forbidden"
    assert denied_push(message) == (f"ecr:{action}" if action else "")


@pytest.mark.parametrize(
    ("action", "listed"),
    [
        ("lambda:UpdateAlias", True),
        ("ecr:GetRepositoryPolicy and ecr:SetRepositoryPolicy", True),
        ("kms:Decrypt on arn:aws:kms:eu-west-1:123456789012:key/one", True),
        ("lambda:GetAccountSettings", False),
    ],
)
def test_the_printed_policy_is_named_where_it_has_the_action(action: str, listed: bool) -> None:
    assert ("lambda-fast-deploy policy prints" in allow(action)) is listed

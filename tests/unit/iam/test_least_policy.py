"""The least policy of a configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.config.samconfig import MANAGED
from lambda_fast_deploy.iam.least_policy import of_templates, policy_for, too_long
from lambda_fast_deploy.models import (
    LATEST,
    BuildCommand,
    Canary,
    Configuration,
    FolderLayer,
    Network,
    PrebuiltImage,
    Settings,
    Stack,
    Store,
)
from lambda_fast_deploy.models.function_url import Url
from lambda_fast_deploy.testing.kinds.command import CommandTest
from lambda_fast_deploy.testing.kinds.http import HttpTest
from lambda_fast_deploy.testing.kinds.invoke import InvokeTest
from tests.unit import make

ACCOUNT = "210987654321"
FUNCTION = f"arn:aws:lambda:{make.REGION}:{ACCOUNT}:function:orders"
ALWAYS = {
    *("DeployFunctions", "ReleaseVersions", "DeleteVersions", "CreateFunctions", "PassRoles"),
    *("TagFunctions", "TestFunctions"),
}


def statements(settings: Settings) -> dict[str, dict[str, Any]]:
    document = policy_for(settings, ACCOUNT)
    assert document["Version"] == "2012-10-17"
    found = {each["Sid"]: each for each in document["Statement"]}
    assert len(found) == len(document["Statement"])
    for sid, each in found.items():
        assert sid.isalnum()  # IAM takes no other characters
        assert each["Effect"] == "Allow"
        assert each["Resource"]
        assert len(set(each["Action"])) == len(each["Action"])
        assert len(set(each["Resource"])) == len(each["Resource"])
    return found


def of(**changes: Any) -> dict[str, dict[str, Any]]:
    return statements(make.settings(make.function(**changes), layers={}))


def test_a_plain_function_needs_no_more_than_itself() -> None:
    found = of()
    assert found.keys() == ALWAYS
    assert found["DeployFunctions"]["Resource"] == [FUNCTION, f"{FUNCTION}:*"]


def test_a_role_is_passed_to_lambda_and_to_nobody_else() -> None:
    assert of()["PassRoles"] == {
        "Sid": "PassRoles",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": [make.ROLE],
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    }


def test_without_a_role_nothing_is_created() -> None:
    assert of(role=None).keys() == ALWAYS - {"CreateFunctions", "PassRoles", "TagFunctions"}


def test_without_an_alias_there_are_no_versions() -> None:
    assert of(alias=LATEST).keys() == ALWAYS - {"ReleaseVersions", "TestFunctions"} | {
        "LockFunctions"
    }
    assert "DeleteVersions" not in of(alias=LATEST, role=None)
    assert "TestFunctions" in of(alias=LATEST, tests=(make.HEALTH,))


@pytest.mark.parametrize(
    ("changes", "added"),
    [
        ({"tests": (make.HEALTH,), "alias": LATEST}, {"LockFunctions"}),
        ({"tests": (InvokeTest(name="i", payload={}),)}, set()),
        ({"tests": (CommandTest(name="c", command=("true",)),)}, set()),
        ({"tests": (HttpTest(name="h", target="https://example.com/"),)}, set()),
        ({"tests": (make.STORAGE,)}, {"FindBuckets", "TestBuckets"}),
        ({"url": Url("public")}, {"GiveFunctionUrls"}),
        ({"url": Url("iam")}, {"GiveFunctionUrls"}),
        (
            {"url": Url("iam"), "tests": (make.HEALTH,)},
            {"GiveFunctionUrls", "CallFunctionUrls"},
        ),
        ({"keep": 3}, set()),
        ({"configuration": Configuration(tags={"a": "b"})}, set()),
        ({"configuration": Configuration(network=Network())}, set()),
        ({"configuration": Configuration(network=Network(("s",), ("g",)))}, {"FindNetworks"}),
        ({"canary": Canary(0.1, 60)}, {"WatchCanaries"}),
    ],
)
def test_what_is_used_is_allowed_and_nothing_else(changes: dict[str, Any], added: set[str]) -> None:
    assert of(**changes).keys() - ALWAYS == added


def test_alarms_are_read_where_a_canary_names_some() -> None:
    silent = of(canary=Canary(0.1, 60))["WatchCanaries"]["Action"]
    ringing = of(canary=Canary(0.1, 60, ("lost",)))["WatchCanaries"]["Action"]
    assert silent == ["cloudwatch:GetMetricData"]
    assert ringing == ["cloudwatch:GetMetricData", "cloudwatch:DescribeAlarms"]


def test_each_part_of_a_layer_is_named_with_its_versions() -> None:
    layer = replace(make.layer(), split={"core": ("numpy",), "rest": ()})
    found = statements(make.settings(make.function(), layers={"deps": layer}))
    arn = f"arn:aws:lambda:{make.REGION}:{ACCOUNT}:layer:deps"
    assert found["PublishLayers"]["Resource"] == [f"{arn}-core", f"{arn}-rest"]
    assert found["UseLayers"]["Resource"] == [f"{arn}-core:*", f"{arn}-rest:*"]
    assert found["FindUsers"]["Resource"] == ["*"]  # ListFunctions knows no resources


def test_images_take_repositories_and_the_login(tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    elsewhere = "999999999999.dkr.ecr.eu-west-1.amazonaws.com/team/base:3"
    dockerfile.write_text(f"FROM {elsewhere}\n")
    source = make.image_source(dockerfile=dockerfile)
    base = replace(make.base(), dockerfile=dockerfile)
    for keep in (None, 2):
        found = statements(
            make.settings(
                make.function(source=source, keep=keep), bases={"python": base}, layers={}
            )
        )
        arn = f"arn:aws:ecr:{make.REGION}:{ACCOUNT}:repository"
        names = [f"{arn}/{base.repository}", f"{arn}/orders"]
        assert sorted(found["PushImages"]["Resource"]) == sorted(names)
        assert found["DeployImages"]["Resource"] == [f"{arn}/orders"]
        assert found["LogInToRegistry"]["Resource"] == ["*"]
        assert found["PullUpstreams"]["Resource"] == [
            "arn:aws:ecr:eu-west-1:999999999999:repository/team/base"
        ]
        assert sorted(found["DeleteImages"]["Resource"]) == sorted(names)
        assert ("FindUsers" in found) is (keep is not None)


def test_buckets_are_named_by_region_and_prefix() -> None:
    regions = ("eu-central-1", "us-east-1")
    for create in (False, True):
        found = statements(
            make.settings(
                make.function(tests=(make.STORAGE,)),
                layers={},
                regions=regions,
                artifacts=Store("zips-{region}", create),
            )
        )
        zips = [f"arn:aws:s3:::zips-{region}" for region in regions]
        assert found["FindBuckets"]["Resource"] == [*zips, "arn:aws:s3:::files"]
        assert found["UploadZips"]["Resource"] == [f"{arn}/lambda-fast-deploy/*" for arn in zips]
        assert found["TestBuckets"]["Resource"] == [
            "arn:aws:s3:::files/objects/lambda-fast-deploy-*"
        ]
        assert ("CreateBuckets" in found) is create


@pytest.mark.parametrize(
    ("target", "resource"),
    [
        ("https://abc123.execute-api.eu-central-1.amazonaws.com/prod/up", "abc123/*/GET/*"),
        ("https://api.example.com/up", "*/*/GET/*"),  # a domain of its own tells no API
    ],
)
def test_signed_addresses_are_apis(target: str, resource: str) -> None:
    found = of(tests=(HttpTest(name="h", target=target, auth="iam"),))
    arn = f"arn:aws:execute-api:{make.REGION}:{ACCOUNT}:{resource}"
    assert found["CallApis"]["Resource"] == [arn]


@pytest.mark.parametrize(
    ("region", "wanted"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
        ("us-iso-east-1", "aws-iso"),
        ("xx-new-1", "aws"),
    ],
)
def test_every_region_is_in_its_partition(region: str, wanted: str) -> None:
    settings = make.settings(make.function(tests=(make.STORAGE,)), regions=(region,), layers={})
    found = statements(settings)
    assert found["DeployFunctions"]["Resource"][0].startswith(f"arn:{wanted}:lambda:{region}:")
    assert found["FindBuckets"]["Resource"] == [f"arn:{wanted}:s3:::files"]


def test_a_policy_that_is_too_long_is_told() -> None:
    assert too_long(policy_for(make.settings(make.function()), ACCOUNT)) == []
    many = [make.function(name=f"orders-{number}") for number in range(20)]
    (said,) = too_long(policy_for(make.settings(*many), ACCOUNT))
    assert "a managed policy at most 6144" in said


TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties: {InlineCode: x, FunctionName: !Sub "${S}-o"}
"""


def of_stack(
    root: Path, more: str = "", bucket: str = "b", **changes: Any
) -> tuple[dict[str, Any], list[str]]:
    (root / "template.yaml").write_text(TEMPLATE + more)
    stack = Stack(root / "template.yaml", "shop", **changes)
    settings = replace(make.settings(layers={}), functions=(), stack=stack, artifacts=Store(bucket))
    return statements(settings), of_templates(settings)


def test_a_stack_needs_itself_and_its_functions(tmp_path: Path) -> None:
    found, notes = of_stack(tmp_path)
    assert found.keys() == {
        *("DeployStack", "ExpandTemplates", "UpdateCode", "FindBuckets", "UploadZips"),
    }
    arn = f"arn:aws:cloudformation:{make.REGION}"
    ours = ("stack/shop/*", "changeSet/lambda-fast-deploy-*")
    assert found["DeployStack"]["Resource"] == [f"{arn}:{ACCOUNT}:{each}" for each in ours]
    assert "cloudformation:DescribeEvents" in found["DeployStack"]["Action"]
    assert found["ExpandTemplates"]["Resource"] == [f"{arn}:aws:transform/Serverless-2016-10-31"]
    functions = [
        f"arn:aws:lambda:{make.REGION}:{ACCOUNT}:function:{n}" for n in ("shop-*", "*-o", "*-o:*")
    ]
    assert found["UpdateCode"]["Resource"] == functions
    assert "set a role that has them" in notes[0]


def test_a_stack_with_a_role_and_stacks_inside(tmp_path: Path) -> None:
    inside = "  In: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://a/b'}}\n"
    found, notes = of_stack(tmp_path, inside, role=make.ROLE, tests={"Orders": (make.HEALTH,)})
    assert notes == []
    assert found.keys() >= {"DeployStacksInside", "PassRoleToCloudFormation", "TestFunctions"}
    assert found["PassRoleToCloudFormation"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}
    }


def test_the_bucket_of_sam_is_found_by_its_stack(tmp_path: Path) -> None:
    found, _ = of_stack(tmp_path, bucket=MANAGED)
    arn = f"arn:aws:cloudformation:{make.REGION}:{ACCOUNT}:stack/{MANAGED}/*"
    assert found["FindBucketOfSam"]["Resource"] == [arn]
    assert found["FindBuckets"]["Resource"] == [f"arn:aws:s3:::{MANAGED}-samclisourcebucket-*"]


def test_what_others_gave_to_a_function_is_named_where_it_is_known() -> None:
    key, vendor = "arn:aws:kms:eu-central-1:1:key/a", "arn:aws:lambda:eu-central-1:2:layer:v:7"
    plain = make.existing(make.state())
    there = replace(
        plain,
        latest=replace(plain.latest, environment_key=key),
        foreign=frozenset([vendor]),
    )
    settings = make.settings(make.function())
    named = {
        each["Sid"]: (each["Action"], each["Resource"])
        for each in policy_for(settings, ACCOUNT, [plain, there])["Statement"]
    }
    assert named["ReadEnvironments"] == (["kms:Decrypt"], [key])
    assert named["AttachLayers"] == (["lambda:GetLayerVersion"], [vendor])
    assert {"ReadEnvironments", "AttachLayers"}.isdisjoint(statements(settings))


def test_layers_by_arn_are_attached_and_the_newest_is_found() -> None:
    vendor = "arn:aws:lambda:{region}:2:layer:vendor:7"
    company = f"arn:aws:lambda:{make.REGION}:{ACCOUNT}:layer:company"
    source = make.zip_source(layers=(vendor, company))
    there = replace(
        make.existing(make.state()), foreign=frozenset(["arn:aws:lambda:x:3:layer:o:1"])
    )
    settings = make.settings(make.function(source=source), layers={})
    document = policy_for(settings, ACCOUNT, [there])
    found = {each["Sid"]: each for each in document["Statement"]}
    assert len(found) == len(document["Statement"])
    assert found["AttachLayers"]["Action"] == ["lambda:GetLayerVersion"]
    assert sorted(found["AttachLayers"]["Resource"]) == sorted(
        [vendor.replace("{region}", make.REGION), f"{company}:*", "arn:aws:lambda:x:3:layer:o:1"]
    )
    assert found["FindNewestLayers"]["Resource"] == [company]


def test_a_shared_layer_needs_the_actions_of_its_policy() -> None:
    layer = FolderLayer("common", Path("common"), share=("111111111111",))
    found = statements(make.settings(make.function(), layers={"common": layer}))
    resource = f"arn:aws:lambda:{make.REGION}:{ACCOUNT}:layer:common:*"
    assert found["ShareLayers"]["Resource"] == [resource]
    unshared = replace(layer, share=None)
    settings = make.settings(make.function(), layers={"common": unshared})
    assert "ShareLayers" not in statements(settings)


def test_an_image_that_exists_is_read_where_it_is() -> None:
    image = PrebuiltImage("111111111111.dkr.ecr.{region}.amazonaws.com/shop/api:1.0")
    found = of(source=image)
    resource = f"arn:aws:ecr:{make.REGION}:111111111111:repository/shop/api"
    assert found["PullUpstreams"]["Resource"] == [resource]
    assert found.keys() - ALWAYS == {"PullUpstreams"}
    own = of(source=replace(image, uri=image.uri.replace("111111111111", ACCOUNT)))
    assert own.keys() - ALWAYS == {"PullUpstreams", "DeployImages"}


def test_code_that_is_built_needs_the_tag_of_its_sources() -> None:
    build = BuildCommand(("make",), Path())
    assert "TagFunctions" in of(source=make.zip_source(build=build, layers=()), role=None)

"""The properties that name local files, and their packaged values."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.stacks.artifact_properties import PROPERTIES, includes

BUCKET = Bucket(Aws(), "us-east-1", "files")


@pytest.mark.parametrize(
    ("kind", "packaged"),
    [
        ("AWS::Serverless::Function", "s3://files/k"),
        ("AWS::Lambda::Function", {"S3Bucket": "files", "S3Key": "k"}),
        ("AWS::ApiGatewayV2::Api", {"Bucket": "files", "Key": "k"}),
        ("AWS::CloudFormation::StackSet", "https://s3.us-east-1.amazonaws.com/files/k"),
    ],
)
def test_a_packaged_value_has_the_form_of_its_property(kind: str, packaged: Any) -> None:
    assert PROPERTIES[kind][0].packaged(BUCKET, "k") == packaged


def test_values_are_found_below_any_key() -> None:
    resource = {
        "Properties": {
            "SchemaUri": "s.graphql",
            "Functions": {"a": {"CodeUri": "a.js"}, "b": {"InlineCode": "x"}},
            "Resolvers": {"Query": {"get": {"CodeUri": "g.js"}, "put": None}},
        }
    }
    forms = PROPERTIES["AWS::Serverless::GraphQLApi"]
    found = {path: value for form in forms for path, value in form.values(resource)}
    assert found == {
        ("Properties", "SchemaUri"): "s.graphql",
        ("Properties", "Functions", "a", "CodeUri"): "a.js",
        ("Properties", "Resolvers", "Query", "get", "CodeUri"): "g.js",
    }


def test_an_include_is_found_anywhere() -> None:
    def include(where: str) -> dict[str, Any]:
        return {"Name": "AWS::Include", "Parameters": {"Location": where}}

    body = {
        "Transform": [include("top"), "AWS::Serverless-2016-10-31"],
        "Resources": {
            "Fn::Transform": include("resources"),
            "A": {"Properties": {"Body": [{"Fn::Transform": include("body")}]}},
            "B": {"Properties": {"Transform": {"Name": "Other", "Parameters": {"Location": "x"}}}},
        },
    }
    where = ("Parameters", "Location")
    assert dict(includes(body)) == {
        ("Transform", "0", *where): "top",
        ("Resources", "Fn::Transform", *where): "resources",
        ("Resources", "A", "Properties", "Body", "0", "Fn::Transform", *where): "body",
    }

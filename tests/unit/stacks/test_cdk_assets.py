"""Templates of the CDK: assets are the local files of resources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lambda_fast_deploy.stacks.cdk_assets import with_assets
from lambda_fast_deploy.stacks.template import Template, parse_template


def synthesized(folder: Path, resources: dict[str, Any], **body: Any) -> Template:
    text = json.dumps({"Resources": resources, **body})
    return with_assets(parse_template(text, folder / "Shop.template.json"))


def function(metadata: dict[str, Any]) -> dict[str, Any]:
    code = {"S3Bucket": {"Fn::Sub": "cdk-assets"}, "S3Key": "abc.zip"}
    return {"Type": "AWS::Lambda::Function", "Properties": {"Code": code}, "Metadata": metadata}


def test_an_asset_is_the_value_of_its_property(tmp_path: Path) -> None:
    asset = {"aws:asset:path": "asset.abc", "aws:asset:property": "Code"}
    parameters = {"AssetParametersabcS3Bucket": {"Type": "String"}, "Stage": {"Type": "String"}}
    made = synthesized(tmp_path, {"F": function(asset)}, Parameters=parameters)
    assert made.resources["F"]["Properties"] == {"Code": "asset.abc"}
    assert made.parameters["AssetParametersabcS3Bucket"]["Default"] == " "
    assert "Default" not in made.parameters["Stage"]


def test_an_asset_with_a_dockerfile_is_an_image(tmp_path: Path) -> None:
    asset = {
        "aws:asset:path": "asset.abc",
        "aws:asset:property": "Code.ImageUri",
        "aws:asset:dockerfile-path": "Dockerfile.web",
        "aws:asset:docker-build-args": {"A": "1"},
    }
    made = synthesized(tmp_path, {"F": function(asset)}).resources["F"]
    assert made["Metadata"]["Dockerfile"] == "Dockerfile.web"
    assert made["Metadata"]["DockerContext"] == "asset.abc"
    assert made["Metadata"]["DockerBuildArgs"] == {"A": "1"}
    assert made["Properties"]["Code"]["S3Key"] == "abc.zip"


def test_an_asset_of_no_resource_has_a_note(tmp_path: Path) -> None:
    asset = {"aws:asset:path": "asset.abc", "aws:asset:property": "Code"}
    resources = {"F": function(asset), "D": {"Type": "Custom::D", "Properties": {"Key": "def.zip"}}}
    sources = {"abc": "asset.abc", "def": "asset.def", "ghi": "Shop.template.json"}
    files = {name: {"source": {"path": path}} for name, path in sources.items()}
    (tmp_path / "Shop.assets.json").write_text(json.dumps({"files": files}))
    assert synthesized(tmp_path, resources).notes == (
        f"{tmp_path}/Shop.template.json: asset asset.def must be in the CDK's bucket; publish it "
        "before: npx cdk-assets publish --path Shop.assets.json",
    )


def test_an_asset_of_a_property_that_is_not_packaged_stays_in_the_bucket(tmp_path: Path) -> None:
    asset = {"aws:asset:path": "asset.abc", "aws:asset:property": "Source"}
    custom = {"Type": "Custom::Site", "Properties": {"Source": "abc.zip"}, "Metadata": asset}
    (tmp_path / "Shop.assets.json").write_text(
        json.dumps({"files": {"abc": {"source": {"path": "asset.abc"}}}})
    )
    plain = {"aws:asset:path": "asset.def", "aws:asset:property": "Code"}
    made = synthesized(tmp_path, {"Site": custom, "F": function(plain)})
    assert made.resources["Site"]["Properties"] == {"Source": "abc.zip"}
    assert "asset asset.abc must be in the CDK's bucket" in made.notes[0]


def test_a_template_without_assets_stays_itself(tmp_path: Path) -> None:
    template = parse_template("Resources: {A: {Type: T}}", tmp_path / "template.yaml")
    assert with_assets(template) is template

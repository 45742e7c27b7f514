"""The images of a template: what the Metadata of a function says about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.image_requests import images_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import parse_template

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Function
    Metadata: {Dockerfile: Dockerfile, DockerContext: app, DockerBuildTarget: runtime}
    Properties: {PackageType: Image, Architectures: [arm64]}
"""


def test_a_stage_of_the_dockerfile_is_built(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/Dockerfile").write_text("FROM a AS runtime\nFROM runtime AS test\n")
    template = parse_template(TEMPLATE, tmp_path / "template.yaml")
    (image,) = images_of(Resources(template, {}), Stack(tmp_path / "template.yaml", "shop"))
    assert (image.source.target, image.source.repository) == ("runtime", "shop-api")
    assert image.architecture == "arm64"


REFERRING = """\
Parameters: {File: {Type: String, Default: Dockerfile.web}}
Resources:
  Api:
    Type: AWS::Serverless::Function
    Metadata: {Dockerfile: !Ref File, DockerContext: app, %s}
    Properties: {PackageType: Image}
"""


def test_references_in_metadata_are_resolved(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/Dockerfile.web").write_text("FROM a\n")
    text = REFERRING % "DockerBuildArgs: {A: !Ref File, B: true, C: 1}"
    template = parse_template(text, tmp_path / "template.yaml")
    (image,) = images_of(Resources(template, {}), Stack(template.path, "shop"))
    assert image.source.dockerfile == tmp_path / "app/Dockerfile.web"
    assert image.source.build_args == {"A": "Dockerfile.web", "B": "true", "C": "1"}


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ("DockerBuildArgs: {REGION: !Ref AWS::Region}", "REGION must be a text, or its parameters"),
        ("DockerBuildArgs: {A: }", "A must be a text"),
        ("DockerBuildTarget: !Ref AWS::Region", "DockerBuildTarget must be a text"),
        ("DockerBuildExtraParams: [--pull]", "DockerBuildExtraParams is not supported; use"),
        ("'aws:asset:docker-build-secrets': {token: src=token}", "a build with secrets is not"),
        ("'aws:asset:docker-build-ssh': default", "a build with secrets is not supported"),
    ],
)
def test_what_a_build_cannot_heed_is_refused(tmp_path: Path, metadata: str, says: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/Dockerfile.web").write_text("FROM a\n")
    template = parse_template(REFERRING % metadata, tmp_path / "template.yaml")
    with pytest.raises(Invalid) as raised:
        images_of(Resources(template, {}), Stack(template.path, "shop"))
    assert f"template.yaml:5: {says}" in str(raised.value)

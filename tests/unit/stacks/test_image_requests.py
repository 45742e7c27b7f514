"""The images of a template: what the Metadata of a function says about them."""

from __future__ import annotations

from pathlib import Path

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

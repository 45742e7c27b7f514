"""Images of lambda-deploy.yml: that exist, of a stage, and with overrides."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Event, Function, ImageSource, PrebuiltImage

URI = "123456789012.dkr.ecr.{region}.amazonaws.com/shop/api:1.4.2"
REGION = "eu-central-1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a Dockerfile."""
    (tmp_path / "Dockerfile.lambda").write_text("FROM a AS one\nFROM one AS two\n")
    return tmp_path


def function(root: Path, image: str = "", **given: str) -> Function:
    if image:
        text = f"functions:\n  orders:\n    image: {image}\n"
        (root / "lambda-deploy.yml").write_text(text)
    environ = {"AWS_REGION": REGION}
    settings = load(GivenInputs(given), environ, Event("push"), root, lambda: frozenset({REGION}))
    return settings.functions[0]


def test_an_image_that_exists_needs_no_dockerfile(root: Path) -> None:
    (root / "Dockerfile.lambda").unlink()
    found = function(root, f'{{uri: "{URI}"}}')
    assert found.source == PrebuiltImage(URI)
    assert found.is_image
    assert found.overrides is None
    digest = URI.replace(":1.4.2", f"@sha256:{'1' * 64}")
    assert function(root, f'{{uri: "{digest}"}}').source == PrebuiltImage(digest)
    assert function(root, **{"function": "orders", "image-uri": URI}).source == PrebuiltImage(URI)


def test_overrides_are_configuration_and_empty_ones_remove(root: Path) -> None:
    found = function(root, "{target: two, command: [app.handler], entrypoint: [], workdir: /srv}")
    assert isinstance(found.source, ImageSource)
    assert found.source.target == "two"
    assert found.overrides == {
        "EntryPoint": [],
        "Command": ["app.handler"],
        "WorkingDirectory": "/srv",
    }


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (f'{{uri: "{URI}", dockerfile: Dockerfile.lambda}}', "dockerfile does not apply to an"),
        (f'{{uri: "{URI}", target: two}}', "target does not apply to an image with uri"),
        ("{uri: shop/api:1}", "expected the URI of an image in ECR with a tag or a digest"),
        (f'{{uri: "{URI.replace(":1.4.2", "")}"}}', "with a tag or a digest"),
        ("{uri: public.ecr.aws/lambda/python:3.13}", "expected the URI of an image in ECR"),
        ("{command: app.handler}", "command: expected a list"),
        ("{workdir: srv}", "workdir: expected an absolute path"),
    ],
)
def test_what_is_wrong_is_told(root: Path, image: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        function(root, image)
    assert says in str(caught.value.problems[0])

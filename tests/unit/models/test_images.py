"""Which images are desired, and which of them steps build."""

from __future__ import annotations

from lambda_fast_deploy.models import DesiredImages
from tests.unit import make


def test_the_images_of_a_configuration_are_its_bases_and_those_of_functions() -> None:
    source = make.image_source()
    settings = make.settings(make.function(source=source), bases={"python": make.base()})
    desired = DesiredImages.of(settings)
    assert [request.step for request in desired.images] == ["image:orders"]
    assert desired.sources == {"base:python": make.base(), "image:orders": source}
    assert desired.sources_of({"image:orders", "code:other"}) == [source]


def test_a_configuration_of_zips_has_none() -> None:
    assert not DesiredImages.of(make.settings(make.function())).sources

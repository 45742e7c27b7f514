"""Formats of marks: what earlier versions have left in AWS is still read, so they do not change."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.models import LayerVersion
from lambda_fast_deploy.state import (
    all_marks,
    bucket_keys,
    descriptions,
    image_tags,
    layer_descriptions,
    marks,
    repository_tags,
)
from tests.unit import make

DIGEST = "sha256:0123456789abcdef0123"
LAYER = LayerVersion(make.LAYER_ARN, 1234, "01ab", "cd", ("ef", "cd"))
LAYER_DESCRIPTION = "lambda-fast-deploy 01ab cd of ef.cd, 1234 bytes"


@pytest.mark.parametrize(
    ("mark", "literal"),
    [
        (image_tags.base_tag(make.base(), "f0"), "3.13-f0"),
        (image_tags.part_tag(make.base(), "f0"), "3.13-f0-part"),
        (image_tags.app_tag("f0"), "app-f0"),
        (image_tags.app_tag("f0", f"host/repo@{DIGEST}"), "app-f0-0123456789ab"),
        (image_tags.kept_tag(DIGEST), "kept-0123456789ab"),
        (image_tags.ImageTag.CACHE.named(), "buildcache"),
        (repository_tags.COMPRESSION, "lambda-fast-deploy:compression"),
        (layer_descriptions.text(LAYER), LAYER_DESCRIPTION),
        (descriptions.CODE_ONLY, "code-only"),
        (descriptions.putting_back("r1", "since"), "being put back by run r1, since"),
        (marks.under_test_by("r1"), "under test by run r1"),
        (marks.deleted_by("r1"), "being deleted by run r1"),
        (marks.CREATED_BY, "lambda-fast-deploy:created-by"),
        (marks.TESTED, "lambda-fast-deploy:tested"),
        (marks.LOCK, "lambda-fast-deploy-lock"),
        (marks.CHANGE_SET, "lambda-fast-deploy-"),
        (bucket_keys.zip_key("ab"), "lambda-fast-deploy/ab.zip"),
        (
            bucket_keys.template_key("{}"),
            "lambda-fast-deploy/"
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.template",
        ),
        (bucket_keys.dependencies_key("f0"), "lambda-fast-deploy/dependencies/f0.zip"),
        (bucket_keys.build_key("f0"), "lambda-fast-deploy/made/f0.json"),
        (bucket_keys.snapshot_key("shop", "12"), "lambda-fast-deploy/stacks/shop/12.json"),
        (bucket_keys.drift_key("shop"), "lambda-fast-deploy/stacks/shop/drift.json"),
    ],
)
def test_a_mark_is_written_as_ever(mark: str, literal: str) -> None:
    assert mark == literal


def test_a_description_of_a_layer_is_read_as_it_was_written() -> None:
    assert layer_descriptions.parse(make.LAYER_ARN, LAYER_DESCRIPTION) == LAYER


@pytest.mark.parametrize("description", ["", "mine", f"{LAYER_DESCRIPTION} and more"])
def test_a_description_of_others_is_none_of_ours(description: str) -> None:
    assert layer_descriptions.parse(make.LAYER_ARN, description) is None


def test_artifacts_are_known_by_their_keys() -> None:
    keys = [bucket_keys.zip_key("ab"), bucket_keys.template_key("{}")]
    text = " ".join([*keys, bucket_keys.build_key("f0")])
    assert bucket_keys.ARTIFACT.findall(text) == keys


def test_the_documentation_lists_each_mark_once() -> None:
    assert len({(mark.carrier, mark.format) for mark in all_marks.MARKS}) == len(all_marks.MARKS)

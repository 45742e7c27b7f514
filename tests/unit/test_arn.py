"""ARNs, read and written."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.arn import Arn, in_s3, is_arn

LAYER = "arn:aws-cn:lambda:cn-north-1:123456789012:layer:deps:3"


def test_an_arn_is_read_into_its_parts_and_written_again() -> None:
    arn = Arn.parse(LAYER)
    assert arn == ("aws-cn", "lambda", "cn-north-1", "123456789012", "layer:deps:3")
    assert str(arn) == LAYER


@pytest.mark.parametrize(
    ("text", "name", "qualifier"),
    [
        (LAYER, "deps", "3"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:orders", "orders", ""),
        ("arn:aws:lambda:eu-west-1:123456789012:function:orders:live", "orders", "live"),
        ("arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/1-2-3", "shop", "1-2-3"),
        ("arn:aws:sts::123456789012:assumed-role/deployer/me", "deployer", "me"),
        ("arn:aws:iam::123456789012:root", "", ""),
        ("orders", "", ""),
    ],
)
def test_a_resource_has_a_name_and_a_qualifier(text: str, name: str, qualifier: str) -> None:
    assert (Arn.parse(text).name, Arn.parse(text).qualifier) == (name, qualifier)


def test_buckets_have_neither_region_nor_account() -> None:
    assert in_s3("aws", "zips/key") == "arn:aws:s3:::zips/key"


def test_a_name_is_no_arn() -> None:
    assert is_arn(LAYER)
    assert not is_arn("shop")

"""Which lifecycle rules could expire an image that is in use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_fast_deploy.packaging.images.lifecycle_policy import POLICY, threats
from lambda_fast_deploy.state.image_tags import kept_tag

TAGS = ("app-0123456789abcdef", "kept-0123456789ab")


@pytest.mark.parametrize(
    ("selection", "threatens"),
    [
        ({"tagStatus": "any"}, True),
        ({"tagStatus": "untagged"}, False),
        ({"tagStatus": "tagged", "tagPrefixList": ["app-"]}, True),
        ({"tagStatus": "tagged", "tagPrefixList": ["app-", "kept-"]}, True),
        ({"tagStatus": "tagged", "tagPrefixList": ["app-", "dev-"]}, False),
        ({"tagStatus": "tagged", "tagPrefixList": ["dev-"]}, False),
        ({"tagStatus": "tagged", "tagPatternList": ["*"]}, True),
        ({"tagStatus": "tagged", "tagPatternList": ["*-0123*", "kept-*"]}, True),
        ({"tagStatus": "tagged", "tagPatternList": ["prod*"]}, False),
    ],
)
def test_a_rule_threatens_what_it_selects(selection: dict[str, Any], threatens: bool) -> None:
    policy = json.dumps({"rules": [{"rulePriority": 3, "selection": selection}]})
    assert threats(policy, TAGS) == (["rule 3"] if threatens else [])


def test_our_own_policy_threatens_nothing_that_has_a_tag() -> None:
    assert threats(POLICY, (kept_tag("sha256:0123456789abcdef"),)) == []
    assert threats(POLICY, ()) != []

"""How a function came out, in a sentence."""

from __future__ import annotations

from lambda_fast_deploy.report.sentences import sentence
from tests.unit import make


def test_the_sentence_is_plain_text() -> None:
    assert sentence(make.delivery()) == "orders: live now serves version 8 (before: 7)"
    assert sentence(make.delivery(previous="8")) == (
        "orders: live still serves version 8, because the built content is unchanged"
    )

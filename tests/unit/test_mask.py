"""Secrets are found in every form in which programs print them."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.mask import Mask, secrets_of

SECRET = "p/s+w0rd=\u00e9\"'\\ %?&x"
PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"


@pytest.mark.parametrize("secret", [SECRET, PEM])
@pytest.mark.parametrize(
    "form",
    [
        str,
        repr,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        quote,
        quote_plus,
        lambda text: quote(text, safe=""),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
        lambda text: base64.b64encode(b"user:" + text.encode() + b"@host").decode(),
        lambda text: base64.b64encode(b"users:" + text.encode()).decode(),
        lambda text: str({"KEY": text}),
    ],
)
def test_no_form_of_a_secret_is_left(secret: str, form: object) -> None:
    assert callable(form)
    said = f"before {form(secret)} after"
    shown = Mask([secret])(said)
    assert "***" in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    left = shown.replace("before", "").replace("after", "")
    assert len(left) < len(form(secret)) / 2 + 12


def test_each_line_of_a_secret_is_one() -> None:
    shown = Mask([PEM])("line MIIEvQIBADANBgkq of a key")
    assert shown == "line *** of a key"


def test_a_secret_within_another_leaves_nothing_of_the_longer() -> None:
    assert Mask(["password", "password-2"])("it is password-2") == "it is ***"


def test_what_is_short_is_no_secret() -> None:
    assert Mask(["abc", "", "  \n \n    ", "a\nb\nc\n"])("abc a b c") == "abc a b c"


@given(st.text(min_size=8).filter(lambda text: len(text.strip()) >= 8), st.text(), st.text())
def test_a_secret_is_hidden_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert secret not in Mask([secret])(f"{before}{secret}{after}").replace("***", "")


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("AWS_SECRET_ACCESS_KEY", True),
        ("AWS_SESSION_TOKEN", True),
        ("GITHUB_TOKEN", True),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", True),
        ("ACTIONS_RUNTIME_TOKEN", True),
        ("DB_PASSWORD", True),
        ("STRIPE_KEY", True),
        ("API_KEY_LIVE", True),
        ("npm_config_password", True),
        ("AWS_ACCESS_KEY_ID", False),
        ("AWS_REGION", False),
        ("KEYBOARD", False),
        ("PATH", False),
        ("GITHUB_SHA", False),
    ],
)
def test_names_say_what_is_a_secret(name: str, is_secret: bool) -> None:
    assert secrets_of({name: "the-value"}) == ["the-value"] * is_secret

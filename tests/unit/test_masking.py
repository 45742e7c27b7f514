"""Secrets are found in every form in which programs print them."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.masking import SecretMask, Secrets, secrets_of

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
    shown = SecretMask([secret])(said)
    assert "***" in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    left = shown.replace("before", "").replace("after", "")
    assert len(left) < len(form(secret)) / 2 + 12


def test_each_line_of_a_secret_is_one() -> None:
    shown = SecretMask([PEM])("line MIIEvQIBADANBgkq of a key")
    assert shown == "line *** of a key"


def test_a_secret_within_another_leaves_nothing_of_the_longer() -> None:
    assert SecretMask(["password", "password-2"])("it is password-2") == "it is ***"


def test_what_is_short_is_no_secret() -> None:
    assert SecretMask(["abc", "", "  \n \n    ", "a\nb\nc\n"])("abc a b c") == "abc a b c"


@given(st.text(min_size=8).filter(lambda text: len(text.strip()) >= 8), st.text(), st.text())
def test_a_secret_is_hidden_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert secret not in SecretMask([secret])(f"{before}{secret}{after}").replace("***", "")


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


# ---------------------------------------------------------------- environments that are there


def test_what_an_environment_has_is_a_secret() -> None:
    secrets = Secrets()
    assert secrets.hide("postgres://u:correct-horse@h") == "postgres://u:correct-horse@h"
    secrets.add_environment({"PASSWORD": "correct-horse", "LEVEL": "INFO"})
    assert secrets.hide("postgres://u:correct-horse@h INFO") == "postgres://u:***@h INFO"


def test_what_all_may_read_is_none_whenever_that_is_known() -> None:
    """A function's name that ends in production says nothing of a password, and stays a name."""
    secrets = Secrets()
    secrets.show(["orders-production", "eu-central-1"])
    secrets.add_environment({"STAGE": "production", "REGION": "eu-central-1", "TABLE": "orders-t1"})
    said = "orders-production in eu-central-1 reads orders-t1"
    assert secrets.hide(said) == "orders-production in eu-central-1 reads ***"
    secrets.show(["arn:aws:dynamodb:eu-central-1:1:table/orders-t1"])
    assert secrets.hide(said) == said


def test_a_secret_of_the_settings_is_one_wherever_it_stands() -> None:
    secrets = Secrets()
    secrets.show(["a-secret-somebody-wrote-down"])
    secrets.add(["secret-somebody"])
    assert secrets.hide("a-secret-somebody-wrote-down") == "a-***-wrote-down"


@pytest.mark.parametrize("name", ["PYTHONPATH", "PATH", "TZ"])
def test_paths_of_the_runtime_are_in_every_trace(name: str) -> None:
    secrets = Secrets()
    secrets.add_environment({name: "/var/task/lib", "OTHER": "/var/data/lib"})
    assert secrets.hide("/var/task/lib/app.py /var/data/lib/x") == "/var/task/lib/app.py ***/x"


def test_an_environment_that_lambda_quotes_is_cut() -> None:
    """However short its values are, and wherever the text was cut."""
    said = (
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided exceeded the 4KB limit. String measured: "
    )
    for quoted in ('{"PIN":"1234","A":"b"}', '{"PIN":"12'):
        shown = Secrets().hide(f"{said}{quoted} (InvalidParameterValueException)\nnext line")
        assert shown == f"{said}***\nnext line"


def test_secrets_come_from_many_threads() -> None:
    secrets = Secrets()
    words = [f"correct-horse-{n:03}" for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda word: secrets.add_environment({"A": word}), words))
    assert secrets.hide(" ".join(words)) == " ".join(["***"] * 200)


def test_a_thousand_values_cost_little() -> None:
    secrets = Secrets()
    begun = time.monotonic()
    for n in range(1000):
        secrets.add_environment({"A": f"value-number-{n:05}"})
        if not n % 50:
            secrets.hide("a line")
    assert time.monotonic() - begun < 3
    begun = time.monotonic()
    for _ in range(100):
        secrets.hide("a line of a usual length, with nothing in it that anybody has to hide")
    assert time.monotonic() - begun < 1

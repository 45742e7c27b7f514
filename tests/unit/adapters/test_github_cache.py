"""Whether GitHub's cache can be used, by what a runner hands over."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from lambda_fast_deploy.adapters import github_cache


def token(**claims: Any) -> str:
    """A JSON Web Token with these claims."""
    said = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{said}.signature"


@pytest.mark.parametrize(
    ("given", "trouble"),
    [
        ("", "the runner did not provide its variables"),
        ("notatoken", "its token is not a JSON Web Token"),
        ("a.b.c", "its token is not a JSON Web Token"),
        ("e30.W10.c", "its token is not a JSON Web Token"),
        ("e30." + "é" + ".c", "its token is not a JSON Web Token"),
        (token(exp=time.time() - 1), "its token has expired"),
        (token(exp=time.time() + 30), "its token has expired"),
        (token(exp=time.time() + 3600), ""),
        (token(ac="[]"), ""),
    ],
)
def test_a_token_that_buildkit_would_refuse_is_known_before(
    monkeypatch: pytest.MonkeyPatch, given: str, trouble: str
) -> None:
    monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", given)
    monkeypatch.setenv("ACTIONS_CACHE_URL", "http://127.0.0.1:9/")
    assert github_cache.trouble() == trouble


def test_a_token_without_an_address_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", token())
    for name in ("ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL"):
        monkeypatch.delenv(name, raising=False)
    assert github_cache.trouble() == "the runner did not provide its variables"

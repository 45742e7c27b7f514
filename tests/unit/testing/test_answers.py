"""Answers: what is expected of them, and what is said when they are others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.masking import SecretMask
from lambda_fast_deploy.models import FunctionTest
from lambda_fast_deploy.testing.answers import SHOWN
from tests.unit.testing.fakes import HEALTH, INVOKED, FakeAddress, answer, failure, run


@pytest.mark.parametrize(
    ("test", "given"),
    [
        (replace(HEALTH, status=404), answer(404)),
        (replace(HEALTH, json={"ok": True}), answer(200, {"ok": True, "more": 1})),
        (replace(HEALTH, json={"a": {"b": [1]}}), answer(200, {"a": {"b": [1]}})),
        (replace(HEALTH, json={"a.b.1.c": 2}), answer(200, {"a": {"b": [0, {"c": 2}]}})),
        (replace(HEALTH, json={"a.b": 1}), answer(200, {"a.b": 1, "a": {"b": 2}})),
        (replace(HEALTH, faster_than=0.5), answer(200)),
        (INVOKED, {"anything": 1}),
        (INVOKED, None),
        (replace(INVOKED, json={"ok": True}), {"ok": True}),
    ],
)
def test_what_was_expected_passes(test: FunctionTest, given: Any) -> None:
    assert run(test, FakeAddress(given))


@pytest.mark.parametrize(
    ("test", "given", "said"),
    [
        (HEALTH, answer(500, b"boom"), "GET /health answered 500 instead of 200: boom"),
        (HEALTH, answer(301), "GET /health answered 301 instead of 200: "),
        (
            HEALTH,
            answer(302, location="https://me:word@x/login?state=secret"),
            "GET /health answered 302 instead of 200, redirects to https://x/login?…: ",
        ),
        (replace(HEALTH, json={"a": 1}), answer(200, b"<html>"), "expected JSON, got <html>"),
        (
            replace(HEALTH, json={"status": "ok"}),
            answer(200, {"status": "bad"}),
            'expected status to be "ok", got "bad" in {"status": "bad"}',
        ),
        (
            replace(HEALTH, json={"status": "ok"}),
            answer(200, {}),
            'expected status to be "ok", got null in {}',
        ),
        (replace(HEALTH, json={"a": 1}), answer(200, [1]), "expected a to be 1, got null in [1]"),
        (
            replace(INVOKED, json={"ok": True}),
            {"ok": False},
            'expected ok to be true, got false in {"ok": false}',
        ),
        (replace(INVOKED, json={"ok": True}), None, "expected ok to be true, got null in null"),
        (HEALTH, FunctionTestFailed("no answer: timed out"), "no answer: timed out"),
        (
            replace(HEALTH, faster_than=0.01),
            answer(200),
            "answered after 12 ms; expected within 10 ms",
        ),
        (
            replace(HEALTH, json={"a.9": 1}),
            answer(200, {"a": []}),
            'expected a.9 to be 1, got null in {"a": []}',
        ),
    ],
)
def test_what_was_not_expected_is_said(test: FunctionTest, given: Any, said: str) -> None:
    assert failure(test, FakeAddress(given)).message == f"test {test.name} failed: {said}"


def test_a_long_answer_is_cut_with_its_length() -> None:
    message = failure(HEALTH, FakeAddress(answer(500, b"x" * 100_000))).message
    assert message.endswith("xxx… (100000 characters)")
    assert len(message) < SHOWN + 200


def test_an_answer_that_is_not_text_can_be_shown() -> None:
    assert "answered 500" in failure(HEALTH, FakeAddress(answer(500, b"\xff\xfe"))).message


@pytest.mark.parametrize("cut", range(170, 200, 3))
def test_no_half_of_a_secret_is_shown_where_an_answer_is_cut(cut: int) -> None:
    secret = "correct-horse-battery"
    address = FakeAddress(answer(500, f"{'x' * cut}{secret}".encode()))
    hidden = SecretMask([secret])
    failed = failure(HEALTH, address, hidden=hidden)
    assert "xxx***" in str(failed)
    assert "cor" not in str(failed)


def test_an_answer_too_deep_to_be_read_is_a_failure() -> None:
    test = replace(HEALTH, json={"a": 1})
    failed = failure(test, FakeAddress(answer(200, b"[" * 100_000)))
    assert "nested too deeply" in failed.message

"""Tests of HTTP: what they say of the answer."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.testing.fakes import HEALTH, FakeAddress, answer, run


def test_a_healthy_answer_passes_at_the_first_try() -> None:
    address = FakeAddress(answer(200))
    assert run(HEALTH, address) == "GET /health 200 in 12 ms"
    assert address.asked == [("GET", "/health")]


def test_a_redirect_passes_where_it_is_expected() -> None:
    test = replace(HEALTH, status=302)
    said = run(test, FakeAddress(answer(302, location="/login?next=x")))
    assert said == "GET /health 302 in 12 ms, redirects to /login?…"

"""Which tests run in which run."""

from __future__ import annotations

from engine.model import Event, Gate, S3Gate


def reason_to_run(gate: Gate, event: Event) -> str:
    """Why a test was asked for in so many words, or nothing."""
    if event.name == "release":
        return "a release runs every test"
    if event.asks_for("test-all"):
        return "the commit message says [test-all]"
    if isinstance(gate, S3Gate) and event.asks_for("test-s3"):
        return "the commit message says [test-s3]"
    return ""


def reason_to_skip(gate: Gate, event: Event, *, changed: bool) -> str:
    """Why a test does not run, or nothing when it does."""
    if reason_to_run(gate, event):
        return ""
    if isinstance(gate, S3Gate):
        return "runs with [test-s3], [test-all] or for a release"
    return "" if changed else "nothing changed"

"""What a Dockerfile stands on and what it needs."""

from __future__ import annotations

import pytest

from engine.content.dockerfile import links_copies, needs_buildkit, upstreams


@pytest.mark.parametrize(
    ("text", "arguments", "images"),
    [
        ("FROM python:3.13", {}, ["python:3.13"]),
        ("from --platform=linux/amd64 a/b:1 as x\nFROM x\nFROM scratch", {}, ["a/b:1"]),
        ("ARG TAG=3.12\nFROM python:${TAG}", {}, ["python:3.12"]),
        ("ARG TAG=3.12\nFROM python:${TAG}", {"TAG": "3.13"}, ["python:3.13"]),
        ("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}", {}, []),
        ("FROM ${BASE:-busybox:1}", {}, ["busybox:1"]),
        ("FROM a:1\nARG X=2\nFROM b:1\nFROM a:1", {}, ["a:1", "b:1"]),
        ("# FROM old:1\nFROM \\\n  new:1", {}, ["new:1"]),
        ("FROM a@sha256:" + "0" * 64, {}, ["a@sha256:" + "0" * 64]),
    ],
)
def test_the_images_that_stages_start_from(
    text: str, arguments: dict[str, str], images: list[str]
) -> None:
    assert upstreams(text, arguments) == images


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FROM a\nRUN dnf install -y jq", ""),
        ("# syntax=docker/dockerfile:1\nFROM a", "a syntax line"),
        ("FROM a\n# syntax=docker/dockerfile:1", ""),
        ("FROM a\nRUN --mount=type=cache,target=/x dnf install", "RUN --mount"),
        ("FROM a\nCOPY --link x /x", "COPY --link"),
        ("FROM a\nRUN <<EOF\ntrue\nEOF", "a here-document"),
        ("FROM a\nCOPY --chown=1:1 x /x", ""),
        ("FROM a\n# RUN --mount=type=cache true", ""),
    ],
)
def test_what_only_buildkit_can_do(text: str, reason: str) -> None:
    assert needs_buildkit(text) == reason


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("FROM a\nCOPY --link x /x", True),
        ("FROM a\nCOPY x /x", False),
        ("FROM a\nCOPY x /x\nFROM b\nCOPY --from=0 --link /x /x", True),
        ("FROM a", True),
    ],
)
def test_whether_the_last_stage_copies_with_links(text: str, linked: bool) -> None:
    assert links_copies(text) is linked

"""What a Dockerfile stands on and what it needs."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.fingerprints.images.builder_features import links_copies, needs_buildkit
from lambda_fast_deploy.fingerprints.images.dockerfile import read
from lambda_fast_deploy.fingerprints.images.upstream_images import pinned, upstreams


@pytest.mark.parametrize(
    ("text", "arguments", "images"),
    [
        ("FROM python:3.13", {}, ["python:3.13"]),
        ("from --platform=linux/amd64 a/b:1 as x\nFROM scratch\nFROM X", {}, ["a/b:1"]),
        ("ARG TAG=3.12\nFROM python:${TAG}", {}, ["python:3.12"]),
        ("ARG TAG=3.12\nFROM python:${TAG}", {"TAG": "3.13"}, ["python:3.13"]),
        ("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}", {}, []),
        ("FROM ${BASE:-busybox:1}", {}, ["busybox:1"]),
        ("FROM a:1 AS x\nARG X=2\nFROM b:1\nFROM c:1\nCOPY --from=x / /", {}, ["a:1", "c:1"]),
        ("ARG A=1\nARG B=x:${A}-y\nFROM ${B}", {}, ["x:1-y"]),
        ("ARG A='x:1'\nFROM ${A:+y:2}", {}, ["y:2"]),
        ("FROM a\nCOPY --from=tools:1 /a /b\nCOPY --from=tools:1 /c /d", {}, ["a", "tools:1"]),
        ("FROM a\nRUN --mount=type=bind,from=t:1,target=/t ls", {}, ["a", "t:1"]),
        ("FROM a\nONBUILD COPY --from=t:1 /a /b", {}, ["a", "t:1"]),
        ("FROM a\nCOPY --from=$X /a /b", {}, ["a"]),
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
        ("FROM a\nRUN --network=none true", "RUN --network"),
        ("FROM a\nRUN --security=insecure true", "RUN --security"),
        ("FROM a\nCOPY --link x /x", "COPY --link"),
        ("FROM a\nCOPY --chmod=755 x /x", "COPY --chmod"),
        ("FROM a\nADD --chmod=755 x /x", "ADD --chmod"),
        ("FROM a\nCOPY --parents x/y /x", "COPY --parents"),
        ("FROM a\nCOPY --exclude=*.md x /x", "COPY --exclude"),
        ("FROM a\nADD --checksum=sha256:0 https://example.org/x /x", "ADD --checksum"),
        ("FROM a\nADD --keep-git-dir=true git@example.org:x.git /x", "ADD --keep-git-dir"),
        ("FROM a\nADD git@example.org:x.git /x", "ADD of a Git repository"),
        ("FROM a\nADD https://example.org/x.git#v1 /x", "ADD of a Git repository"),
        ("FROM a\nADD https://example.org/x.tar /x", ""),
        ("FROM a\nARG TARGETARCH\nRUN echo $TARGETARCH", "TARGETARCH"),
        ("FROM --platform=$BUILDPLATFORM a", "BUILDPLATFORM"),
        ("FROM --platform=linux/amd64 a", ""),
        ("FROM a:${TARGETOS}", "TARGETOS"),
        ("FROM a\nRUN echo $TARGETARCHIVE", ""),
        ("FROM a\nRUN <<EOF\ntrue\nEOF", "a here-document"),
        ("FROM a\nCOPY <<EOF /x\ntrue\nEOF", "a here-document"),
        ("FROM a\nONBUILD RUN --mount=type=cache,target=/x true", "RUN --mount"),
        ("FROM a\nRUN true <<EOF", "syntax that may need BuildKit"),
        ("FROM a\nCOPY --chown=1:1 x /x", ""),
        ("FROM a\n# RUN --mount=type=cache true", ""),
    ],
)
def test_what_only_buildkit_can_do(text: str, reason: str) -> None:
    assert needs_buildkit(read(text), {}) == reason


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
    assert links_copies(read(text)) is linked


DIGESTS = {"py:3.13": "sha256:1", "tools:1": "sha256:2", "o/p:2": "sha256:3"}


@pytest.mark.parametrize(
    ("text", "by_digest"),
    [
        ("FROM py:3.13", "FROM py:3.13@sha256:1"),
        (
            "ARG V=3.13\nfrom \\\n --platform=linux/amd64 py:$V as X\nRUN true",
            "ARG V=3.13\nFROM --platform=linux/amd64 py:3.13@sha256:1 as X\n\nRUN true",
        ),
        (
            "FROM py:3.13 AS x\nFROM x\nCOPY --from=x a b\nCOPY --chown=1 --from=tools:1 a b",
            "FROM py:3.13@sha256:1 AS x\nFROM x\nCOPY --from=x a b\n"
            "COPY --chown=1 --from=tools:1@sha256:2 a b",
        ),
        (
            "FROM other:1\nRUN --mount=type=bind,from=o/p:2,target=/x echo from=o/p:2",
            "FROM other:1\nRUN --mount=type=bind,from=o/p:2@sha256:3,target=/x echo from=o/p:2",
        ),
        ("FROM py:3.13@sha256:9", "FROM py:3.13@sha256:9"),
    ],
)
def test_what_is_built_starts_from_the_digests_that_were_asked_for(
    text: str, by_digest: str
) -> None:
    assert pinned(text, {}, DIGESTS) == by_digest


def test_a_base_of_the_configuration_is_no_upstream() -> None:
    text = "ARG BASE_IMAGE=python:3.13\nFROM ${BASE_IMAGE}\nCOPY --from=tools:1 /a /b"
    assert upstreams(text, {}) == ["python:3.13", "tools:1"]
    assert upstreams(text, {}, base="mine") == ["tools:1"]

"""What builders say, and what becomes of it."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.adapters.build_errors import explained
from lambda_fast_deploy.adapters.build_log import BuildLog
from lambda_fast_deploy.errors import PushFailed

SOLVE = "ERROR: failed to solve: "


@pytest.mark.parametrize(
    ("line", "cause", "remedy"),
    [
        (
            'failed to solve: process "/bin/sh -c make" did not complete: exit code: 2',
            'process "/bin/sh -c make" did not complete: exit code: 2',
            "",
        ),
        ("write /var/lib: no space left on device", None, "docker system prune"),
        ("exec /bin/sh: exec format error", None, "docker/setup-qemu-action"),
        ("toomanyrequests: You have reached your unauthenticated pull rate limit", None, "log in"),
        ("error from registry: Rate exceeded", None, "log in"),
    ],
)
def test_the_cause_stands_first_and_the_remedy_is_known(
    line: str, cause: str | None, remedy: str
) -> None:
    error = explained("image of orders", ["#5 DONE 0.1s", f"ERROR: {line}"])
    assert error.message == f"image of orders failed: {cause or line}"
    assert remedy in error.remedy
    assert not isinstance(error, PushFailed)


RESOLVE = "{0}: failed to resolve source metadata for {0}: "
HEAD = "unexpected status from HEAD request to https://{}: "
AWSS, HUB, OWN = "public.ecr.aws/lambda/python:3.13", "docker.io/library/python:3", "r.example/b:1"


@pytest.mark.parametrize(
    ("image", "line", "remedy"),
    [
        (
            AWSS,
            RESOLVE.format(AWSS) + HEAD.format("public.ecr.aws/v2/x") + "403 Forbidden",
            "docker logout public.ecr.aws",
        ),
        (
            HUB,
            RESOLVE.format(HUB)
            + HEAD.format("registry-1.docker.io/v2/x")
            + "429 Too Many Requests",
            "docker.io limits pulls: log in to it",
        ),
        (
            AWSS,
            RESOLVE.format(AWSS) + "failed to authorize: failed to fetch anonymous token: "
            "unexpected status from GET request to https://public.ecr.aws/token/: 429 Too Many "
            "Requests",
            "public.ecr.aws limits pulls",
        ),
        (
            OWN,
            RESOLVE.format(OWN) + HEAD.format("r.example/v2/b") + "401 Unauthorized",
            "Log in to r.example before this step",
        ),
        (
            "r.example/b",
            "pull access denied for r.example/b, repository does not exist or may "
            "require 'docker login': denied: requested access to the resource is denied",
            "Log in to r.example",
        ),
        (OWN, RESOLVE.format(OWN) + f"{OWN}: not found", "Check the name"),
        (
            OWN,
            f'failed to resolve reference "{OWN}": failed to do request: Head "https://r.example'
            '/v2/b/manifests/1": dial tcp: lookup r.example: no such host',
            "can reach r.example",
        ),
    ],
)
def test_what_cannot_be_pulled_is_no_push_and_is_not_tried_again(
    image: str, line: str, remedy: str
) -> None:
    error = explained("image of orders", [SOLVE + line])
    assert not isinstance(error, PushFailed)
    assert error.message.startswith(f"image of orders failed: cannot pull {image}: ")
    assert remedy in error.remedy
    assert "PutImage" not in error.remedy


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("failed to push r/x:y: unexpected status from PUT request: 503 Unavailable", False),
        ("failed to push r/x:y: write: connection reset by peer", False),
        ("failed to push r/x:y: unexpected status from POST request: 403 Forbidden", True),
        ("failed to push r/x:y: denied: Your authorization token has expired.", True),
        ("failed to push r/x:y: no basic auth credentials", True),
    ],
)
def test_a_push_that_was_not_taken_can_be_tried_again(line: str, refused: bool) -> None:
    error = explained("image of orders", [SOLVE + line])
    assert isinstance(error, PushFailed)
    assert error.login_refused is refused
    assert ("ecr:PutImage" in error.remedy or "PutImage" in error.remedy) is refused


def test_a_tag_that_cannot_move_has_its_own_remedy() -> None:
    line = (
        "failed to push r/x:y: tag invalid: The image tag 'y' already exists in the 'x' "
        "repository and cannot be overwritten because the tag is immutable."
    )
    assert "IMMUTABLE_WITH_EXCLUSION" in explained("image", [SOLVE + line]).remedy


def test_without_a_line_of_its_own_the_last_one_is_the_cause() -> None:
    assert explained("image", ["one", "two", ""]).message == "image failed: two"
    assert explained("image", []).message == "image failed: "


LOG = """\
#0 building with "default" instance using docker driver
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
#2 importing cache manifest from host/x:buildcache
#2 inferred cache manifest type: application/vnd.oci.image.manifest.v1+json done
#2 DONE 0.0s
#3 importing cache manifest from gha:77
#3 ERROR: no such host
#4 importing cache manifest from host/y:buildcache
#4 ERROR: failed to configure registry cache importer: host/y:buildcache: not found
#5 [base 1/2] FROM host/base@sha256:1
#5 CACHED
#6 [base 2/2] RUN make
#6 CACHED
#7 [stage-1 1/1] COPY a b
#7 0.1 DONE by the program, not by BuildKit
#7 DONE 0.2s
#8 exporting cache to registry
#8 writing layer sha256:1 done
#8 ERROR: error writing manifest blob: 400 Bad Request
#9 [auth] token for host
#9 DONE 0.0s
"""


def test_the_log_tells_what_was_cached_and_what_became_of_caches() -> None:
    log = BuildLog()
    begun = [says for line in LOG.splitlines() if (says := log.read(line))]
    assert begun == ["[base 2/2] RUN make", "[stage-1 1/1] COPY a b"]
    assert str(log) == "1 of 2 steps cached"
    assert log.imported == ["host/x:buildcache"]
    assert log.absent == ["host/y:buildcache"]
    assert log.unreadable == {"gha:77": "no such host"}
    assert log.unwritten == {"registry": "error writing manifest blob: 400 Bad Request"}


def test_a_name_that_another_build_takes_at_the_same_moment_is_tried_again() -> None:
    line = 'failed to solve: image "host:1/x:app-1": already exists'
    error = explained("image of orders", [f"ERROR: {line}"])
    assert isinstance(error, PushFailed)
    assert not error.login_refused
    assert "PutImage" not in error.remedy

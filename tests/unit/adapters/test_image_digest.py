"""Registries that answer, refuse, drip and lie: what is found out, and who sees which log-in."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lambda_fast_deploy.adapters import image_digest
from lambda_fast_deploy.adapters.aws.registry import Login
from lambda_fast_deploy.adapters.image_digest import ImageDigests
from lambda_fast_deploy.adapters.image_reference import is_loopback, reference
from lambda_fast_deploy.errors import (
    DeployError,
    Invalid,
    NotFound,
    NotPermitted,
    Refused,
    Unavailable,
    Unreachable,
)
from tests.unit.adapters.internet import Asked, Certificate, Host, Internet, Reply

MANIFEST = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
FOUND = Reply(200, {"Docker-Content-Digest": DIGEST})
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
USER = base64.b64encode(b"user:of the registry").decode()
AWS = base64.b64encode(b"AWS:of ECR").decode()


def bearer(realm: str, scope: str = "repository:a/b:pull") -> Reply:
    """A registry's wish for a token."""
    wish = f'Bearer realm="{realm}",service="the.service",scope="{scope}"'
    return Reply(401, {"WWW-Authenticate": wish})


def basic(service: str = "ecr.amazonaws.com") -> Reply:
    """A registry's wish for user and password."""
    return Reply(401, {"WWW-Authenticate": f'Basic realm="https://here/",service="{service}"'})


def tokens(token: object = "a.token") -> Host:
    """A service that gives everybody this token."""
    return lambda asked: Reply(200, body=json.dumps({"token": token}).encode())


def wanting(wish: Reply, authorization: str, then: Reply = FOUND) -> Host:
    """A registry that answers who sends this, and tells others what it wants."""
    return lambda asked: then if asked.authorization == authorization else wish


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.made(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def internet(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Internet]:
    monkeypatch.setenv(
        "SSL_CERT_FILE", str(certificate.certificate)
    )  # and no others: that is quick
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("no_proxy", "NO_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Internet(certificate).up() as up:
        monkeypatch.setenv("HTTPS_PROXY", up.proxy)
        yield up


@pytest.fixture
def log_in(tmp_path: Path) -> Callable[..., None]:
    """Let docker's config.json hold the user's log-in for registries."""

    def write(*registries: str, **more: object) -> None:
        auths = {registry: {"auth": USER} for registry in registries}
        (tmp_path / "config.json").write_text(json.dumps({"auths": auths, **more}))

    return write


def digest(image: str, login: Callable[[str], Login] | None = None) -> str:
    """Ask for an image; ECR's log-in, unless another is given, is that of the account's own."""
    return ImageDigests("eu-west-1", login or (lambda _: Login(ECR, "AWS", "of ECR"))).digest(image)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("text", "full", "host"),
    [
        ("python", "docker.io/library/python:latest", "registry-1.docker.io"),
        ("python:3.13-slim", "docker.io/library/python:3.13-slim", "registry-1.docker.io"),
        ("index.docker.io/a/b", "docker.io/a/b:latest", "registry-1.docker.io"),
        ("docker.io/python", "docker.io/library/python:latest", "registry-1.docker.io"),
        ("a/b/c:1", "docker.io/a/b/c:1", "registry-1.docker.io"),
        ("ghcr.io/a/b:1", "ghcr.io/a/b:1", "ghcr.io"),
        ("localhost/a", "localhost/a:latest", "localhost"),
        ("localhost:5000/a:1", "localhost:5000/a:1", "localhost:5000"),
        ("UPPER/a", "UPPER/a:latest", "UPPER"),
        ("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000"),
        (f"a/b:1@{DIGEST}", f"docker.io/a/b@{DIGEST}", "registry-1.docker.io"),
    ],
)
def test_a_name_is_read_as_docker_reads_it(text: str, full: str, host: str) -> None:
    found = reference(text)
    assert (str(found), found.host) == (full, host)


@pytest.mark.parametrize(
    "text",
    ["", "A", "a b", "a:", "a:b:c", "a//b", "a@sha256:1", "u:p@h.test/a", "h.test/../a", "a/b?c",
     "h.test:x/a", "h.test:443#/a", "-h.test/a", "a:" + "1" * 129, "h.test/" + "a" * 300, "a\n",
     "h.test\r\nX: 1/a", "é/a.b/c"],
)  # fmt: skip
def test_what_is_no_name_is_asked_of_nobody(text: str) -> None:
    with pytest.raises(Invalid, match="is not the name of an image"):
        digest(text)


def test_only_this_machine_itself_is_asked_without_tls() -> None:
    here = ["localhost", "localhost:1", "LOCALHOST", "127.0.0.1", "127.9.9.9:5000", "[::1]:5000"]
    there = ["127.0.0.1.test", "localhost.test", "10.0.0.1", "0.0.0.0", "127.1", "[::2]", "a:127"]
    assert [host for host in [*here, *there] if is_loopback(host)] == here


def test_a_digest_needs_no_question(internet: Internet) -> None:
    assert digest(f"nobody.test/a@{DIGEST}") == DIGEST
    assert internet.asked == []


# ---------------------------------------------------------------- the way to a digest


def test_docker_hub_gives_everybody_a_token(internet: Internet) -> None:
    wish = bearer("https://auth.docker.io/token", "repository:library/python:pull")
    internet.hosts["registry-1.docker.io"] = wanting(wish, "Bearer a.token")
    internet.hosts["auth.docker.io"] = tokens()
    assert digest("python:3.13") == DIGEST
    first, token, last = internet.asked
    assert first.path == last.path == "/v2/library/python/manifests/3.13"
    assert {first.method, last.method} == {"HEAD"}
    assert "application/vnd.oci.image.index.v1+json" in first.accept
    assert token.query == {"service": "the.service", "scope": "repository:library/python:pull"}
    assert (first.authorization, token.authorization) == ("", "")
    assert internet.connected == ["registry-1.docker.io", "auth.docker.io"]  # and kept


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io"])
def test_a_stored_login_goes_to_the_token_service_alone(
    internet: Internet, log_in: Callable[..., None], key: str
) -> None:
    log_in(key, "other.test")
    wish = bearer("https://auth.docker.io/token")
    internet.hosts["registry-1.docker.io"] = wanting(wish, "Bearer a.token")
    internet.hosts["auth.docker.io"] = tokens()
    assert digest("a/b") == DIGEST
    seen = [asked.authorization for asked in internet.asked]
    assert seen == ["", f"Basic {USER}", "Bearer a.token"]


def test_a_stored_login_is_for_basic_too(
    internet: Internet, log_in: Callable[..., None], tmp_path: Path
) -> None:
    log_in("https://own.test")
    internet.hosts["own.test"] = wanting(basic("own"), f"Basic {USER}")
    assert digest("own.test/a") == DIGEST
    (tmp_path / "config.json").write_text('{"auths": {"own.test": {"auth": 7}, "x": []}}')
    with pytest.raises(Refused, match=r"own\.test has no image a:latest, or refuses access"):
        digest("own.test/a")


def test_ecr_is_asked_with_its_own_login_once_for_all_images(internet: Internet) -> None:
    internet.hosts[ECR] = wanting(basic(), f"Basic {AWS}")
    other = ECR.replace("123456789012", "999999999999")
    internet.hosts[other] = wanting(basic(), f"Basic {AWS}")
    regions: list[str] = []

    def login(region: str) -> Login:
        regions.append(region)
        return Login(ECR, "AWS", "of ECR")

    asking = ImageDigests("us-east-1", login)
    assert [asking.digest(f"{host}/a") for host in (ECR, ECR, other)] == [DIGEST] * 3
    assert regions == ["eu-west-1"]


def test_without_leave_for_ecrs_login_the_stored_one_counts(
    internet: Internet, log_in: Callable[..., None]
) -> None:
    def denied(region: str) -> Login:
        raise NotPermitted("no permission for ecr:GetAuthorizationToken")

    internet.hosts[ECR] = wanting(basic(), f"Basic {USER}")
    with pytest.raises(NotPermitted, match="ecr:GetAuthorizationToken"):
        digest(f"{ECR}/a", denied)
    log_in(ECR)
    assert digest(f"{ECR}/a", denied) == DIGEST


@pytest.mark.parametrize("head", [Reply(405), Reply(403), Reply(200)], ids=["405", "403", "bare"])
def test_where_head_does_not_tell_the_manifest_does(internet: Internet, head: Reply) -> None:
    whole = Reply(200, body=MANIFEST)
    internet.hosts["r.test"] = lambda asked: head if asked.method == "HEAD" else whole
    assert digest("r.test/a") == DIGEST


def test_a_registry_may_keep_its_manifests_elsewhere(internet: Internet) -> None:
    leads = Reply(307, {"Location": "https://store.test/x"})
    internet.hosts["r.test"] = wanting(bearer("https://r.test/token"), "Bearer a.token", leads)
    internet.hosts["store.test"] = lambda asked: FOUND
    registry = internet.hosts["r.test"]
    internet.hosts["r.test"] = lambda a: tokens()(a) if a.path == "/token" else registry(a)
    assert digest("r.test/a") == DIGEST
    assert [asked.authorization for asked in internet.of("store.test")] == [""]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_registry_of_this_machine_needs_no_tls_and_no_proxy(
    internet: Internet, log_in: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with internet.here(wanting(basic("own"), f"Basic {USER}"), tls=tls) as host:
        log_in(host)
        assert digest(f"{host}/a") == DIGEST


def test_what_the_machine_trusts_is_trusted(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    internet.hosts["r.test"] = lambda asked: FOUND
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    with pytest.raises(Unreachable, match=r"r\.test cannot be reached: self-signed certificate"):
        digest("r.test/a")
    assert internet.asked == []
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nonexistent")
    with pytest.raises(Unreachable, match="AWS_CA_BUNDLE names /nonexistent, which cannot be"):
        digest("r.test/a")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(internet.certificate.certificate))
    assert digest("r.test/a") == DIGEST


# ---------------------------------------------------------------- who sees a log-in


EVIL = "evil.test"
HOSTILE: dict[str, Host] = {
    "redirects": lambda asked: Reply(307, {"Location": f"https://{EVIL}/v2/a/manifests/1"}),
    "redirects-when-logged-in": wanting(
        bearer("https://r.test/token"),
        "Bearer a.token",
        Reply(302, {"Location": f"https://{EVIL}/"}),
    ),
    "redirects-for-tokens": lambda asked: (
        Reply(307, {"Location": f"https://{EVIL}/token"})
        if asked.path == "/token"
        else bearer("https://r.test/token")
    ),
    "gives-tokens-without-tls": lambda asked: bearer(f"http://{EVIL}/token"),
    "gives-tokens-without-tls-here": lambda asked: bearer("http://127.0.0.1:1/token"),
    "names-no-host": lambda asked: bearer("https:///token"),
    "names-a-user": lambda asked: bearer(f"https://r.test@{EVIL}/token"),
    "breaks-the-line": lambda asked: bearer("https://r.test/to ken"),
    "leads-to-a-file": lambda asked: Reply(302, {"Location": "file:///etc/passwd"}),
    "leads-without-tls": lambda asked: Reply(302, {"Location": f"http://{EVIL}/"}),
    "leads-in-a-circle": lambda asked: Reply(302, {"Location": asked.path}),
    "breaks-the-token": lambda asked: (
        tokens("a\r\nX: 1")(asked) if asked.path == "/token" else bearer("https://r.test/token")
    ),
    "gives-a-token-of-things": lambda asked: (
        tokens(["x"])(asked) if asked.path == "/token" else bearer("https://r.test/token")
    ),
    "gives-no-json": lambda asked: (
        Reply(200, body=b"[" * 9000) if asked.path == "/token" else bearer("https://r.test/token")
    ),
    "says-it-is-ecr": lambda asked: basic(),
    "wants-what-nobody-knows": lambda asked: Reply(401, {"WWW-Authenticate": "Negotiate, x,,="}),
    "answers-a-page": lambda asked: Reply(200, body=b"<html>log in</html>"),
    "answers-a-wrong-digest": lambda asked: Reply(200, {"Docker-Content-Digest": "sha256:x"}),
    "answers-without-end": lambda asked: Reply(200, body=iter(lambda: b"x" * 65536, b"")),
    "asks-for-a-token-again": wanting(bearer("https://r.test/token"), "never"),
}


@pytest.mark.parametrize("host", HOSTILE.values(), ids=HOSTILE)
def test_a_registry_that_means_ill_is_refused_and_leads_no_login_astray(
    internet: Internet, log_in: Callable[..., None], host: Host
) -> None:
    """The other host, too, wants to log in: with what is the registry's, where it says itself."""
    log_in("r.test")
    internet.hosts["r.test"] = host
    internet.hosts[EVIL] = lambda asked: (
        tokens()(asked) if asked.path == "/mine" else bearer(f"https://{EVIL}/mine")
    )
    with pytest.raises((Refused, NotFound), match=r"^r\.test .*\ba:1") as refused:
        digest("r.test/a:1")
    assert refused.value.remedy
    assert USER not in str(refused.value)
    assert [asked.authorization for asked in internet.of(EVIL)] in ([], [""])
    assert f"Basic {AWS}" not in [asked.authorization for asked in internet.asked]
    assert len(internet.asked) <= 6


def test_no_credential_helper_runs(
    internet: Internet,
    log_in: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    helper = tmp_path / "docker-credential-tattle"
    helper.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    log_in(credsStore="tattle", credHelpers={"r.test": "tattle"})
    internet.hosts["r.test"] = lambda asked: basic("own")
    with pytest.raises(Refused) as refused:
        digest("r.test/a")
    assert "credential helpers are not run" in refused.value.remedy
    assert not (tmp_path / "ran").exists()


# ---------------------------------------------------------------- what is told


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (Reply(404), NotFound, r"^r\.test has no image a:1 \(404\)"),
        (Reply(401), Refused, r"^r\.test has no image a:1, or refuses access to it \(401\)"),
        (Reply(403), Refused, r"refuses access to it \(403\)"),
        (Reply(429), Unavailable, r"limits requests from this address \(429\)"),
        (Reply(503), Unavailable, r"failed \(503\)"),
        (Reply(418), Refused, r"did not answer with a manifest \(418\)"),
    ],
)
def test_what_a_registry_says_is_told(
    internet: Internet, reply: Reply, kind: type[DeployError], says: str
) -> None:
    internet.hosts["r.test"] = lambda asked: reply
    with pytest.raises(kind, match=says) as raised:
        digest("r.test/a:1")
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("after", "asked"), [("0", 2), ("1", 2), ("3", 1), ("9999", 1), ("tomorrow", 1), ("", 1)]
)
def test_a_busy_registry_is_asked_once_more_at_most_and_only_soon(
    internet: Internet, after: str, asked: int
) -> None:
    internet.hosts["r.test"] = lambda _: Reply(429, {"Retry-After": after})
    with pytest.raises(Unavailable):
        digest("r.test/a")
    assert len(internet.asked) == asked


def test_a_busy_registry_that_has_time_again_tells(internet: Internet) -> None:
    replies = iter([Reply(429, {"Retry-After": "0"}), FOUND])
    internet.hosts["r.test"] = lambda _: next(replies)
    assert digest("r.test/a") == DIGEST


def test_nobody_there_is_told(internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreachable, match=r"nobody\.test cannot be reached: the proxy"):
        digest("nobody.test/a")
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 cannot be reached: Connection refused"):
        digest("127.0.0.1:1/a")
    monkeypatch.setenv("HTTPS_PROXY", "socks9://user:hunter2@nowhere:x")
    with pytest.raises(Unreachable) as raised:
        digest("nobody.test/a")
    assert "hunter2" not in str(raised.value)
    monkeypatch.delenv("HTTPS_PROXY")
    with pytest.raises(Unreachable, match="its name cannot be resolved"):
        digest("nobody.invalid/a")


def test_one_deadline_holds_for_everything(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes soon enough for a timeout of the socket, and the last never."""
    monkeypatch.setattr(image_digest, "_SECONDS", 0.5)
    over = threading.Event()

    def drip() -> Iterator[bytes]:
        while not over.wait(0.05):
            yield b" "

    def slow_head(asked: Asked) -> Reply:
        return Reply(405) if asked.method == "HEAD" else Reply(200, body=drip())

    def silent(asked: Asked) -> Reply:
        over.wait(30)
        return FOUND

    try:
        for host in (slow_head, silent):
            internet.hosts["r.test"] = host
            begun = time.monotonic()
            with pytest.raises(Unreachable, match=r"r\.test"):
                digest("r.test/a")
            assert time.monotonic() - begun < 2
    finally:
        over.set()

"""Requests against a real socket: what is sent where, and what is made of any answer."""

from __future__ import annotations

import base64
import contextlib
import time

import pytest

from lambda_fast_deploy.adapters.deadline import Deadline, OutOfTime
from lambda_fast_deploy.adapters.http import request, shown
from lambda_fast_deploy.errors import FunctionTestFailed
from tests.unit.sockets import Speak, dripping, http, serving

SECRET = {"Authorization": "Bearer correct-horse", "X-Amz-Security-Token": "battery-staple"}


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


# ---------------------------------------------------------------- what is an answer


def test_an_answer_has_its_status_and_its_whole_body() -> None:
    with serving(http("201 Created", b"x" * 200_000)) as server:
        answer = request("GET", f"{server.url}/a?b=c")
    assert (answer.status, answer.body, answer.location) == (201, b"x" * 200_000, "")
    assert server.heard[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")


def test_what_is_sent_is_what_was_given() -> None:
    with serving(http()) as server:
        request("PUT", f"{server.url}/%7ea/../b%2fc?q=%20#part", b"\xff\x00", {"X-One": "a: b"})
    head, _, body = server.heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /%7ea/../b%2fc?q=%20 HTTP/1.1\r\n")
    assert b"X-One: a: b" in head.split(b"\r\n")
    assert b"User-Agent: lambda-fast-deploy" in head.split(b"\r\n")
    assert body == b"\xff\x00"


def test_an_address_may_have_no_path() -> None:
    with serving(http()) as server:
        assert request("GET", f"{server.url}?a=1").status == 200
    assert server.heard[0].startswith(b"GET /?a=1 ")


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P", "300 C", "304 N"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_redirect_is_an_answer_and_nothing_goes_where_it_leads(status: str, method: str) -> None:
    with serving(http()) as other:
        there = f"{other.url}/latest/meta-data?token=x"
        with serving(http(status, Location=there)) as server:
            answer = request(method, server.url, b"" if method != "POST" else b"{}", SECRET)
    assert (answer.status, answer.location) == (int(status[:3]), there)
    assert other.heard == []
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    "to", ["ftp://127.0.0.9/x", "file:///etc/passwd", "http://[::1", "/", "", "//", "\x01", "http:"]
)
def test_a_redirect_to_nowhere_is_an_answer_too(to: str) -> None:
    with serving(http("302 Found", Location=to)) as server:
        assert request("GET", server.url).status == 302


# ---------------------------------------------------------------- what is none

GARBLED: dict[str, bytes] = {
    "nothing": b"",
    "an early end": b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"status":',
    "no status": b"HTTP/1.1 garbage\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "another version": b"HTTP/9.9 200 OK\r\n\r\n",
    "a long line": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
}


@pytest.mark.parametrize("said", GARBLED.values(), ids=GARBLED)
def test_what_is_no_answer_fails_the_test(said: bytes) -> None:
    with serving(said) as server, pytest.raises(FunctionTestFailed) as caught:
        request("GET", f"{server.url}/x", timeout=5)
    assert caught.value.message.startswith(f"GET {server.url}/x got no answer: ")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "http://[oops/",
        "http://",
        f"http://{'a' * 70}.example.invalid/",
        "http://ä\ud800.invalid/",
        "http://127.0.0.1:1/a b",
        "http://127.0.0.1:1/a\r\nX: y",
        "http://127.0.0.1:1/a\x00",
        "http://127.0.0.1:1/\u4e2d",
        "file:///etc/passwd",
        "ftp://x",
        "",
        "//x",
    ],
)
def test_an_address_that_cannot_be_asked_fails_the_test(url: str) -> None:
    with pytest.raises(FunctionTestFailed):
        request("GET", url, timeout=5)


@pytest.mark.parametrize("value", ["a\r\nInjected: yes", "a\nb", "\u4e2d", "\x00"])
def test_a_header_that_cannot_be_sent_fails_the_test(value: str) -> None:
    with serving(http()) as server:
        try:
            request("GET", server.url, headers={"X": value}, timeout=5)
        except FunctionTestFailed:
            return
        assert b"Injected" not in server.heard[0]


def test_a_long_path_is_sent() -> None:
    with serving(http("414 URI Too Long")) as server:
        assert request("GET", f"{server.url}/{'a' * 8000}").status == 414


def test_an_answer_that_is_too_long_fails_the_test() -> None:
    endless = dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000, 0)
    says = "answered 200 with more than 1 MB"
    with serving(endless) as server, pytest.raises(FunctionTestFailed, match=says):
        request("GET", server.url, most=1_000_000)


# ---------------------------------------------------------------- time

ENDLESS: dict[str, Speak] = {
    "silence": dripping(b"", b"", 0.05),
    "a header": dripping(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.05),
    "headers": dripping(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n", 0.05),
    "a body": dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"a", 0.05),
    "chunks": dripping(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", 0.05
    ),
    "goes on": dripping(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05),
}


@pytest.mark.parametrize("speak", ENDLESS.values(), ids=ENDLESS)
def test_a_deadline_holds_for_an_answer_that_never_ends(speak: Speak) -> None:
    begun = time.monotonic()
    with serving(speak) as server, pytest.raises(OutOfTime, match=r"within 0\.5 s"):
        Deadline.after(0.5).bound(lambda: request("GET", server.url, timeout=60))
    assert time.monotonic() - begun < 1.5


def test_a_body_that_drips_is_given_up_without_a_deadline_too() -> None:
    begun = time.monotonic()
    with (
        serving(ENDLESS["a body"]) as server,
        pytest.raises(FunctionTestFailed, match="within 1 s"),
    ):
        request("GET", server.url, timeout=1)
    assert time.monotonic() - begun < 3


def test_who_waits_can_give_up() -> None:
    def cancelled() -> None:
        raise KeyboardInterrupt

    begun = time.monotonic()
    with serving(ENDLESS["silence"]) as server, pytest.raises(KeyboardInterrupt):
        Deadline.after(60).bound(lambda: request("GET", server.url), cancelled)
    assert time.monotonic() - begun < 1.5


# ---------------------------------------------------------------- proxies


def test_a_proxy_is_asked_for_the_whole_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(http(body=b"of the proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:p%40ss@{proxy.host}")
        answer = request("GET", "http://functions.invalid/a?b", headers={"X": "1"})
    assert answer.body == b"of the proxy"
    lines = proxy.heard[0].split(b"\r\n")
    assert lines[0] == b"GET http://functions.invalid/a?b HTTP/1.1"
    assert b"Host: functions.invalid" in lines
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:p@ss") in lines


def test_a_proxy_of_https_sees_the_host_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(http("403 Forbidden")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(
            FunctionTestFailed, match="got no answer: Tunnel connection failed: 403"
        ):
            request("GET", "https://functions.invalid/secret-path", headers=SECRET)
    assert proxy.heard[0].startswith(b"CONNECT functions.invalid:443 ")
    assert b"secret" not in proxy.heard[0]
    assert b"correct-horse" not in proxy.heard[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "functions.invalid"])
def test_some_hosts_need_no_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "functions.invalid")
    with serving(http(body=b"of the server")) as server, serving(http()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with contextlib.suppress(FunctionTestFailed):  # there is no such host
            answer = request("GET", server.url.replace("127.0.0.1", host))
            assert answer.body == b"of the server"
    assert proxy.heard == []


# ---------------------------------------------------------------- what is shown


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://x/a/b", "https://x/a/b"),
        ("https://x/a?X-Amz-Signature=secret", "https://x/a?…"),
        ("https://x?secret", "https://x?…"),
        ("https://x/#secret", "https://x/?…"),
        ("https://me:secret@x/a", "https://x/a"),
        ("https://me:secret@x", "https://x"),
        ("/login?next=secret", "/login?…"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, said: str) -> None:
    assert shown(url) == said


def test_no_signature_is_told_when_nothing_answers() -> None:
    with pytest.raises(FunctionTestFailed) as caught:
        request("GET", "http://127.0.0.1:1/code.zip?X-Amz-Signature=abcdef")
    assert "abcdef" not in str(caught.value)

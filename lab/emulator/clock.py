"""Signatures that a wrong clock has dated are refused.

Requests must arrive within five minutes of their time stamp, and those of S3 within fifteen.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from lab.emulator.answers import failure
from lab.emulator.requests import Application, Message, Receive, Send, headers_of

_FORMAT = "%Y%m%dT%H%M%SZ"
_TOLERANCE = timedelta(minutes=5)
_OF_S3 = timedelta(minutes=15)
_SKEWED = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>RequestTimeTooSkewed</Code><Message>The '
    "difference between the request time and the current time is too large.</Message></Error>"
)


def timely(application: Application) -> Application:
    """Return ``application`` behind a look at the time stamp of each signature in a header."""

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await application(scope, receive, send)
            return
        kind, body = refusal
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body}
        )

    return serve


def _refusal(scope: Message) -> tuple[str, bytes] | None:
    headers = headers_of(scope)
    if not headers.get("authorization", "").startswith("AWS4-HMAC-SHA256"):
        return None
    stamp, now = headers.get("x-amz-date", ""), datetime.now(UTC)
    dated = now
    with suppress(ValueError):
        dated = datetime.strptime(stamp, _FORMAT).replace(tzinfo=UTC)
    if "/s3/aws4_request" in headers["authorization"]:
        late = abs(now - dated) > _OF_S3
        return ("application/xml", _SKEWED.encode()) if late else None
    if abs(now - dated) <= _TOLERANCE:
        return None
    edge = now - _TOLERANCE if dated < now else now + _TOLERANCE
    says = "Signature expired" if dated < now else "Signature not yet current"
    than = "earlier" if dated < now else "later"
    message = (
        f"{says}: {stamp} is now {than} than {edge.strftime(_FORMAT)} ({now.strftime(_FORMAT)} "
        f"{'-' if dated < now else '+'} 5 min.)"
    )
    if _is_query(scope):
        error = f"<Error><Code>SignatureDoesNotMatch</Code><Message>{message}</Message></Error>"
        return "text/xml", f"<ErrorResponse>{error}</ErrorResponse>".encode()
    answer = failure("InvalidSignatureException", message, 403)
    body = answer[2]
    return "application/x-amz-json-1.1", body if isinstance(body, bytes) else body.encode()


def _is_query(scope: Message) -> bool:
    """Whether it is a request of a service that answers in XML (IAM, STS, CloudFormation, …)."""
    return headers_of(scope).get("content-type", "").startswith("application/x-www-form")

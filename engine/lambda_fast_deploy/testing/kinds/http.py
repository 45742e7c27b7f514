"""Tests the answer to an HTTP request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from lambda_fast_deploy import units
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.iam.permissions import CALL_APIS
from lambda_fast_deploy.models import Access, EventKind, NeededPermission
from lambda_fast_deploy.schema.records import Key
from lambda_fast_deploy.schema.shapes import (
    ChoiceShape,
    IntegerShape,
    MapOf,
    TextShape,
)
from lambda_fast_deploy.testing.answers import excerpt, expect_json, expect_speed, redirect
from lambda_fast_deploy.testing.kinds.kind import EVENT, FASTER_THAN, JSON, Entry, KindOfTest

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.deadline import Deadline
    from lambda_fast_deploy.testing.endpoints import Address
    from lambda_fast_deploy.testing.target import Target

METHOD, STATUS = "GET", 200  # defaults
# RFC 9110, section 5.5; Python sends ISO 8859-1
_FIELD = r"[\t\x20-\x7e\x80-\xff]*"
_GATEWAY = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTest(KindOfTest):
    """An HTTP request. ``target`` is a path of the function, or a full address.

    ``faster_than`` is in seconds; ``auth`` says whether to sign the request. ``event`` is the kind
    of event that a path becomes, if it differs from the one in the stack.
    """

    key: ClassVar = "http"
    secret_keys: ClassVar = ("headers",)
    keys: ClassVar = {
        "http": Key(
            TextShape(
                r"(/|https?://)[!-~]*",
                "a path that begins with /, or an address, with %20 for a blank and the like",
            ),
            "HTTP request to send; a path is sent to the new version before it receives traffic, a "
            "full URL is requested after the alias points at it",
        ),
        "method": Key(
            TextShape(r"[A-Z]+", "a method such as POST"), "method of the request", default=METHOD
        ),
        "headers": Key(
            MapOf(
                TextShape(_FIELD, "one line of printable characters, of ISO 8859-1"),
                r"[!#$%&'*+.^_`|~0-9A-Za-z-]+",
                "a header's name",
            ),
            "headers of the request",
        ),
        "body": Key(TextShape(".*"), "body of the request"),
        "auth": Key(
            ChoiceShape(("iam",)), "sign a request to a full URL with the run's credentials"
        ),
        "event": EVENT,
        "status": Key(
            IntegerShape(100, 599, "as an HTTP status"), "expected status", default=STATUS
        ),
        "json": JSON,
        "faster-than": FASTER_THAN,
    }

    target: str
    method: str = METHOD
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = STATUS
    json: Mapping[str, object] = field(default_factory=dict)
    faster_than: float | None = None
    auth: Access = "public"
    event: EventKind | None = None

    @classmethod
    def read(cls, entry: Entry) -> HttpTest:
        value = entry.value
        test = cls(
            target=value["http"],
            method=value["method"],
            headers=value.get("headers", {}),
            body=value.get("body", ""),
            status=value["status"],
            json=value.get("json", {}),
            faster_than=value.get("faster-than"),
            auth=value.get("auth", "public"),
            event=value.get("event"),
            **entry.options,
        )
        if test.is_elsewhere and (reason := _unusable(test.target)):
            entry.problem(f"http: {reason}", "http")
        if test.auth == "iam" and not test.is_elsewhere:
            problem = "only applies to a full URL; a path is signed if the function's url is iam"
            entry.problem(problem, "auth")
        if test.event and test.is_elsewhere:
            problem = "only applies to a path; a full URL has a service that creates the event"
            entry.problem(problem, "event")
        return test

    @property
    def is_elsewhere(self) -> bool:
        """Whether it requests a full address, which serves the live version."""
        return not self.target.startswith("/")

    @property
    def runs_before_traffic(self) -> bool:
        return not self.is_elsewhere

    def runs_live(self, *, has_url: bool) -> bool:
        return has_url or self.is_elsewhere

    @property
    def invokes_function(self) -> bool:
        return not self.is_elsewhere

    @property
    def is_repeatable(self) -> bool:
        return self.method == "GET"

    def permissions(
        self, partition: str, region: str, account: str
    ) -> tuple[NeededPermission, ...]:
        if not self.is_elsewhere or self.auth != "iam":
            return ()
        match = _GATEWAY.match(self.target)
        api = match.group(1) if match else "*"  # a custom domain does not contain the API's id
        resource = Arn(partition, "execute-api", region, account, f"{api}/*/{self.method}/*")
        return (NeededPermission(CALL_APIS, str(resource)),)

    def run(self, target: Target, deadline: Deadline) -> str:
        path = "" if self.is_elsewhere else self.target
        body = self.body.encode("utf-8", "surrogateescape")
        address = self._address(target).by(self.event)
        answer = deadline.bound(
            lambda: address.request(self.method, path, body, self.headers), target.check
        )
        request = f"{self.method} {self.target}"
        if answer.status != self.status:
            raise FunctionTestFailed(
                f"{request} answered {answer.status} instead of {self.status}"
                f"{redirect(answer)}: {excerpt(answer.body, target.hidden)}"
            )
        expect_json(self.json, answer.body, target.hidden)
        expect_speed(answer.seconds, self.faster_than)
        return (
            f"{request} {answer.status} in {units.milliseconds(answer.seconds)}{redirect(answer)}"
        )

    def _address(self, target: Target) -> Address:
        if not self.is_elsewhere:
            return target.address
        from lambda_fast_deploy.testing.endpoints import UrlAddress

        service = "lambda" if ".lambda-url." in self.target else "execute-api"
        return UrlAddress(self.target, target.sign(service) if self.auth == "iam" else None)


def _unusable(address: str) -> str:
    """Why an address cannot be used; empty if it can."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # reading port parses it
    except ValueError as error:
        return f"not a valid address: {error}"
    if not host:
        return "the address has no host"
    if parts.username is not None:
        return "put user and password in headers: authorization, not in the address"
    return ""

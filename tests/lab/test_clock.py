"""Signatures have a time stamp, which must be about right."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from urllib.request import Request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.lab.making import fetch

PATHS = {"lambda": "/2015-03-31/functions/", "s3": "/"}


def asked(service: str, minutes: float, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """What is answered to a request that a clock has dated which is so many minutes ahead."""
    wrong = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: wrong)
    made = AWSRequest("GET", f"{os.environ['AWS_ENDPOINT_URL']}{PATHS[service]}")
    key = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(key, service, "us-east-1").add_auth(made)
    return fetch(Request(made.url, headers=dict(made.headers)))


@pytest.mark.parametrize(
    ("service", "minutes", "says"),
    [
        ("lambda", 4, ""),
        ("lambda", -4, ""),
        ("lambda", 6, "Signature not yet current: "),
        ("lambda", -6, "Signature expired: "),
        ("s3", 14, ""),
        ("s3", -14, ""),
        ("s3", 16, "RequestTimeTooSkewed"),
        ("s3", -16, "RequestTimeTooSkewed"),
    ],
)
def test_a_time_stamp_may_be_minutes_off(
    service: str, minutes: float, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, body = asked(service, minutes, monkeypatch)
    assert status == (403 if says else 200)
    assert says in body

"""The registry protocol (/v2/...) as ECR speaks it: nothing without docker login.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from ministack.services import ecr

from lab.emulator.answers import Answer
from lab.emulator.settings import REGISTRY_PASSWORD, REGISTRY_USER, Settings

_handle_registry_request = ecr.handle_registry_request
_PAIR = re.compile(rf"{REGISTRY_USER}:{REGISTRY_PASSWORD}(?:\.(\w+))?")


def holder(authorization: str) -> str | None:
    """Return the access key of whom a password was given to, or None if it is no password.

    Nothing stands for the lab's own key, which the password does not name.
    """
    scheme, _, secret = authorization.partition(" ")
    try:
        pair = base64.b64decode(secret if scheme.lower() == "basic" else "").decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    match = _PAIR.fullmatch(pair)
    return (match[1] or "") if match else None


def teach(settings: Settings) -> None:
    """Install the login."""
    realm = f"http://{settings.address}/"  # on AWS the registry itself, too

    async def handle_registry_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        """Answer 401 with a Basic challenge unless the password of GetAuthorizationToken is sent.

        A URL of GetDownloadUrlForLayer is signed and needs none.
        """
        sent = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
        if holder(sent) is None and query.get("X-Amz-Signature") != [REGISTRY_PASSWORD]:
            refusal = {"errors": [{"code": "DENIED", "message": "Not Authorized"}]}
            return (
                401,
                {
                    "Content-Type": "application/json",
                    "Docker-Distribution-Api-Version": "registry/2.0",
                    "WWW-Authenticate": f'Basic realm="{realm}",service="ecr.amazonaws.com"',
                },
                json.dumps(refusal).encode(),
            )
        answer: Answer = await _handle_registry_request(method, path, headers, body, query)
        return answer

    ecr.handle_registry_request = handle_registry_request

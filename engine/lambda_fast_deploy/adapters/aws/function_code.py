"""Code in the form that Lambda takes, and Lambda's errors about code it cannot read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lambda_fast_deploy.errors import ContentMismatch, ImageRefused, Refused


def checked(name: str, sha256: str, answer: Mapping[str, Any]) -> None:
    """Check that Lambda received the zip that this run sent.

    Args:
        name: the function's name.
        sha256: the zip's ``CodeSha256``; ``""`` if unknown.
        answer: the configuration in Lambda's answer.

    Raises:
        ContentMismatch: Lambda has another zip.
    """
    if sha256 and answer["CodeSha256"] != sha256:
        raise ContentMismatch(name, sha256, str(answer["CodeSha256"]))


def whole(code: Mapping[str, Any], architecture: str, key: str) -> dict[str, Any]:
    """Code with the parameters that Lambda resets if they are absent (``UpdateFunctionCode``)."""
    encryption = {"SourceKMSKeyArn": key} if key else {}
    return {**code, "Architectures": [architecture], **encryption}


def unless_unreadable(work: Callable[[], Any]) -> Any:
    """An API call that names an image, whose media types Lambda may refuse immediately."""
    try:
        return work()
    except Refused as refusal:
        if re.search(r"media type .* not supported", refusal.message):
            raise ImageRefused(refusal.message, code=refusal.code) from None
        raise

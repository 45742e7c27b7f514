"""Code as Lambda takes it, and how it refuses what it cannot read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lambda_fast_deploy.errors import ContentMismatch, ImageRefused, Refused


def checked(name: str, wanted: str, answer: Mapping[str, Any]) -> None:
    """Make sure that Lambda has taken the zip that was given to it.

    Args:
        name: the function's.
        wanted: the zip's ``CodeSha256``; nothing if it is not known.
        answer: the configuration that Lambda has answered.

    Raises:
        Exchanged: it has taken another one.
    """
    if wanted and answer["CodeSha256"] != wanted:
        raise ContentMismatch(name, wanted, str(answer["CodeSha256"]))


def whole(code: Mapping[str, Any], architecture: str, key: str) -> dict[str, Any]:
    """Code with everything that Lambda resets unless it comes along (``UpdateFunctionCode``)."""
    encryption = {"SourceKMSKeyArn": key} if key else {}
    return {**code, "Architectures": [architecture], **encryption}


def unless_unreadable(work: Callable[[], Any]) -> Any:
    """An API call that names an image; Lambda may refuse its media types at once."""
    try:
        return work()
    except Refused as refusal:
        if re.search(r"media type .* not supported", refusal.message):
            raise ImageRefused(refusal.message, code=refusal.code) from None
        raise

"""Lambda's errors in AWS's own words, where MiniStack has others (tests/lab/recorded.toml)."""

from __future__ import annotations

import re
from typing import Any

from ministack.services import lambda_svc

_WORDS = (
    (re.compile("Alias not found: "), "Cannot find alias arn: "),
    (
        re.compile(r"The RevisionId provided .* the Lambda function or alias\. .*"),
        "The Revision Id provided does not match the latest Revision Id. Call the "
        "GetFunction/GetAlias API to retrieve the latest Revision Id",
    ),
)

_error = lambda_svc.error_response_json


def error(code: str, message: str, *rest: Any, **named: Any) -> Any:
    """An error of Lambda's API."""
    for theirs, words in _WORDS:
        message = theirs.sub(words, message)
    return _error(code, message, *rest, **named)


def teach() -> None:
    """Replace the words of MiniStack's Lambda."""
    lambda_svc.error_response_json = error

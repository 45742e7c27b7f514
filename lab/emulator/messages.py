"""Lambda's errors in AWS's own words, where MiniStack has others (tests/lab/recorded.toml)."""

from __future__ import annotations

import re
from typing import Any

from ministack.services import lambda_svc

from lab.emulator.answers import Answer

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
    """Replace the words of MiniStack's Lambda, and of what the other modules have made of it."""
    create_alias, get_function = lambda_svc._create_alias, lambda_svc._get_function

    def created(name: str, request: dict[str, Any]) -> Answer:
        answer: Answer = create_alias(name, request)
        says, arn = b"Alias already exists: ", f"{lambda_svc._func_arn(name)}:".encode()
        return (*answer[:2], answer[2].replace(says, says + arn))

    def found(name: str, qualifier: str | None = None) -> Answer:
        answer: Answer = get_function(name, qualifier)
        if answer[0] != 404 or not qualifier:
            return answer
        says = f'Function not found: {lambda_svc._func_arn(name)}"'.encode()
        return (*answer[:2], answer[2].replace(says, says[:-1] + f':{qualifier}"'.encode()))

    lambda_svc.error_response_json = error
    lambda_svc._create_alias = created
    lambda_svc._get_function = found

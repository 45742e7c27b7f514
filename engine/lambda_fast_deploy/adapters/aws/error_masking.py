"""Masks environment variables in errors of the Lambda API, which quote them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_fast_deploy.errors import Refused
from lambda_fast_deploy.masking import LENGTH

_TOO_MANY = re.compile(r"exceeded the 4 ?KB limit", re.IGNORECASE)
_MEASURED = re.compile(r"\s*String measured:.*?(?=(?: \([^()]*\))?$)", re.DOTALL)


@contextlib.contextmanager
def unquoted(parameters: Mapping[str, Any]) -> Iterator[None]:
    """A call with these parameters, whose error does not show the variables' values.

    These include variables set outside this project, which no configuration names.
    """
    try:
        yield
    except Refused as refusal:
        variables = parameters.get("Environment", {}).get("Variables", {})
        refusal.hide(lambda text: _without(text, variables))
        if _TOO_MANY.search(refusal.message):
            refusal.remedy = (
                "Lambda's limit for the environment is 4 KB: store large values in a parameter, "
                "a secret or a bucket, and put the name of that in a variable."
            )
        raise


def _without(text: str, variables: Mapping[str, str]) -> str:
    text = _MEASURED.sub("", text)
    for value in sorted(variables.values(), key=len, reverse=True):
        if len(value) >= LENGTH:
            text = text.replace(value, "***")
    return text

"""Environment variables in calls of the Lambda API, whose refusals quote them."""

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
    """A call with these parameters; a refusal of it is told without the variables' values.

    Among them are those that others have set, which no configuration names.
    """
    try:
        yield
    except Refused as refusal:
        variables = parameters.get("Environment", {}).get("Variables", {})
        refusal.hide(lambda text: _without(text, variables))
        if _TOO_MANY.search(refusal.message):
            refusal.remedy = (
                "Lambda takes 4 KB of environment: keep large values in a parameter, a secret or a "
                "bucket, and name that in a variable."
            )
        raise


def _without(text: str, variables: Mapping[str, str]) -> str:
    text = _MEASURED.sub("", text)
    for value in sorted(variables.values(), key=len, reverse=True):
        if len(value) >= LENGTH:
            text = text.replace(value, "***")
    return text

"""The lab's AWS further away, slower, or with the quotas of an account, for a while."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

UPDATE = 0.5  # seconds that a change of a function takes unless told otherwise


@contextmanager
def paced(
    *,
    request: float = 0.0,
    update: float = UPDATE,
    quota: float | None = None,
    metrics: float = 0.0,
    minute: int = 60,
) -> Iterator[None]:
    """AWS at another pace in the block.

    Args:
        request: seconds that each call takes more.
        update: seconds that a change of a function takes.
        quota: the part of an account's quotas of Lambda's API that is left, if there are any.
        metrics: seconds after which CloudWatch shows a call.
        minute: seconds that its minute has.
    """
    quotas = {} if quota is None else {"quota": quota}
    _put(request=request, update=update, metrics=metrics, minute=minute, **quotas)
    try:
        yield
    finally:
        _put()


def _put(**pace: float) -> None:
    address = f"{os.environ['AWS_ENDPOINT_URL']}/_lab/pace?{urlencode(pace)}"
    urllib.request.urlopen(urllib.request.Request(address, method="PUT")).close()

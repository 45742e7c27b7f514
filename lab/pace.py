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
    provisioned: float = UPDATE,
) -> Iterator[None]:
    """AWS at another pace in the block.

    Args:
        request: seconds that each call takes more.
        update: seconds that a change of a function takes.
        quota: the part of an account's quotas of Lambda's API that is left, if there are any.
        metrics: seconds after which CloudWatch shows a call.
        minute: seconds that its minute has.
        provisioned: seconds until an alias with provisioned concurrency serves another version.
    """
    quotas = {} if quota is None else {"quota": quota}
    late = {"metrics": metrics, "minute": minute, "provisioned": provisioned}
    _put(request=request, update=update, **late, **quotas)
    try:
        yield
    finally:
        _put()


def _put(**pace: float) -> None:
    address = f"{os.environ['AWS_ENDPOINT_URL']}/_lab/pace?{urlencode(pace)}"
    urllib.request.urlopen(urllib.request.Request(address, method="PUT")).close()

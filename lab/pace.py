"""The lab's AWS further away, slower, or with the quotas of an account, for a while."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

UPDATE = 0.5  # seconds that a change of a function takes unless told otherwise


@contextmanager
def paced(*, request: float = 0.0, update: float = UPDATE, quota: bool = False) -> Iterator[None]:
    """AWS at another pace in the block.

    Args:
        request: seconds that each call takes more.
        update: seconds that a change of a function takes.
        quota: whether no more calls of Lambda's API are answered than an account may make.
    """
    _put(request=request, update=update, **({"quota": 1} if quota else {}))
    try:
        yield
    finally:
        _put()


def _put(**pace: float) -> None:
    address = f"{os.environ['AWS_ENDPOINT_URL']}/_lab/pace?{urlencode(pace)}"
    urllib.request.urlopen(urllib.request.Request(address, method="PUT")).close()

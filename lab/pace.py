"""The lab's AWS further away, or slower, for a while."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

UPDATE = 0.5  # seconds that a change of a function takes unless told otherwise


@contextmanager
def paced(*, request: float = 0.0, update: float = UPDATE) -> Iterator[None]:
    """Seconds that each call takes more, and that a change of a function takes, in the block."""
    _set(request, update)
    try:
        yield
    finally:
        _set(0.0, UPDATE)


def _set(request: float, update: float) -> None:
    address = f"{os.environ['AWS_ENDPOINT_URL']}/_lab/pace?request={request}&update={update}"
    urllib.request.urlopen(urllib.request.Request(address, method="PUT")).close()

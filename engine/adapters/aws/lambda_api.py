"""What all calls of the Lambda API share: they wait for an update that is under way."""

from __future__ import annotations

import re
from typing import Any

from engine.adapters import retry
from engine.adapters.aws.session import Aws
from engine.errors import Conflict, Refused

_BUSY = re.compile(r"in progress|currently in the following state")


class LambdaApi:
    """The Lambda API of one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def call(self, operation: str, *, once: bool = False, **parameters: Any) -> Any:
        """Make one call; ``once`` if it must not be made again when its answer is lost."""
        return self._aws.call(self._region, "lambda", operation, once=once, **parameters)

    def pages(self, operation: str, items: str, **parameters: Any) -> list[Any]:
        """Make calls until everything is listed; what all pages hold under ``items``."""
        found: list[Any] = []
        marker: dict[str, str] = {}
        while True:
            page = self.call(operation, **{**parameters, **marker})
            found += page.get(items, [])
            if not page.get("NextMarker"):
                return found
            marker = {"Marker": page["NextMarker"]}

    def change(self, operation: str, **parameters: Any) -> Any:
        """A change, tried again while an earlier one is still in progress.

        Only that conflict is waited for: a stale RevisionId means that somebody else deployed.
        """
        repeated = False

        def attempt() -> Any:
            nonlocal repeated
            try:
                return self.call(operation, **parameters)
            except Conflict as conflict:
                repeated = conflict.repeated = repeated or conflict.repeated
                if conflict.code == "ResourceConflictException" and _BUSY.search(conflict.message):
                    raise _Busy(conflict.message, code=conflict.code) from None
                raise

        try:
            return retry.again(attempt, _Busy, attempts=12, first=0.25)
        except _Busy as busy:
            raise Conflict(busy.message, code=busy.code) from None


class _Busy(Refused):
    """An earlier update of the same function is still in progress."""

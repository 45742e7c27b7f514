"""What all calls of the Lambda API share: they wait for an update that is under way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.adapters import retry
from engine.adapters.aws.session import Aws
from engine.errors import Conflict, Refused


class LambdaApi:
    """The Lambda API of one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def call(self, operation: str, **parameters: Any) -> Any:
        """Make one call."""
        return self._aws.call(self._region, "lambda", operation, **parameters)

    def pages(self, operation: str, items: str, **parameters: Any) -> list[Any]:
        """Make calls until everything is listed; what all pages hold under ``items``."""
        found: list[Any] = []
        marker: dict[str, str] = {}
        while True:
            page = self.call(operation, **parameters, **marker)
            found += page.get(items, [])
            if not page.get("NextMarker"):
                return found
            marker = {"Marker": page["NextMarker"]}

    def change(self, operation: str, **parameters: Any) -> Any:
        """A change, tried again while an earlier one is still in progress.

        Only that conflict is waited for: a stale RevisionId means that somebody else deployed.
        """
        try:
            return retry.again(
                lambda: self._unless_busy(operation, parameters), _Busy, attempts=12, first=0.25
            )
        except _Busy as busy:
            raise Conflict(busy.message, code=busy.code) from None

    def _unless_busy(self, operation: str, parameters: Mapping[str, Any]) -> Any:
        try:
            return self.call(operation, **parameters)
        except Conflict as conflict:
            if conflict.code == "ResourceConflictException" and re.search(
                r"in progress|currently in the following state", conflict.message
            ):
                raise _Busy(conflict.message, code=conflict.code) from None
            raise


class _Busy(Refused):
    """An earlier update of the same function is still in progress."""

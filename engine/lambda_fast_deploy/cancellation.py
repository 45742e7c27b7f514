"""The cancellation of a run: set by a signal, and checked before each step."""

from __future__ import annotations

from lambda_fast_deploy.errors import Cancelled


class Cancellation:
    """A flag that stays set once it is set."""

    def __init__(self) -> None:
        self._is_requested = False

    def request(self) -> None:
        """Cancel the run; safe to call from a signal handler."""
        self._is_requested = True

    @property
    def is_requested(self) -> bool:
        """Whether the run was cancelled."""
        return self._is_requested

    def check(self) -> None:
        """Raise an error if the run was cancelled.

        Raises:
            Cancelled: the run was cancelled.
        """
        if self._is_requested:
            raise Cancelled("the run was cancelled")

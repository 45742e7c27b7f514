"""Whether a run shall stop: set by a signal, and looked at before whatever begins next."""

from __future__ import annotations

from lambda_fast_deploy.errors import Cancelled


class Cancellation:
    """A wish that is never taken back."""

    def __init__(self) -> None:
        self._is_requested = False

    def request(self) -> None:
        """Let no further step begin; safe to call from a signal handler."""
        self._is_requested = True

    @property
    def is_requested(self) -> bool:
        """Whether the run shall stop."""
        return self._is_requested

    def check(self) -> None:
        """End what would begin now.

        Raises:
            Cancelled: the run shall stop.
        """
        if self._is_requested:
            raise Cancelled("the run was cancelled")

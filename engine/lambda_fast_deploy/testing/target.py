"""The target of a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.testing.endpoints import Address, Sign


@dataclass(frozen=True, slots=True)
class Target:
    """A function in a region, and the clients that a test may need to call it.

    ``environment`` is that of commands, and ``root`` their working directory. ``not_yet`` gets the
    error of each failed attempt, and ``check`` is called during one; both may raise to stop the
    test. ``hidden`` masks secrets in a text. Mask a text before you cut it: a part of a secret is
    not recognised.
    """

    address: Address
    region: str
    clients: Clients
    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    not_yet: Callable[[str], None] = lambda _: None
    check: Callable[[], None] = lambda: None
    hidden: Callable[[str], str] = str

    def sign(self, service: str) -> Sign:
        """A function that signs requests to a service of AWS with the run's credentials."""
        return signer(self.clients, self.region, service)


def signer(clients: Clients, region: str, service: str) -> Sign:
    """A function that signs requests to a service of a region with the run's credentials."""
    return partial(clients.aws.signed, region, service)

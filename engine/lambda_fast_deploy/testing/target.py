"""What a test is run against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.testing.endpoints import Address, Sign


@dataclass(frozen=True, slots=True)
class Target:
    """A function in a region, and what a test may need to reach it.

    ``environment`` is what commands get, and ``root`` where they run. ``not_yet`` is called with
    what is still wrong after each attempt, and ``check`` during one; both may raise to give up.
    ``hidden`` masks secrets in a text: mask it before it is cut, as half of a secret is not
    recognised any more.
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
        """The signature of requests to a service of AWS, with the run's credentials."""
        return signer(self.clients, self.region, service)


def signer(clients: Clients, region: str, service: str) -> Sign:
    """The signature of requests to a service of a region, with the run's credentials."""
    return partial(clients.aws.signed, region, service)

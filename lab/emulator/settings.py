"""What the lab tells the emulator, through its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REGISTRY_USER = "AWS"
REGISTRY_PASSWORD = "lab-registry-token"  # ECR hands out a password valid for 12 hours
ROLE_NAME = "lambda-execution"


@dataclass(frozen=True)
class Settings:
    """What the lab decided.

    ``port``: where clients reach the emulator on 127.0.0.1; ``listen``: the descriptor of each
    socket to listen on; ``requests``: the request log; ``runtime``: the interpreter of zip
    functions.
    """

    port: int
    listen: tuple[int, ...]
    requests: Path
    runtime: Path

    @classmethod
    def read(cls) -> Settings:
        """Read the settings from the environment. Raises KeyError if one is missing."""
        return cls(
            port=int(os.environ["GATEWAY_PORT"]),
            listen=tuple(map(int, os.environ["LAB_LISTEN"].split(","))),
            requests=Path(os.environ["LAB_REQUESTS"]),
            runtime=Path(os.environ["LAB_RUNTIME_PYTHON"]),
        )

    @property
    def address(self) -> str:
        """``127.0.0.1:PORT``: Docker engines trust loopback registries without TLS."""
        return f"127.0.0.1:{self.port}"

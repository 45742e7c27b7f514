"""Words that several values share."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class Architecture(StrEnum):
    """Instruction sets of Lambda (API: ``Architectures``)."""

    X86_64 = "x86_64"
    ARM64 = "arm64"

    @property
    def platform(self) -> str:
        """Docker's name of it."""
        return "linux/amd64" if self is Architecture.X86_64 else "linux/arm64"

    @property
    def machine(self) -> str:
        """Linux's name of it (``uname -m``)."""
        return "x86_64" if self is Architecture.X86_64 else "aarch64"


Compression = Literal["auto", "zstd", "gzip"]  # of an image's layers
Access = Literal["public", "iam"]  # who may call a function URL: everybody, or signed callers
EventKind = Literal["http", "rest", "alb"]  # of a request: what stands in front of a function
Bytecode = Literal["include", "only", "none"]  # of layers: beside the sources, in their place
Profile = Literal["safe", "aggressive", "none"]  # of what is pruned from layers

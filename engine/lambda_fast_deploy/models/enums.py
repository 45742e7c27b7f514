"""Enumerations that several models use."""

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
Access = Literal["public", "iam"]  # callers of a function URL: all, or those that sign with IAM
EventKind = Literal["http", "rest", "alb"]  # of a request: HTTP API or URL, REST API, balancer
Bytecode = Literal["include", "only", "none"]  # of layers: with the sources, without them
Profile = Literal["safe", "aggressive", "none"]  # of the files that pruning removes from layers

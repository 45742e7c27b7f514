"""The marks that deployments leave in AWS: tags, descriptions and keys, written and read here.

AWS is the only state, so each kind of mark has one module with its formats, and ``MARKS`` there
says what they stand for. The documentation's table is made of these (``state.table``).
"""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """A mark for people: what carries it, how it is written, and what it stands for."""

    carrier: str
    format: str
    meaning: str

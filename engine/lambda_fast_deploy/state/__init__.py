"""The marks that deployments write in AWS: tags, descriptions and keys.

AWS is the only state. Each kind of mark has one module that writes and reads its formats, and whose
``MARKS`` explain them. ``state.all_marks`` collects them for the documentation.
"""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """A mark as the documentation shows it: its resource, its format and its meaning."""

    carrier: str
    format: str
    meaning: str

"""A built layer: its parts, and what they contain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lambda_fast_deploy.models import Archive


@dataclass(frozen=True, slots=True)
class LayerPart:
    """One layer to publish. ``content`` identifies its files, independent of the zip's bytes.

    ``sizes`` are unzipped bytes by package, the largest first.
    """

    archive: Archive
    content: str
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """Parts by name, the bytes that pruning removed or could remove, and notes for people.

    ``packages`` are the versions of all installed packages, and ``modules`` their modules.
    """

    parts: Mapping[str, LayerPart]
    pruned: int
    prunable: int
    notes: tuple[str, ...]
    packages: Mapping[str, str] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()

"""``make chaos``: write reliability.md from the figures that its tests have counted."""

from __future__ import annotations

from pathlib import Path

FIGURES = Path(__file__).parents[1] / "build" / "chaos"

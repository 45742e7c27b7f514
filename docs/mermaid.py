"""Mermaid, which GitHub uses for diagrams, installed from the lock file in tests/pages."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.layout import REPOSITORY, cached, digest_of
from lab.process import run

LOCKED = REPOSITORY / "tests" / "pages"


def mermaid() -> Path:
    """The folder whose ``node_modules`` has Mermaid.

    Raises:
        LabError: npm cannot install it.
    """

    def make(folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCKED / name, folder)
        run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder)

    return cached(f"mermaid-{digest_of([LOCKED / 'package-lock.json'])}", make)

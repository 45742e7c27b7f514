"""Mermaid, as GitHub draws diagrams with it, installed from the lock in tests/pages."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.layout import REPOSITORY, cached, digest_of
from lab.process import run

LOCKED = REPOSITORY / "tests" / "pages"


def mermaid() -> Path:
    """The folder that has it in its ``node_modules``.

    Raises:
        LabError: npm cannot install it.
    """

    def make(folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCKED / name, folder)
        run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder)

    return cached(f"mermaid-{digest_of([LOCKED / 'package-lock.json'])}", make)

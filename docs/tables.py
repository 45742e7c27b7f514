"""Writes the generated parts of action.yml, README.md and the pages in this folder.

``python -m docs.tables`` writes; ``--check`` fails when a page differs.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from docs import action_yml, lab_truth
from docs.sections import SECTIONS

ROOT = Path(__file__).resolve().parent.parent
PAGES = (action_yml.PAGE, ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_MARKED = re.compile(r"<!-- ([a-z-]+) -->\n.*?<!-- /\1 -->", re.DOTALL)


def filled(page: str) -> str:
    """The page with every marked section generated again."""

    def made(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"<!-- {name} -->\n{SECTIONS[name]()}\n<!-- /{name} -->"

    return _MARKED.sub(made, page)


def _written(path: Path, before: str) -> str:
    """What a page says, made from the code."""
    if path == lab_truth.PAGE:
        return lab_truth.page()
    return action_yml.page(before) if path == action_yml.PAGE else filled(before)


def main() -> int:
    """Write or check; 1 when the check finds a difference."""
    differing = 0
    for path in PAGES:
        before = path.read_text(encoding="utf-8")
        after = _written(path, before)
        if "--check" not in sys.argv:
            path.write_text(after, encoding="utf-8")
        elif before != after:
            name = path.relative_to(ROOT)
            print(f"{name}: differs from what the code says; run make docs", file=sys.stderr)
            differing = 1
    return differing


if __name__ == "__main__":
    sys.exit(main())

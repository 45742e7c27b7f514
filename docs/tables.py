"""Writes the tables of inputs and outputs in README.md from action.yml.

``python -m docs.tables`` writes them; ``--check`` fails when they differ.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def table(head: str, rows: list[tuple[str, str]]) -> str:
    """A Markdown table of names and descriptions."""
    lines = [f"| {head.removesuffix('s')} | |", "| --- | --- |"]
    lines += [f"| `{name}` | {text} |" for name, text in rows]
    return "\n".join(lines)


def readme(text: str, action: str) -> str:
    """The README with both tables made anew."""
    face = yaml.safe_load(action)
    for kind in ("inputs", "outputs"):
        made = table(kind, [(name, item["description"]) for name, item in face[kind].items()])
        begin, end = f"<!-- {kind} -->\n", f"\n<!-- /{kind} -->"
        text = text[: text.index(begin) + len(begin)] + made + text[text.index(end) :]
    return text


def main() -> int:
    """Write or check; 1 when the check finds a difference."""
    path = ROOT / "README.md"
    before = path.read_text(encoding="utf-8")
    after = readme(before, (ROOT / "action.yml").read_text(encoding="utf-8"))
    if "--check" in sys.argv:
        if before != after:
            print("README.md: the tables differ from action.yml; run make docs", file=sys.stderr)
        return int(before != after)
    path.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

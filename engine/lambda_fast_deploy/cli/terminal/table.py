"""Tables for people, and JSON documents for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from lambda_fast_deploy.cli.terminal import streams
from lambda_fast_deploy.sanitize import in_line


def show(head: Sequence[str], rows: Sequence[Sequence[str]], *, quiet: bool) -> None:
    """Print a table without its empty columns; on stderr if ``quiet``, for stdout has JSON."""
    shown = [i for i in range(len(head)) if any(row[i] for row in rows)]
    rows = [[in_line(cell) for cell in row] for row in rows]
    widths = {i: max(len(row[i]) for row in (head, *rows)) for i in shown}
    if rows:
        lines = (
            "  ".join(row[i].ljust(widths[i]) for i in shown).rstrip() for row in (head, *rows)
        )
        (streams.say if quiet else streams.show)("\n".join(lines))


def print_document(entries: Iterable[dict[str, Any]]) -> None:
    """Print a list of entries as JSON."""
    streams.hand_over(json.dumps(list(entries), indent=2))

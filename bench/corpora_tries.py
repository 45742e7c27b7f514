"""The command line and the figures of benchmarks that try template after template."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.corpora_built import Compared
    from bench.corpora_deployed import Deployed


def options_of(says: str | None) -> argparse.Namespace:
    """The options of this process: ``folder``, ``most`` (templates) and ``json`` (a file or None).

    Args:
        says: the docstring of the module; its first line describes the command.
    """
    parser = argparse.ArgumentParser(description=(says or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=10**6)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def counted(tries: Iterable[Compared | Deployed], file: Path | None) -> Counter[str]:
    """The number of templates by verdict; prints each when it is tried, and a table at the end.

    Args:
        tries: the verdicts, each made when it is asked for.
        file: is written after each, if given.
    """
    every = []
    for each in tries:
        every.append(asdict(each))
        print(f"{each.verdict}: {each.path} {each.reason}", flush=True)
        if file:
            file.write_text(json.dumps(every, indent=1))
    counts = Counter(each["verdict"] for each in every)
    print("| " + " | ".join(counts) + " |")
    print("| " + " | ".join("---" for _ in counts) + " |")
    print("| " + " | ".join(map(str, counts.values())) + " |")
    return counts

"""``make bench`` measures on the lab, prints the results, and writes RESULTS.md.

``python -m bench SECTION...`` measures some sections, and only prints.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from bench import bootstrap, growth, image_code, images, layers, stacks, tools, zips
from bench.rounds import FEW, ROUNDS

HEAD = f"""\
# Results of `make bench`

`make bench` writes this page. It makes {ROUNDS} rounds ({FEW} for slow commands) after a
warm-up round. A round runs each command once. The tables show medians of the times, and of the
ratios in each round.
{os.cpu_count()} cores, Python {platform.python_version()}, boto3 {version("boto3")}, \
"""
SECTIONS = {
    "bootstrap": bootstrap.section,
    "zips": zips.section,
    "growth": growth.section,
    "layers": layers.section,
    "stacks": stacks.section,
    "images": images.section,
    "image_code": image_code.section,
}


def main(names: list[str]) -> None:
    """Measure what this machine can."""
    chosen = names or [
        name for name in SECTIONS if "image" not in name or "LAB_DOCKER" in os.environ
    ]
    page = f"{HEAD}{tools.versions()}.\n"
    for name in chosen:
        page += "\n" + "\n".join(SECTIONS[name]()) + "\n"
    print(page)
    if not names:
        Path(__file__).with_name("RESULTS.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

"""``make bench``: measures on the lab, prints, and writes RESULTS.md beside this file."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from bench import bootstrap, images, layers, stacks, tools, zips
from bench.rounds import FEW, ROUNDS

HEAD = f"""\
# Results of `make bench`

Written by `make bench`: {ROUNDS} rounds ({FEW} of what lasts long) after one to warm up, in each
round one command after the other; medians of the times, and of the ratios round by round.
{os.cpu_count()} cores, Python {platform.python_version()}, boto3 {version("boto3")}, \
"""


def main() -> None:
    """Measure what this machine can."""
    sections = [f"{HEAD}{tools.versions()}.", "", *bootstrap.section(), "", *zips.section(), ""]
    sections += [*layers.section(), "", *stacks.section()]
    if os.environ.get("LAB_DOCKER"):
        sections += ["", *images.section()]
    page = "\n".join([*sections, ""])
    print(page)
    Path(__file__).with_name("RESULTS.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

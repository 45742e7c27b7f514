"""``python -m lab [--without-docker] [--state DIR] [-- CMD ARG...]``: run CMD in the lab."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.engine.machine import find_engine
from lab.engine.namespace import Inside, enter_namespace, private_engine_refused
from lab.layout import LabError
from lab.session import run_in_lab


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of the command that ran in the lab, or 1 if the lab is not up."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    command: list[str] = []
    if "--" in words:
        cut = words.index("--")
        words, command = words[:cut], words[cut + 1 :]
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    parser.add_argument("--without-docker", action="store_true", help="bring up no engine")
    parser.add_argument("--state", type=Path, help="keep logs and the request log in this folder")
    parser.add_argument("--inside", type=Inside.parse, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    command = command or [os.environ.get("SHELL", "/bin/sh")]
    with_docker = not options.without_docker
    try:
        if with_docker and options.inside is None and not find_engine():
            why_not = private_engine_refused()
            if not why_not:
                return enter_namespace(words, command)
            print(f"# lab: no Docker: {why_not}", file=sys.stderr)
            with_docker = False
        return run_in_lab(
            command, with_docker=with_docker, inside=options.inside, state=options.state
        )
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

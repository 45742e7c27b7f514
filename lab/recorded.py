"""``python -m lab.recorded DIR``: whether AWS has answered as tests/lab/recorded.toml says.

DIR is LocalStack's ``tests/aws`` with its snapshots of AWS (files ``*.snapshot.json``). What is
right gets the date of its recording; what is not is told.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from lab.layout import REPOSITORY

ANSWERS = REPOSITORY / "tests" / "lab" / "recorded.toml"


def answers() -> dict[str, dict[str, str]]:
    """Every answer by its name."""
    listed = tomllib.loads(ANSWERS.read_text(encoding="utf-8"))["answer"]
    return {each["name"]: each for each in listed}


def is_answer(pattern: str, value: Any) -> bool:
    """Whether a value is what was recorded; asterisks are what differs each time."""
    ordered = dict(sorted(value.items())) if isinstance(value, dict) else value
    return fnmatchcase(str(ordered), pattern)


def check(answer: dict[str, str], folder: Path) -> tuple[str, str]:
    """What is wrong with an answer, or nothing; and the date of its recording."""
    try:
        snapshots = json.loads((folder / answer["file"]).read_text(encoding="utf-8"))
        (found,) = (v for name, v in snapshots.items() if name.endswith(f"::{answer['test']}"))
        value = found["recorded-content"]
        for part in answer["at"].split("/"):
            value = value[part]
    except (OSError, KeyError, ValueError) as error:
        return f"it is not there: {error!r}", ""
    date = datetime.strptime(found["recorded-date"], "%d-%m-%Y, %H:%M:%S").date().isoformat()
    return "" if is_answer(answer["is"], value) else f"it is {value!r}", date


def main() -> int:
    """Check every answer; 1 when one is wrong."""
    if len(sys.argv) != 2:
        print("usage: python -m lab.recorded DIR (tests/aws of LocalStack)", file=sys.stderr)
        return 2
    text, wrong = ANSWERS.read_text(encoding="utf-8"), 0
    for name, answer in answers().items():
        says, date = check(answer, Path(sys.argv[1]))
        if says:
            print(f"{name}: {says}", file=sys.stderr)
            wrong = 1
            continue
        entry = re.compile(rf'(name = "{name}"\n(?:.+\n)*?date = )".*"')
        text = entry.sub(rf'\g<1>"{date}"', text)
    ANSWERS.write_text(text, encoding="utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit(main())

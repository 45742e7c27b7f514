"""``make chaos``: writes reliability.md from the figures that its tests have counted."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

FIGURES = Path(__file__).parents[1] / "build" / "chaos"
PAGE = Path(__file__).with_name("reliability.md")

TEXT = """\
# Reliability

<!-- not run: it takes half an hour -->
```sh
make chaos
```

injects faults into deploys of zips and images, kills deploys, and writes this page, on the AWS that
`make demo` brings up ({machine}); `make test` runs a part of it.

A fault is *survived* when the run succeeds in spite of it, or ends with its cause on the first line
and users have what they had.
After each, a second run must find nothing to do, and nothing may be there that it did not use: no
version, layer or image twice, `$LATEST` the same as what users have. Anything else is *lost*.

{totals}

## Faults

Each call of AWS's API in a deploy that creates a function, and in one that changes it, fails once,
one in each run: throttled, 500, 503, connection reset, reset after the server has acted, never
answered, access denied, credentials expired. What an image, or a zip that goes through S3, calls
besides meets the hardest of these. Requests to the registry, of the Docker engine and of BuildKit:
503, connection reset, cut in the middle of a blob, reset after the server has acted, 401, an
expired login, and pushes that never succeed.

*Several at once* draws three to six faults for each run, by fixed seeds. *Surroundings* are a full
disk, a workspace that is read-only, no HOME, no user, a clock that is an hour off, a commit message
of a megabyte, 5,000 files, and names with blanks, quotes, other alphabets, dashes first and line
breaks.

{faults}

A run must report denied access and expired credentials: no retry helps. The rest must succeed.

## Kills

`kill -9` at random times (fixed seeds), and when a step begins or ends, that is at each line that a
run prints. Right after it users must have the old release or the new one, and the next run must
arrive at the state of runs that nothing disturbed. *Many* are six functions on two layers.

{kills}

## Cancelled

Runs are cancelled as GitHub does it, at random moments (fixed seed), 40 ms a call: SIGINT, SIGTERM
after 7.5 seconds, SIGKILL after another 2.5. When the first has been obeyed, or SIGTERM is due,
users must have the old release if the run has failed and the new one if it has succeeded, and no
part of a canary; the next run must arrive where undisturbed runs do. *In time* are those that had
ended before SIGTERM.

{cancelled}

## Load

{load}

## Bad input

Configuration, templates, events, inputs and files are made up and broken in thousands of ways
(Hypothesis; `make fuzz` goes on, led by coverage). Each case must be taken, or refused with a
message that names its place; none may end in a traceback, call anything, or last.

{cases}
"""


def keep(groups: Mapping[str, Counter[str]]) -> None:
    """Write what a part of ``make chaos`` has counted, by group, beside what the others count."""
    if part := os.environ.get("CHAOS_FIGURES"):
        FIGURES.mkdir(parents=True, exist_ok=True)
        (FIGURES / f"{part}.json").write_text(json.dumps(groups, indent=1))


def figures() -> dict[str, Counter[str]]:
    """The figures of all parts of ``make chaos``, by group."""
    found: dict[str, Counter[str]] = {}
    for part in sorted(FIGURES.glob("*.json")):
        for group, counted in json.loads(part.read_text()).items():
            found.setdefault(group, Counter()).update(counted)
    return found


def _table(head: list[str], rows: list[list[object]]) -> str:
    lines: list[list[object]] = [[*head], ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _survived(counted: Counter[str]) -> int:
    return counted["injected"] - counted["lost"]


def page(found: dict[str, Counter[str]]) -> str:
    """The page for these figures."""
    groups = {group: found[group] for group in sorted(found) if group not in ("load", "input")}
    kills = {k.removeprefix("kills, "): v for k, v in groups.items() if k.startswith("kills")}
    cancelled = {k: v for k, v in groups.items() if k.startswith("cancelled")}
    faults = {k: v for k, v in groups.items() if not k.startswith(("kills", "cancelled"))}
    injected, killed = sum(faults.values(), Counter()), sum(kills.values(), Counter())
    load, cases = found.get("load", Counter()), found.get("input", Counter())
    several = sum((v for k, v in faults.items() if k.startswith("several")), Counter())
    return TEXT.format(
        machine=f"{os.cpu_count()} cores, Python {platform.python_version()}",
        totals=_table(
            ["", "injected", "survived", "lost"],
            [
                ["runs with faults", injected["injected"], _survived(injected), injected["lost"]],
                ["kills", killed["injected"], _survived(killed), killed["lost"]],
            ],
        ),
        faults=_table(
            ["runs with a fault of", "injected", "succeeded", "reported the cause", "lost"],
            [
                [group, each["injected"], each["succeeded"], each["told"], each["lost"]]
                for group, each in faults.items()
            ],
        )
        + f"\n\nThe runs with several at once met {several['met']} faults.",
        kills=_table(
            ["deploys of", "kills", "converged", "lost"],
            [[group, k["injected"], k["converged"], k["lost"]] for group, k in kills.items()],
        ),
        cancelled=_table(
            ["deploys of", "cancelled", "in time", "converged", "lost"],
            [
                [
                    group.removeprefix("cancelled, "),
                    *(each[what] for what in ("injected", "in time", "converged", "lost")),
                ]
                for group, each in cancelled.items()
            ],
        ),
        load="Throughout 30 deploys and rollbacks in a row, the function's URL is asked 20 times\n"
        f"a second: {load['requests']} requests, {load['failed']} failed.",
        cases=_table(["of", "cases"], [[what, cases[what]] for what in sorted(cases)])
        + f"\n\n{sum(cases.values())} in all.",
    )


if __name__ == "__main__":
    PAGE.write_text(page(figures()), encoding="utf-8")

"""``make chaos`` writes reliability.md from the figures that its tests have counted."""

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

This page shows how deploys behave under faults, kills, cancellation and bad input.

<!-- not run: it takes half an hour -->
```sh
make chaos
```

`make chaos` injects faults into deploys of zips and images, kills deploys, and writes this page. It
uses the emulated AWS that `make demo` starts ({machine}). `make test` runs a part of it.

A fault is *survived* if the run succeeds in spite of it, or if the first line of its error is the
cause and the previous version stays live. After each fault, a second run must find nothing to do.
No unused version, layer or image may be left, none may exist twice, and `$LATEST` must equal the
live version. Any other result is *lost*.

{totals}

## Faults

Each run injects one fault. Together, the runs let each call of AWS's API fail once, in a deploy
that creates a function and in a deploy that changes one. The faults are: throttled, 500, 503,
connection reset, connection reset after the server has acted, no answer, access denied, credentials
expired. The additional calls of images, and of zips that go through S3, get only the hardest of
these faults.

Requests of the Docker engine and of BuildKit to the registry fail with 503, a connection reset, a
connection cut in the middle of a blob, a reset after the server has acted, 401, an expired login,
or pushes that never succeed.

*Several at once* means three to six faults in each run, drawn with fixed seeds. *Surroundings* are
a full disk, a read-only workspace, no HOME, no user, a clock that is an hour off, a commit message
of a megabyte, 5,000 files, and names with blanks, quotes, other alphabets, leading dashes and line
breaks.

{faults}

No retry helps against denied access, expired credentials and pushes that never succeed. If a run
needs the call, it must report such a fault. With all other faults, it must succeed.

## Kills

Runs are killed with `kill -9` at random times (fixed seeds), and at the start and the end of each
step, that is, at each line that a run prints. Right after the kill, the old or the new release must
be live. The next run must *converge*: its result must equal that of runs without a kill. *Many*
means six functions on two layers.

{kills}

## Cancelled

Runs are cancelled as GitHub does it, at random moments (fixed seed), with 40 ms for each call of
AWS: SIGINT, SIGTERM after 7.5 seconds, SIGKILL after another 2.5 seconds. When the run has obeyed
SIGINT, or SIGTERM is due, the old release must be live if the run has failed, and the new release
if it has succeeded. No canary may be left. The next run must converge. *In time* counts runs that
ended before SIGTERM.

{cancelled}

## Load

{load}

## Bad input

Hypothesis generates thousands of valid and invalid configurations, templates, events, inputs and
files; `make fuzz` continues, guided by coverage. The run must accept each case, or refuse it with a
message that names the place of the error. It must not end with a traceback, call a service, or take
long.

{cases}
"""


def keep(groups: Mapping[str, Counter[str]]) -> None:
    """Write the figures of a part of ``make chaos``, by group, to a file of that part."""
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
        + f"\n\nThe runs with several at once had {several['met']} faults.",
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
        load="During 30 deploys and rollbacks in a row, the function's URL gets 20 requests a\n"
        f"second: {load['requests']} requests, {load['failed']} failed.",
        cases=_table(["of", "cases"], [[what, cases[what]] for what in sorted(cases)])
        + f"\n\n{sum(cases.values())} in all.",
    )


if __name__ == "__main__":
    PAGE.write_text(page(figures()), encoding="utf-8")

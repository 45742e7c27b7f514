"""``python -m docs.lab_truth`` writes lab-truth.md from tests/lab/facts.toml and the opinions.

``make probes-moto``, ``make probes-aws`` and ``make recorded`` bring the opinions up to date.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT / "tests" / "lab" / "facts.toml"
OPINIONS = ROOT / "tests" / "lab" / "opinions"
RECORDED = ROOT / "tests" / "lab" / "recorded.toml"
PAGE = Path(__file__).with_name("lab-truth.md")
_GROUPS = {
    "A": "Behaviours that decide whether a deploy succeeds",
    "B": "Behaviours that cause wrong or misleading results in some situations",
    "C": "Behaviours that matter for the quality of a deploy",
    "": "Other behaviours of the lab",
}

_HEAD = ("| | behaviour | source | lab | second opinion | probe |", f"|{' --- |' * 6}")

TEXT = """\
# Behaviours of AWS in the lab

The engine's tests run against the [lab](../lab/README.md), an emulated AWS on one machine. This
page lists behaviours of AWS that are easy to get wrong. Each has its source, the module of the lab
that implements it, a second opinion, and the tests that check it. `make docs` writes this page.

<!-- not run: they need other services -->
```sh
make probes                              # the lab
make probes-moto                         # moto's server: IAM, ECR, S3, CloudFormation
make recorded SNAPSHOTS=DIR              # answers of AWS, recorded by LocalStack's tests
make probes-aws PREFIX=lfd-probe         # AWS: a scratch account; costs less than five cents
```

`make probes-aws` reads credentials from the environment. The names of everything that it creates
begin with `PREFIX`. It deletes these resources after each probe and once more at the end, and
writes differences into this page. The workflow `probes` runs it if the repository's variables
`PROBES_ROLE` and `AWS_REGION` name a role, which administers a scratch account, and a region.
Probes of the lab itself, and of resources with lasting costs, run only in the lab.

On AWS itself, {aws}. If a second opinion differs and the source agrees with
the lab, the lab does not change.
{groups}"""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A second opinion: for each probe, the reason why it fails there, or an empty text."""

    whose: str
    of: str
    date: str
    probes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """A behaviour; ``settled`` holds, by opinion that differs, why the lab does not change."""

    name: str
    behaviour: str
    source: str
    probe: tuple[str, ...]
    lab: str = ""
    settled: dict[str, str] = field(default_factory=dict)


def facts() -> list[Fact]:
    """Every fact, in the order of the page."""
    found = tomllib.loads(FACTS.read_text(encoding="utf-8"))
    return [Fact(name, **{**each, "probe": tuple(each["probe"])}) for name, each in found.items()]


def opinions() -> list[Opinion]:
    """All stored second opinions."""
    return [
        Opinion(path.stem, **json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(OPINIONS.glob("*.json"))
    ]


def recorded() -> list[dict[str, Any]]:
    """Recorded answers of AWS, each with its fact and its date."""
    found: list[dict[str, Any]] = tomllib.loads(RECORDED.read_text(encoding="utf-8"))["answer"]
    return found


def differing(opinion: Opinion, fact: Fact) -> str | None:
    """How an opinion differs about a fact; empty if it agrees, ``None`` without a probe of it."""
    said = [opinion.probes[probe] for probe in fact.probe if probe in opinion.probes]
    return next(filter(None, said), "") if said else None


def _seconds(fact: Fact) -> Iterator[str]:
    """The second opinions about a fact, each with its date."""
    for opinion in opinions():
        differs = differing(opinion, fact)
        if differs is None:
            continue
        says = "agrees"
        if differs:
            settled = fact.settled.get(opinion.whose, "not settled yet")
            says = f"differs (`{differs[:120].replace('`', '')}`): {settled}"
        yield f"{opinion.of} ({opinion.date}): {says}"
    dates = sorted({each["date"] for each in recorded() if each["fact"] == fact.name})
    if dates:
        yield f"AWS, recorded {', '.join(dates)}: agrees"


def _row(fact: Fact) -> str:
    probes = "<br>".join(
        f"[{name}](../{file})" for file, _, name in (each.partition("::") for each in fact.probe)
    )
    cells = (
        fact.name,
        fact.behaviour,
        fact.source,
        fact.lab or "-",
        "<br>".join(_seconds(fact)) or "-",
        probes,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _groups() -> Iterator[str]:
    for group, title in _GROUPS.items():
        rows = [_row(each) for each in facts() if _group(each) == group]
        if rows:
            yield "\n".join(["", f"## {title}", "", *_HEAD, *rows, ""])


def _group(fact: Fact) -> str:
    letter, number = fact.name[:1], fact.name[1:]
    return letter if letter in "ABC" and number.isdecimal() else ""


def page() -> str:
    """The page."""
    known = {each.whose: each for each in opinions()}
    aws = known.get("aws")
    return TEXT.format(
        aws=f"the probes ran on {aws.date} ({aws.of})" if aws else "the probes have not run yet",
        groups="".join(_groups()),
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

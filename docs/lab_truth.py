"""``python -m docs.lab_truth``: writes lab-truth.md from tests/lab/facts.toml and the opinions.

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
    "A": "Deploys would break, or have a wrong result",
    "B": "Something would be wrong or misleading in situations that occur",
    "C": "It would be worse than it could be",
    "": "What else the lab is taught",
}

_HEAD = ("| | behaviour | source | lab | second opinion | probe |", f"|{' --- |' * 6}")

TEXT = """\
# What is true of the lab

The engine's tests run against the [lab](../lab/README.md), an emulated AWS on one machine. This
page lists behaviours of AWS that are easy to get wrong. Each has its source, the module of the lab
that implements it, a second opinion, and the tests that check it. `make docs` writes this page.

<!-- not run: they ask others -->
```sh
make probes                              # the lab
make probes-moto                         # moto's server: IAM, ECR, S3, CloudFormation
make recorded SNAPSHOTS=DIR              # answers of AWS that LocalStack's tests have recorded
make probes-aws PREFIX=lfd-probe         # AWS: a scratch account, with less than five cents
```

`make probes-aws` takes credentials from the environment, begins the names of all that it makes with
`PREFIX`, takes that away after each probe and once more at the end, and writes what differs into
this page. The workflow `probes` does it where the repository's variables `PROBES_ROLE` and
`AWS_REGION` name a role to assume, which administers a scratch account, and a region. Probes of the
lab's own workings, and of what costs something that lasts, run in the lab only.

On AWS itself, {aws}. Where a second opinion differs and the source agrees with the lab, the lab
stays as it is.
{groups}"""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody else's AWS says: ``probes`` is why each one fails there, or nothing."""

    whose: str
    of: str
    date: str
    probes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """A behaviour; ``settled`` is, by whose opinion differs, why the lab stays as it is."""

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
    """Those that are at hand."""
    return [
        Opinion(path.stem, **json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(OPINIONS.glob("*.json"))
    ]


def recorded() -> list[dict[str, Any]]:
    """Answers of AWS that were recorded, each with the fact that it is about and its date."""
    found: list[dict[str, Any]] = tomllib.loads(RECORDED.read_text(encoding="utf-8"))["answer"]
    return found


def differing(opinion: Opinion, fact: Fact) -> str | None:
    """How an opinion differs about a fact; nothing if it does not, ``None`` if it has none."""
    said = [opinion.probes[probe] for probe in fact.probe if probe in opinion.probes]
    return next(filter(None, said), "") if said else None


def _seconds(fact: Fact) -> Iterator[str]:
    """What others say of a fact, each with its date."""
    for opinion in opinions():
        differs = differing(opinion, fact)
        if differs is None:
            continue
        says = "the same"
        if differs:
            settled = fact.settled.get(opinion.whose, "not settled yet")
            says = f"differs (`{differs[:120].replace('`', '')}`): {settled}"
        yield f"{opinion.of} ({opinion.date}): {says}"
    dates = sorted({each["date"] for each in recorded() if each["fact"] == fact.name})
    if dates:
        yield f"AWS, recorded {', '.join(dates)}: the same"


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
        aws=f"they ran on {aws.date} ({aws.of})" if aws else "nobody has run them yet",
        groups="".join(_groups()),
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

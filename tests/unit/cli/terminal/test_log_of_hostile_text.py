"""The log: what others said moves no cursor, and is no command for GitHub's runner."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.cli.github import Github
from lambda_fast_deploy.cli.terminal import log
from lambda_fast_deploy.errors import DeployFailed, Invalid, Place, Problem
from lambda_fast_deploy.models import Action, Plan, Step
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.sanitize import for_log, harmless, in_line
from tests.unit import make
from tests.unit.report.baits import BAITS

# How GitHub's runner finds commands: "::" at the beginning of a line, "##[" anywhere in it.
COMMAND = re.compile(r"^\s*::|##\[", re.MULTILINE)
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@pytest.mark.parametrize("bait", BAITS)
def test_no_line_of_a_log_is_a_command(bait: str, capsys: pytest.CaptureFixture[str]) -> None:
    with log.progress() as progress:
        run_log = RunLog(progress.tell)
        with run_log.work("code:orders", "update", bait, make.REGION) as detail:
            run_log.progress("code:orders", bait)
            detail(bait)
        with pytest.raises(DeployFailed), run_log.work("test:orders:health", "test", bait):
            raise DeployFailed(bait)
        run_log.note(bait)
    log.show_error(DeployFailed(bait, detail=f"x\n{bait}", remedy=bait))
    delivery = make.delivery("rolled-back", error=bait, left=(bait,), version=bait)
    told = make.delivery("deployed", is_stack=True, outputs={bait: bait})
    log.show_deliveries([delivery, told], 1.0)
    steps = (Step("code:orders", make.REGION, Action.UPDATE, bait),)
    log.show_plan(Plan(steps), "as requested", sys.stdout)
    out, err = capsys.readouterr()
    assert not COMMAND.search(out + err)
    assert not UNSEEN.search(out + err)


@given(st.text() | st.lists(st.sampled_from([*BAITS, ":", "::", "#", "[", "\n", " "])).map("".join))
def test_no_text_is_a_command(text: str) -> None:
    shown = for_log(text)
    assert not COMMAND.search(shown)
    assert not UNSEEN.search(shown)
    assert for_log(shown) == shown
    assert len(in_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m and \x1b]0;title\x07more", "red and more"),
        ("10 %\r20 %\r\ndone", "10 %\n20 %\ndone"),
        ("caf\u00e9 \u2705 \U0001f680 a\tb", "caf\u00e9 \u2705 \U0001f680 a\tb"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("half \ud83d", "half \\ud83d"),
        ("a\u200bb\ufeff\u2060c", "a\\u200bb\\ufeff\\u2060c"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("\u3164\uffa0\u115f\u034f", "\\u3164\\uffa0\\u115f\\u034f"),
        ("\u26a1\ufe0f fast", "\u26a1\ufe0f fast"),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
        ("\U0001f469\U0001f3fd\u200d\U0001f4bb", "\U0001f469\U0001f3fd\u200d\U0001f4bb"),
        ("\u26a1\ufe0f\ufe0f", "\u26a1\ufe0f\\ufe0f"),
        ("a\ufe0f", "a\\ufe0f"),
        ("\ufe0f", "\\ufe0f"),
        ("a\u200db", "a\\u200db"),
        ("\u26a1\u200d", "\u26a1\\u200d"),
        ("\u26a1\u200d\u200d\u26a1", "\u26a1\\u200d\\u200d\u26a1"),
        ("no-break\u00a0space\u3000wide", "no-break\u00a0space\u3000wide"),
    ],
)
def test_what_can_be_read_stays(said: str, shown: str) -> None:
    assert harmless(said) == shown


# Unicode Character Database, PropList.txt: Other_Default_Ignorable_Code_Point, Variation_Selector.
IGNORABLE = frozenset(
    code
    for first, last in (
        *((0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065)),
        *((0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
        *((0xE0000, 0xE0FFF),),
    )
    for code in range(first, last + 1)
)
BEYOND_SIGHT = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_every_character_of_unicode_is_seen_or_spelled_out() -> None:
    wrong = []
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        unseen = code in IGNORABLE or unicodedata.category(character) in BEYOND_SIGHT
        text = f"a{character}b"
        shown = harmless(text)
        if character in "\t\n" or not unseen:
            right = shown == text
        else:
            right = shown.isprintable() or shown == "a\nb"
            right = right and not IGNORABLE & set(map(ord, shown)) and len(shown) > len("ab")
        if not right and character != "\x1b":  # which takes along what it commands
            wrong.append(hex(code))
    assert wrong == []


def test_code_can_still_be_read() -> None:
    assert for_log("std::vector and #[derive]") == "std::vector and #[derive]"


@pytest.mark.parametrize("bait", BAITS)
def test_commands_go_to_the_stream_of_the_log_and_hold_one_line_each(
    bait: str, capsys: pytest.CaptureFixture[str]
) -> None:
    github = Github()
    github.annotate(Invalid([Problem(bait, Place(f"{bait}.yml", 3))]))
    github.annotate(DeployFailed(bait, remedy=bait), Place("a.yml", 1))
    github.close()
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.split("\n")
    token = lines[0].removeprefix("::stop-commands::")
    error = "::error title=lambda-fast-deploy,file="
    heads = [f"::{token}::", error, f"::stop-commands::{token}"]
    wanted = [lines[0], *heads, *heads, f"::{token}::", ""]
    assert len(lines) == len(wanted)
    assert all(line.startswith(head) for line, head in zip(lines, wanted, strict=True))


@pytest.mark.parametrize("bait", BAITS)
def test_an_output_holds_no_other(
    bait: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "output"
    file.touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(file))
    Github().outputs({"url": harmless(bait), "version": "1"})
    names = re.findall(r"^(\w+)<<(ghadelimiter_\S+)$(.*?)^\2$", file.read_text(), re.M | re.S)
    assert [name for name, _, _ in names] == ["url", "version"]
    assert os.linesep in names[0][2]

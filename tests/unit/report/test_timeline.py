"""The Gantt chart: lines that Mermaid reads, whatever the work was called."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_fast_deploy.report.timeline import timeline
from lambda_fast_deploy.run_log import RunLog

TASK = re.compile(r"    [\w .@/-]+ :(crit, )?(\d+), (\d+)")
SECTION = re.compile(r"    section [\w .@/-]*")


def chart(*ids: str) -> list[str]:
    run_log = RunLog()
    for entry_id in ids:
        with run_log.work(entry_id, "update"):
            pass
    return timeline(run_log).splitlines()


def tasks(lines: list[str]) -> list[str]:
    return [line for line in lines if TASK.fullmatch(line)]


def test_no_work_is_no_chart() -> None:
    assert timeline(RunLog()) == ""


def test_each_piece_of_work_is_a_task_in_the_section_of_its_function() -> None:
    lines = chart("observe", "code:orders", "test:orders:health", "code:other")
    assert lines[:2] == ["```mermaid", "gantt"]
    assert lines[-1] == "```"
    rows = [re.sub(r" :.*", "", line.strip()) for line in lines if line.startswith("    ")]
    assert rows[-7:] == [
        "section preparation",
        "observe 0.0 s",
        "section orders",
        "code 0.0 s",
        "test health 0.0 s",
        "section other",
        "code 0.0 s",
    ]


def test_a_task_that_took_no_time_can_still_be_seen() -> None:
    (task,) = tasks(chart("observe"))
    match = TASK.fullmatch(task)
    assert match is not None
    assert int(match.group(3)) - int(match.group(2)) >= 50


def test_failures_and_ways_back_stand_out() -> None:
    run_log = RunLog()
    with pytest.raises(ValueError, match="x"), run_log.work("code:orders", "update"):
        raise ValueError("x")
    with run_log.rollback("orders", "", ""):
        pass
    with run_log.work("test:orders:health", "test"):
        pass
    assert [":crit, " in task for task in tasks(timeline(run_log).splitlines())] == [
        True,
        True,
        False,
    ]


@example(["test:orders:a:b#c;d", "`", "a\nb"])
@given(st.lists(st.text() | st.text(":;#`\n ab"), min_size=1, max_size=4))
def test_no_name_can_break_the_chart(names: list[str]) -> None:
    lines = chart(*names)
    assert lines[0] == "```mermaid"
    assert lines.count("```") == 1
    body = [line for line in lines[1:-1] if not re.match(r"gantt|    (date|axis|tick|today)", line)]
    assert all(TASK.fullmatch(line) or SECTION.fullmatch(line) for line in body)
    assert len(tasks(lines)) == len(names)

"""Progress at a terminal: what runs is seen once, what ended stays, and all is left clean."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from lambda_fast_deploy.cli.terminal import log
from lambda_fast_deploy.cli.terminal.progress import LiveProgress
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.run_log import RunLog
from tests.terminal import Terminal

RUNNING = tuple("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
WAIT = 0.25  # seconds: more than two drawings


@contextmanager
def shown(terminal: Terminal) -> Iterator[RunLog]:
    """A run log whose work is shown at a terminal."""
    with (
        open(terminal.device, "w", closefd=False) as file,
        LiveProgress(file, log.line) as live,
    ):
        yield RunLog(live.tell)
    terminal.settle()


def running(frame: list[str]) -> list[str]:
    return [line for line in frame if line.startswith(RUNNING)]


@pytest.mark.parametrize("columns", [80, 40, 12])
def test_each_running_step_has_one_line_whatever_the_width(columns: int) -> None:
    terminal = Terminal(columns)

    def work(number: int) -> None:
        step = f"image:function-{number}"
        with run_log.work(step, "build", "its requirements changed " * 5, "eu-west-1"):
            run_log.progress(step, f"[{number}/4] RUN pip install everything", "eu-west-1")
            time.sleep(WAIT + number / 10)

    with shown(terminal) as run_log, ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    most = [running(frame) for frame in terminal.frames]
    assert max(map(len, most)) == 4
    for lines in most:
        assert len({line[2:] for line in lines}) == len(lines) or columns == 12
        assert all(len(line) < columns for line in lines)
    assert not running(terminal.frames[-1])
    stayed = "".join(terminal.lines)
    for number in range(4):
        assert stayed.count(f"image:function-{number} (eu-west-1): ") == 1 or columns == 12
    assert terminal.is_clean


def test_a_running_step_tells_its_kind_subject_region_seconds_and_part() -> None:
    terminal = Terminal()
    with shown(terminal) as run_log, run_log.work("layer:deps", "build", "new", "eu-west-1"):
        run_log.progress("layer:deps", "30 % of 60.0 MB uploaded to S3", "eu-west-1")
        run_log.advance("layer:deps", 20, 60, "20 MB of 60.0 MB uploaded to S3", "eu-west-1")
        time.sleep(WAIT)
        (line,) = running(terminal.lines)
    says = "33 % build layer:deps (eu-west-1): 20 MB of 60.0 MB uploaded to S3"
    seconds = line[1:9]
    assert 0.1 <= float(seconds.removesuffix(" s")) < 60
    assert line[1:] == f"{seconds} ███░░░░░░░ {says}"[:77] + "…"


def test_the_same_step_in_two_regions_is_two_lines() -> None:
    terminal = Terminal()
    with (
        shown(terminal) as run_log,
        run_log.work("code:orders", "update", "changed", "eu-west-1"),
        run_log.work("code:orders", "update", "changed", "us-east-1"),
    ):
        run_log.progress("code:orders", "halfway", "us-east-1")
        time.sleep(WAIT)
    lines = max((running(frame) for frame in terminal.frames), key=len)
    assert [line[10:] for line in lines] == [
        "update code:orders (eu-west-1): changed",
        "update code:orders (us-east-1): halfway",
    ]


def test_what_ended_and_notes_stay_above_what_runs() -> None:
    terminal = Terminal()
    with shown(terminal) as run_log, run_log.work("image:orders", "build", "new"):
        with run_log.work("code:orders", "update") as detail:
            detail("60 kB uploaded")
        run_log.note("Look at this.")
        time.sleep(WAIT)
        seen = terminal.lines
    assert seen[0].endswith("s update code:orders: 60 kB uploaded")
    assert seen[1] == "  note    Look at this."
    assert running(seen) == seen[2:]
    assert terminal.lines[2].endswith("s build image:orders: new")


def test_more_steps_than_the_terminal_has_lines_are_counted() -> None:
    terminal = Terminal(80, 6)
    with shown(terminal) as run_log, ThreadPoolExecutor(10) as pool:

        def work(number: int) -> None:
            with run_log.work(f"code:f{number}", "update"):
                time.sleep(WAIT)

        list(pool.map(work, range(10)))
    assert ["  … and 6 more", ""] in [frame[-2:] for frame in terminal.frames]
    assert len(terminal.lines) == 10


def test_text_of_others_cannot_move_the_cursor_or_break_the_line() -> None:
    terminal = Terminal(40)
    with shown(terminal) as run_log, run_log.work("image:orders", "build"):
        run_log.progress("image:orders", "\x1b[2J\r\n\tRUN 数据数据数据数据数据数据数据数据")
        time.sleep(WAIT)
        (line,) = terminal.lines
    assert b"\x1b[2J" not in terminal.raw
    assert line.startswith(RUNNING)
    assert line.endswith("…")


def test_a_step_that_nobody_ended_is_not_left_behind() -> None:
    terminal = Terminal()
    with shown(terminal) as run_log:
        unfinished = run_log.work("code:orders", "update")
        unfinished.__enter__()
        time.sleep(WAIT)
        assert running(terminal.lines)
    assert terminal.lines == []
    assert terminal.is_clean


def test_outcomes_have_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = outcomes_at_a_terminal(monkeypatch)
    assert terminal.colour_of("update code:orders") == "green"
    assert terminal.colour_of("build image:orders") == "red"
    assert b"\x1b[2m" in terminal.raw  # dim, which the screen does not keep
    assert terminal.is_clean


def test_no_color_leaves_the_rest_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = outcomes_at_a_terminal(monkeypatch)
    assert {terminal.colour_of(f"{kind}:orders") for kind in ("code", "image")} == {"default"}
    assert b"m" not in {raw[-1:] for raw in sequences(terminal.raw)}
    assert any(running(frame) for frame in terminal.frames)


def sequences(raw: bytes) -> list[bytes]:
    """The escape sequences in what a terminal was sent."""
    found = raw.split(b"\x1b[")[1:]
    return [each[: next(i for i, c in enumerate(each) if chr(c).isalpha()) + 1] for each in found]


def outcomes_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """One step that reads, one that is done and one that fails."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    terminal = Terminal()
    with open(terminal.device, "w", closefd=False) as file:
        monkeypatch.setattr("sys.stderr", file)
        with log.progress() as live:
            run_log = RunLog(live.tell)
            with run_log.work("observe", "read", "what AWS has now"):
                time.sleep(WAIT)
            with run_log.work("code:orders", "update") as detail:
                detail("60 kB uploaded")
            with pytest.raises(BuildFailed), run_log.work("image:orders", "build"):
                raise BuildFailed("no such package")
        monkeypatch.undo()
    terminal.settle()
    return terminal


def test_a_terminal_that_goes_away_stops_nothing() -> None:
    window, device = os.openpty()
    with open(device, "w") as file, LiveProgress(file, log.line) as live:  # noqa: PTH123
        run_log = RunLog(live.tell)
        with run_log.work("code:orders", "update"):
            os.close(window)
            time.sleep(WAIT)
            run_log.note("nobody reads this")
    assert [entry.outcome for entry in run_log.entries] == ["done"]

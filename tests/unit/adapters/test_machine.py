"""Threads, other programs and waiting."""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.parallel import results, together, workers
from lambda_fast_deploy.adapters.process import output_of, output_within, path_of, run
from lambda_fast_deploy.errors import BuildFailed, NotReady

# ---------------------------------------------------------------- parallel


def test_an_error_is_raised_only_when_all_work_has_ended() -> None:
    ended = threading.Event()

    def slow() -> None:
        time.sleep(0.1)
        ended.set()

    def fails() -> None:
        raise ValueError("first")

    with workers() as pool:
        futures: dict[str, Future[None]] = {"bad": pool.submit(fails), "slow": pool.submit(slow)}
        with pytest.raises(ValueError, match="first"):
            results(futures)
        assert ended.is_set()


def test_results_come_by_key() -> None:
    with workers() as pool:
        found = results({n: pool.submit(pow, n, 2) for n in range(5)})
    assert found == {0: 0, 1: 1, 2: 4, 3: 9, 4: 16}


def test_together_keeps_the_order_of_its_items() -> None:
    def work(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    assert together(work, [0.05, 0.0, 0.02]) == [0.05, 0.0, 0.02]


def test_work_is_really_done_at_the_same_time_and_not_more_than_allowed() -> None:
    barrier = threading.Barrier(4, timeout=5)
    together(lambda _: barrier.wait(), range(4))
    running, most, lock = 0, 0, threading.Lock()

    def work(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    together(work, range(8), most=2)
    assert most == 2


# ---------------------------------------------------------------- other programs


def python(source: str, **options: Any) -> list[str]:
    lines: list[str] = []
    run([sys.executable, "-c", source], what="the child", on_line=lines.append, **options)
    return lines


def test_every_line_of_both_streams_is_handed_over() -> None:
    source = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    assert python(source) == ["out", "err"]


def test_a_chatty_child_does_not_block_and_its_last_lines_are_told() -> None:
    source = (
        "import sys\n"
        "for n in range(3000): sys.stderr.write(f'{n:>99}\\n')\n"
        "print('the end', flush=True); sys.exit(3)"
    )
    with pytest.raises(BuildFailed) as caught:
        python(source)
    assert caught.value.message == "the child failed (exit 3)"
    assert len(caught.value.detail.splitlines()) == 25
    assert caught.value.detail.splitlines()[-1].strip() in ("the end", "2999")
    assert "2990" in caught.value.detail


def test_secrets_of_a_child_are_told_nowhere() -> None:
    with pytest.raises(BuildFailed) as caught:
        python("print('a=hunter2 hunter2'); raise SystemExit(1)", hidden=["hunter2"])
    assert caught.value.detail == "a=*** ***"
    assert python("print('hunter2')", hidden=["hunter2"]) == ["***"]


def test_a_secret_that_begins_with_another_one_is_masked_whole() -> None:
    secrets = ["base", "base-6", "database", "database-password", "first line\nsecond line"]
    printed = "print('database-password'); print('second line'); print('base-6')"
    assert python(printed, hidden=secrets) == ["***", "***", "***"]


def test_output_that_is_not_text_is_still_told() -> None:
    assert python("import sys; sys.stdout.buffer.write(b'a\\xffb\\n')") == ["a\ufffdb"]


def test_a_program_that_is_missing_is_the_environments_fault() -> None:
    with pytest.raises(NotReady) as caught:
        run(["no-such-program"], what="an image")
    assert caught.value.message == (
        "an image needs 'no-such-program', which cannot be run: No such file or directory"
    )
    assert caught.value.remedy == (
        "Install no-such-program on this machine or runner, and put it on PATH."
    )


def test_arguments_meet_no_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    hostile = "$(touch pwned); `touch pwned` && touch pwned | cat > pwned"
    lines: list[str] = []
    run(
        [sys.executable, "-c", "import sys; print(sys.argv[1])", hostile],
        what="the child",
        on_line=lines.append,
    )
    assert lines == [hostile]
    assert list(tmp_path.iterdir()) == []


def test_a_child_has_the_environment_it_is_given() -> None:
    source = "import os; print(sorted(os.environ.keys() & {'A', 'HOME'}))"
    assert python(source, environment={"A": "1"}) == ["['A']"]


def test_a_child_waits_for_no_input() -> None:
    assert python("import sys; print(repr(sys.stdin.read()))") == ["''"]


def test_a_child_is_ended_when_its_listener_gives_up() -> None:
    def give_up(_line: str) -> None:
        raise ValueError("enough")

    source = "import time; print('on', flush=True); time.sleep(20)"
    begun = time.monotonic()
    with pytest.raises(ValueError, match="enough"):
        run([sys.executable, "-c", source], what="the child", on_line=give_up)
    assert time.monotonic() - begun < 10


STUBBORN = "trap '' TERM; echo on; while :; do sleep 1; done"


@pytest.mark.parametrize(
    "script",
    [
        STUBBORN,
        f"({STUBBORN}) & wait",
        f"({STUBBORN}) & exec sleep 60",
        f"({STUBBORN}) & trap 'exit 0' TERM; while :; do sleep 1; done",
        "echo on; exec sleep 60",
        "echo on; exec >/dev/null 2>&1; sleep 60",
    ],
)
def test_a_child_is_ended_with_all_of_its_own(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever they do about SIGTERM: nobody runs on, and nobody is waited for much longer."""
    monkeypatch.setattr("lambda_fast_deploy.adapters.process.PATIENCE", 0.5)
    mark = f"MARK_{secrets.token_hex(8)}"
    on: list[str] = []

    def beat() -> None:
        if on:
            raise ValueError("enough")

    begun = time.monotonic()
    with pytest.raises(ValueError, match="enough"):
        run(
            ["sh", "-c", script],
            what="the child",
            on_line=on.append,
            beat=beat,
            environment={**os.environ, mark: "1"},
        )
    assert time.monotonic() - begun < 5
    until = time.monotonic() + 3  # the kernel takes a killed process down in its own time
    while (alive := running_with(mark)) and time.monotonic() < until:
        time.sleep(0.02)
    assert alive == []


def running_with(variable: str) -> list[str]:
    """The processes that run and have got such a variable."""
    return [each.name for each in Path("/proc").glob("[0-9]*") if started_with(variable, each)]


def started_with(variable: str, process: Path) -> bool:
    """Whether a process that runs has got such a variable."""
    try:
        return variable.encode() in (process / "environ").read_bytes()
    except OSError:
        return False


def test_a_child_that_only_has_to_be_asked_is_not_waited_for() -> None:
    begun = time.monotonic()
    with pytest.raises(ValueError, match="enough"):
        run(["sleep", "60"], what="the child", beat=_give_up)
    assert time.monotonic() - begun < 2


def _give_up() -> None:
    raise ValueError("enough")


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ([sys.executable, "-c", "print('yes')"], "yes\n"),
        ([sys.executable, "-c", "print('no'); raise SystemExit(1)"], None),
        ([sys.executable, "-c", ""], ""),
        (["no-such-program"], None),
    ],
)
def test_the_output_of_a_command_is_none_when_it_fails(
    command: list[str], printed: str | None, tmp_path: Path
) -> None:
    assert output_of(command, tmp_path) == printed


# ---------------------------------------------------------------- waiting


def test_a_good_answer_is_not_waited_for() -> None:
    begun = time.monotonic()
    assert retry.until(lambda: "good", lambda _: True, deadline=60, first=5) == "good"
    assert time.monotonic() - begun < 0.5


def test_asking_ends_with_the_deadline_and_gives_the_last_answer() -> None:
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        return len(asked)

    begun = time.monotonic()
    assert retry.until(ask, lambda _: False, deadline=0.3, first=0.05, longest=0.1) == len(asked)
    assert 0.05 < time.monotonic() - begun < 0.6
    assert len(asked) > 1


def test_without_time_it_is_asked_once() -> None:
    assert retry.until(lambda: "bad", lambda _: False, deadline=0) == "bad"


def test_an_error_while_asking_is_not_hidden() -> None:
    def ask() -> int:
        raise NotReady("no permission")

    with pytest.raises(NotReady):
        retry.until(ask, lambda _: True, deadline=60)


@pytest.mark.usefixtures("quick")
def test_work_is_done_again_after_errors_of_its_kind() -> None:
    errors: list[Exception] = [BuildFailed("one"), BuildFailed("two")]

    def work() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert retry.again(work, BuildFailed, attempts=3) == "done"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("error", "times"), [(BuildFailed("x"), 3), (NotReady("x"), 1)])
def test_the_error_itself_is_raised_in_the_end(error: Exception, times: int) -> None:
    tried: list[int] = []

    def work() -> None:
        tried.append(1)
        raise error

    with pytest.raises(type(error), match="x"):
        retry.again(work, BuildFailed, attempts=3)
    assert len(tried) == times


def test_what_is_printed_until_the_time_is_over_counts(tmp_path: Path) -> None:
    script = "read word; echo $word; exit 3"
    assert output_within(["sh", "-c", script], tmp_path, 30, os.environ, "in\n") == ("in\n", True)
    script = "echo begun; exec sleep 30"
    assert output_within(["sh", "-c", script], tmp_path, 0.5, os.environ) == ("begun\n", False)


def test_a_program_is_found_on_path_or_is_not_installed() -> None:
    assert Path(path_of("sh")).is_file()
    assert path_of(f"no-{secrets.token_hex(4)}") == ""

"""Lines on stderr: in a log they are steady, without colours and in full."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from lambda_fast_deploy.cli.terminal import log
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.models import FunctionOutcome
from lambda_fast_deploy.run_log import RunLog
from tests.terminal import Terminal


def test_a_log_has_a_steady_line_for_each_piece_of_work(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 5.0)
    with log.progress() as progress:
        run_log = RunLog(progress.tell)
        with run_log.work("observe", "read", "what AWS has now"):
            pass
        with run_log.work("image:orders", "build", "its code changed", "eu-west-1") as detail:
            run_log.progress("image:orders", "[1/2] COPY", "eu-west-1")
            run_log.advance("image:orders", 1, 2, "pushed 1 of 2 MB", "eu-west-1")
            run_log.note("Look at this.")
            detail("by BuildKit")
        with pytest.raises(BuildFailed), run_log.work("code:orders", "update"):
            raise BuildFailed("no such package")
        progress.say("Received SIGINT: stopping and rolling back.")
    assert capsys.readouterr().err.splitlines() == [
        "   0.00 s read observe: what AWS has now",
        "          build image:orders (eu-west-1): its code changed …",
        "          image:orders (eu-west-1): [1/2] COPY",
        "  note    Look at this.",
        "   0.00 s build image:orders (eu-west-1): by BuildKit",
        "   0.00 s update code:orders: FAILED: no such package",
        "Received SIGINT: stopping and rolling back.",
    ]


@pytest.mark.parametrize(
    ("environment", "live"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "CI": "true"}, False),
        ({}, False),
    ],
)
def test_progress_is_live_where_the_cursor_can_be_moved_and_nobody_writes_it_down(
    environment: dict[str, str], live: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with os.fdopen(os.dup(Terminal().device), "w") as file:
        monkeypatch.setattr("sys.stderr", file)
        assert isinstance(log.progress(), log.Log) is not live
        monkeypatch.undo()


def test_the_outputs_of_a_stack_follow_how_it_came_out(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = {"Api": "https://api", "TableName": "orders"}
    stack = FunctionOutcome("eu-west-1", "shop", "unchanged", is_stack=True, outputs=outputs)
    planned = replace(stack, outcome="planned")
    log.show_deliveries([stack, planned], 1.0)
    assert capsys.readouterr().err.splitlines() == [
        "stack shop: nothing to do, in 1.0 s",
        "  Api        https://api",
        "  TableName  orders",
        "stack shop: planned only, in 1.0 s",
    ]

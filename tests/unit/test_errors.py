"""What is told of errors that nobody has met, and of a machine that has no room."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.files import read_text
from lambda_fast_deploy.errors import Invalid, NotReady, Place, Problem, disk_full, unexpected
from lambda_fast_deploy.masking import SecretMask
from lambda_fast_deploy.report.documents import error_document
from lambda_fast_deploy.run_log import RunLog


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EROFS, "read and write"),
        (errno.EMFILE, "ulimit"),
    ],
)
def test_what_the_machine_refuses_is_no_fault_of_ours(number: int, remedy: str) -> None:
    error = unexpected(OSError(number, os.strerror(number), "/some/file"))
    assert error.message == f"/some/file: {os.strerror(number)}"
    assert remedy in error.remedy
    assert not error.detail


@pytest.mark.parametrize("error", [KeyError("Arn"), OSError("no number"), FileNotFoundError(2, "")])
def test_all_else_is_to_be_reported(error: Exception) -> None:
    assert repr(error) in unexpected(error).message
    assert "Please report it" in unexpected(error).remedy


def test_a_program_that_met_a_full_disk_says_so_and_not_more() -> None:
    said = "error: Failed to install\n  Caused by: /tmp/a: No space left on device (os error 28)"
    with pytest.raises(NotReady, match="layer deps cannot be built: No space left") as caught:
        disk_full("layer deps", said)
    assert caught.value.detail == "Caused by: /tmp/a: No space left on device (os error 28)"
    with pytest.raises(NotReady):
        disk_full("layer deps", "npm error ENOSPC: no space left on device, write")
    disk_full("layer deps", "error: there is no such package")


def test_a_secret_that_a_long_problem_cuts_is_hidden_as_a_whole() -> None:
    secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12"
    for pad in range(950, 1001):
        error = Invalid([Problem(f"{'a' * pad}{secret}{'b' * 50}", Place("f"))])
        error.hide(SecretMask([secret]))
        assert secret[:5] not in str(error) + "".join(map(str, error.problems))


def test_a_secret_that_a_long_path_cuts_is_hidden_as_a_whole() -> None:
    secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12"
    run_log = RunLog()
    run_log.secrets.add([secret])
    for pad in (*range(150, 201), *range(0, 60)):
        with pytest.raises(Invalid) as raised, run_log.work("a", "read"):
            read_text(Path(f"/{'a' * pad}{secret}{'b' * (pad + 161)}"))
        told = str(raised.value) + run_log.entries[-1].detail + run_log.entries[-1].reason
        told += json.dumps(error_document(raised.value))
        assert "cannot be read" in told
        assert secret[:5] not in told
        assert secret[-5:] not in told

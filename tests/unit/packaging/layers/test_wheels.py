"""Packages for Lambda's platform: with which Python of this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.layers import wheels


def test_the_running_interpreter_needs_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "output_of", lambda *_, **__: pytest.fail("it was searched"))
    wheels.interpreter.cache_clear()
    found = wheels.interpreter(Runtime("python{}.{}".format(*sys.version_info)))
    assert Path(found).samefile(sys.executable)

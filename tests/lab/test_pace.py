"""AWS further away, and slower."""

from __future__ import annotations

import time

from lab.pace import paced
from tests.lab.making import Function, code


def test_each_call_takes_longer(live: Function) -> None:
    live.api.get_function(FunctionName=live.name)
    with paced(request=0.3):
        begun = time.monotonic()
        live.api.get_function(FunctionName=live.name)
        assert time.monotonic() - begun >= 0.3
    begun = time.monotonic()
    live.api.get_function(FunctionName=live.name)
    assert time.monotonic() - begun < 0.3


def test_an_update_takes_as_long_as_told(live: Function) -> None:
    with paced(update=1.5):
        begun = time.monotonic()
        live.api.update_function_code(FunctionName=live.name, ZipFile=code("two"))
        assert live.settle() == [("Active", "InProgress"), ("Active", "Successful")]
    assert 1.5 <= time.monotonic() - begun < 5

"""The requirements and options that uv gets for a layer."""

from __future__ import annotations

import sys
from pathlib import Path

from lambda_fast_deploy.packaging.layers.uv_requirements import command_of
from tests.unit import make


def test_uv_searches_for_a_python_only_for_builds(tmp_path: Path) -> None:
    wheels = make.layer(requirements=("idna==3.10",))
    built = make.layer(requirements=("idna==3.10",), sources=("idna",))
    python = f"--python={sys.executable}"
    assert python in command_of(wheels, tmp_path).options
    assert python not in command_of(built, tmp_path).options

"""The runtime of Lambda that packages are chosen for."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.layers.locks.target import LayerTarget, allows, version_of
from tests.unit import make


@pytest.mark.parametrize("runtime", ["python3.9", "python3.13"])
def test_a_runtime_has_the_newest_patch_of_its_version(runtime: str) -> None:
    layer = make.layer(runtime=Runtime(runtime))
    version = version_of(layer)
    minor = runtime.removeprefix("python")
    assert allows(f">={minor},!={minor}.0,!={minor}.1", version)
    assert not allows(f"<={minor}.20", version)
    assert LayerTarget(layer).fits(f"python_full_version > '{minor}.20'")

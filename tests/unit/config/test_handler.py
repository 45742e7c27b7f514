"""Where Lambda's runtimes find a handler."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.config.handler import absence_of, problem_with
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.planning.handler_check import absent_handlers
from tests.unit import make


@pytest.fixture
def code(tmp_path: Path) -> Path:
    for name, text in {
        "app.py": "def handler(): ...",
        "both.py": "def module(): ...",
        "both/__init__.py": "def package(): ...",
        "spaces/deep/app.py": "def handler(): ...",
        "fast.cpython-313-x86_64-linux-gnu.so": "",
        "index.mjs": "",
        "src/api.v1/index.js": "",
    }.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "src"


@pytest.mark.parametrize(
    ("handler", "runtime", "says"),
    [
        ("app.handler", "python3.13", ""),
        ("app.other", "python3.13", "app.py does not define 'other'"),
        ("both.package", "python3.13", ""),
        ("both.module", "python3.13", "__init__.py does not define 'module'"),
        ("spaces/deep/app.handler", "python3.13", ""),
        ("spaces.deep.app.handler", "python3.13", ""),
        ("fast.anything", "python3.13", ""),
        ("datadog_lambda.handler.handler", "python3.13", "handler.py does not exist in 'src'"),
        ("newrelic-lambda-wrapper.handler", "nodejs22.x", "wrapper.js does not exist in 'src'"),
        ("index.handler", "nodejs22.x", ""),
        ("index.api.handler", "nodejs22.x", ""),
        ("src/api.v1/index.api.handler", "nodejs22.x", ""),
        ("src/api.v1/other.handler", "nodejs22.x", "src/api.v1/other.js does not exist"),
        ("/opt/nodejs/node_modules/datadog-lambda-js/handler.handler", "nodejs22.x", ""),
    ],
)
def test_a_handler_is_looked_for_as_the_runtime_does(
    code: Path, handler: str, runtime: str, says: str
) -> None:
    named = (code, handler, Runtime(runtime))
    found = problem_with(*named) or absence_of(*named)
    assert says in found
    assert bool(says) == bool(found)


@pytest.mark.parametrize(
    ("layers", "kept", "is_problem"),
    [(("deps",), (), False), ((), ("arn:other",), False), ((), (), True)],
)
def test_a_module_that_is_not_in_the_code_is_a_problem_only_without_layers(
    code: Path, layers: tuple[str, ...], kept: tuple[str, ...], *, is_problem: bool
) -> None:
    source = make.zip_source(
        code=(code,), handler="wrapper.handler", layers=layers, keeps_layers=not layers
    )
    function = make.function(source=source)
    found = make.existing(make.state(layers=kept))
    regions = make.observed(functions={function.name: found})
    if is_problem:
        with pytest.raises(Invalid, match=r"wrapper.py does not exist"):
            absent_handlers(make.settings(function), regions)
        return
    (note,) = absent_handlers(make.settings(function), regions)
    assert "wrapper.py does not exist in 'src'; one of its layers must have it" in note

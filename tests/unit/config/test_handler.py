"""Where Lambda's runtimes find a handler."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lambda_fast_deploy.config.handler import absence_of, problem_with, program_problem
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Architecture
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
        "com/example/Main.class": "",
        "Orders.dll": "",
        "orders.rb": "",
        "bootstrap": "",
    }.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    jar = tmp_path / "src/lib/core.jar"
    jar.parent.mkdir()
    with zipfile.ZipFile(jar, "w") as zipped:
        zipped.writestr("com/example/Core.class", "")
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
        ("com.example.Main::handle", "java25", ""),
        ("com.example.Core", "java21", ""),
        ("com.example.Gone::handle", "java25", "Gone.class does not exist in 'src' and its lib/"),
        ("Orders::Orders.Function::Handle", "dotnet10", ""),
        ("Order", "dotnet10", "Order.dll does not exist in 'src'"),
        ("orders.Orders::Handler.process", "ruby4.0", ""),
        ("order.handler", "ruby4.0", "order.rb does not exist in 'src'"),
        ("any.thing", "provided.al2023", ""),
        ("main", "go1.x", "main does not exist in 'src'"),
        ("any", "rust1", ""),
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


X86, ARM = b"\x3e\x00", b"\xb7\x00"


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (b"#!/bin/sh\n", 0o755, ""),
        (b"#!/bin/sh\n", 0o644, "bootstrap is not executable; run chmod +x"),
        (b"\x7fELF".ljust(18, b"\0") + X86, 0o755, ""),
        (b"\x7fELF".ljust(18, b"\0") + ARM, 0o755, "is a program for arm64, not for x86_64"),
        (b"\x7fELF".ljust(18, b"\0"), 0o755, "is a program for another machine, not for x86_64"),
    ],
)
def test_a_program_is_one_that_lambda_can_start(
    tmp_path: Path, content: bytes, mode: int, says: str
) -> None:
    (tmp_path / "bootstrap").write_bytes(content)
    (tmp_path / "bootstrap").chmod(mode)
    runtime, x86 = Runtime("provided.al2023"), Architecture.X86_64
    found = program_problem(tmp_path, "bootstrap", runtime, x86)
    assert says in found
    assert bool(says) == bool(found)
    assert not program_problem(tmp_path, "app.handler", Runtime("python3.13"), x86)

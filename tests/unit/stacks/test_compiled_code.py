"""Code that must be compiled is recognized by its runtime and its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.stacks.compiled_code import typescript_of, uncompiled


@pytest.mark.parametrize(
    ("runtime", "files", "build"),
    [
        ("dotnet8", ["Function.cs", "Shop.csproj"], "of Shop.csproj"),
        ("dotnet8", ["Function.cs"], "for dotnet8, whose code here has no *.dll and no bootstrap,"),
        ("dotnet8", ["Shop.dll"], ""),
        ("java21", ["pom.xml", "App.class"], "of pom.xml"),
        ("java21", ["App.java"], "for java21, whose code here has no *.class and no *.jar,"),
        ("java21", ["com/App.class"], ""),
        ("provided.al2023", ["main.go", "go.mod"], "of go.mod"),
        (
            "provided.al2023",
            ["x/bootstrap"],
            "for provided.al2023, whose code here has no bootstrap,",
        ),
        ("provided.al2023", ["bootstrap"], ""),
        ("ruby3.3", ["app.rb", "Gemfile"], "of Gemfile"),
        ("ruby3.3", ["app.rb"], ""),
        ("python3.13", ["app.py", "go.mod", "Gemfile"], ""),
        ({"Ref": "R"}, ["pom.xml"], ""),
    ],
)
def test_what_must_be_compiled(
    tmp_path: Path, runtime: object, files: list[str], build: str
) -> None:
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert uncompiled(tmp_path, runtime, has_layers=False) == build


def test_a_layer_can_have_the_program_of_a_runtime(tmp_path: Path) -> None:
    assert uncompiled(tmp_path, "provided.al2", has_layers=True) == ""


def test_a_handler_in_typescript(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.ts").touch()
    assert typescript_of(tmp_path, "src/app.handler", "nodejs22.x") == "src/app.ts"
    assert typescript_of(tmp_path, "src/other.handler", "nodejs22.x") == ""
    assert typescript_of(tmp_path, "src/app.handler", "python3.13") == ""
    (tmp_path / "src/app.mjs").touch()
    assert typescript_of(tmp_path, "src/app.handler", "nodejs22.x") == ""

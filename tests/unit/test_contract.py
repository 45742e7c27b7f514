"""What import-linter does not see: who reads the environment, the clock and the machine."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import lambda_fast_deploy
from tests.markdown import ROOT

PACKAGE = Path(lambda_fast_deploy.__file__).parent
WORLD = {
    *("os.environ", "os.environb", "os.getenv", "os.putenv", "os.system"),
    *("datetime.now", "datetime.utcnow", "date.today"),
    *("shutil.which", "shutil.disk_usage"),
}
FILE_LINES = 300
FUNCTION_LINES = 60  # lines of a function


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text(encoding="utf-8"))


def named(tree: ast.Module) -> Iterator[str]:
    """What of the world a module names, or imports by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in WORLD:
            yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            yield from WORLD & {f"{node.module}.{alias.name}" for alias in node.names}


def test_only_adapters_touch_the_world() -> None:
    touching = {
        name: set(named(tree)) for name, tree in modules() if not name.startswith("adapters/")
    }
    assert not {name: found for name, found in touching.items() if found}


def test_every_part_has_its_place_in_the_flow() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = document["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    placed = {name for layer in layers for name in layer.split(" : ")}
    prefix = "lambda_fast_deploy."
    parts = {name.removeprefix(prefix).partition(".")[0] for name in placed}
    assert parts == {path.stem for path in PACKAGE.iterdir() if _is_part(path)}
    for part in ("iam", "state"):  # whose lists of facts are below the parts that read them
        modules = {path.stem for path in (PACKAGE / part).glob("*.py")} - {"__init__"}
        assert {f"{prefix}{part}.{module}" for module in modules} <= placed


def _is_part(path: Path) -> bool:
    return path.name not in ("__init__.py", "__pycache__") and not path.name.startswith(".")


@pytest.mark.parametrize("name", [name for name, _ in modules()])
def test_a_file_and_its_functions_are_short(name: str) -> None:
    text = (PACKAGE / name).read_text(encoding="utf-8")
    assert text.count("\n") <= FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES, node.name


def test_no_class_name_is_used_twice() -> None:
    names = [
        node.name
        for _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    assert sorted(names) == sorted(set(names))

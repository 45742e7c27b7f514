"""The tests of a module are where its path says, or this list says what they are about."""

from __future__ import annotations

from pathlib import Path

import pytest

import lambda_fast_deploy

HERE = Path(__file__).parent
PACKAGE = Path(lambda_fast_deploy.__file__).parent
# Tests of more than one module, by their folder
OF_SEVERAL = {
    "": "action_yml bootstrap contract imports makefile mirror requirements",
    "adapters": "machine",
    "adapters/aws": "storage update_members",
    "cli/terminal": "log_of_hostile_text",
    "packaging/images/builders": "builders",
    "packaging/layers/locks": "locks",
    "report": "markdown_of_hostile_text",
    "testing/kinds": "kinds",
}
TESTS = [path for path in sorted(HERE.rglob("test_*.py")) if path.parent != HERE / "docs"]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(HERE)))
def test_a_test_is_at_the_path_of_its_module(path: Path) -> None:
    folder, name = path.parent.relative_to(HERE), path.stem.removeprefix("test_")
    module = PACKAGE / folder / name
    several = OF_SEVERAL.get("" if folder == Path() else str(folder), "").split()
    assert name in several or module.with_suffix(".py").is_file() or module.is_dir()

"""The zip of several directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.code import zip_of_code
from tests.unit import make


def test_a_file_that_another_directory_has_as_a_directory_is_refused(tmp_path: Path) -> None:
    for name in ("one/lib/deep/a.py", "two/b.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("")
    source = make.zip_source(code=(tmp_path / "one", tmp_path / "two"))
    assert zip_of_code(source).unzipped == 0
    (tmp_path / "two/lib").write_text("")
    with pytest.raises(Invalid) as caught:
        zip_of_code(source)
    (problem,) = caught.value.problems
    assert str(problem.place) == str(tmp_path / "two/lib")
    assert problem.message.endswith("one; rename one of them")

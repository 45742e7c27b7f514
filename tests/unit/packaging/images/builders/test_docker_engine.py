"""Which images only BuildKit builds as they are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.packaging.images.builders.docker_engine import unsupported
from tests.unit import make


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("COPY app/main.py/. /x/", "COPY app/main.py/., which is not a folder"),
        ("COPY app/main.py/ /x/", "COPY app/main.py/, which is not a folder"),
        ("ADD *.txt/. /x/", "ADD *.txt/., which is not a folder"),
        ('COPY ["app/main.py/.", "/x/"]', "COPY app/main.py/., which is not a folder"),
        ("COPY ../app /x/", "COPY ../app, outside of the context"),
        ("COPY app/../../app /x/", "COPY app/../../app, outside of the context"),
        ("COPY app/. /x/", ""),
        ("COPY app/ notes.txt /x/", ""),
        ("COPY app/../notes.txt /x/", ""),
        ("COPY . /x/", ""),
        ("COPY ./ /x/", ""),
    ],
)
def test_paths_that_the_engine_reads_otherwise(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").write_text("pass")
    (tmp_path / "notes.txt").write_text("notes")
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"FROM scratch\n{line}\n")
    assert unsupported(make.base(dockerfile=dockerfile, context=tmp_path)) == reason

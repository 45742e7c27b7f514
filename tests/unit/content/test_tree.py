"""Which files make an artifact."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.content.dockerfile import copied_sources
from engine.content.tree import code_files, image_files
from engine.errors import Invalid


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return root


# ---------------------------------------------------------------- a function's own code


def test_code_is_every_file_in_order_and_never_what_tools_leave_behind(tmp_path: Path) -> None:
    tree(
        tmp_path,
        *("b.py", "a/c.py", "a/__pycache__/c.cpython-311.pyc", "old.pyc", "x.pyo"),
        *(".git/config", ".venv/bin/python", ".DS_Store", "a/.DS_Store", "data/.hidden"),
    )
    assert code_files(tmp_path) == ["a/c.py", "b.py", "data/.hidden"]


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        ("*.md", ["a/keep.txt", "a/x.py", "app.py"]),
        ("a/", ["app.py", "notes.md"]),
        ("/a/x.py", ["a/keep.txt", "a/notes.md", "app.py", "notes.md"]),
        ("# a comment\n\n*.md", ["a/keep.txt", "a/x.py", "app.py"]),
        ("*\n!app.py", ["app.py"]),
        ("a/*\n!a/keep.txt", ["a/keep.txt", "app.py", "notes.md"]),
        ("**/x.py", ["a/keep.txt", "a/notes.md", "app.py", "notes.md"]),
        ("!.env", [".env", "a/keep.txt", "a/notes.md", "a/x.py", "app.py", "notes.md"]),
    ],
)
def test_lambdaignore_is_read_like_gitignore(
    tmp_path: Path, patterns: str, kept: list[str]
) -> None:
    own = ("app.py", "notes.md", "a/x.py", "a/notes.md", "a/keep.txt")
    tree(tmp_path, *own, ".git/x", "y.pyc", ".env")
    (tmp_path / ".lambdaignore").write_text(patterns)
    assert code_files(tmp_path) == kept


# ---------------------------------------------------------------- what a Dockerfile copies


@pytest.mark.parametrize(
    ("dockerfile", "sources"),
    [
        ("COPY a.txt /x", ["a.txt"]),
        ("copy a.txt b.txt /x/", ["a.txt", "b.txt"]),
        ("  ADD a.tar /x", ["a.tar"]),
        ("COPY . .", ["."]),
        ("COPY *.txt app? /x/", ["*.txt", "app?"]),
        ('COPY ["a b.txt", "c.txt", "/x/"]', ["a b.txt", "c.txt"]),
        ('COPY --chown=1:1 ["a b.txt", "/x/"]', ["a b.txt"]),
        ("COPY --link a.txt /x", ["a.txt"]),
        ("COPY --chown=app:app --chmod=755 --link a.txt b.txt /x/", ["a.txt", "b.txt"]),
        ("COPY a.txt \\\n     b.txt \\\n  /x/", ["a.txt", "b.txt"]),
        ("COPY a.txt \\\n# a comment between\n  b.txt /x/", ["a.txt", "b.txt"]),
        ("COPY a.txt \\  \n /x", ["a.txt"]),
        ("# COPY a.txt /x", []),
        ("RUN echo COPY a b", []),
        ("COPYING a b", []),
        ("FROM x AS y\nCOPY --from=y /a /b\nCOPY c /d", ["c"]),
        ("COPY --link --from=y /a /b", []),
        ("COPY --from=${STAGE} /a /b", []),
        ("ADD https://example.org/a.tar /x", []),
        ("ADD https://example.org/a.tar local /x", ["local"]),
        ("COPY <<EOF /x\nhello\nEOF", []),
        ("COPY a.txt $TARGET/", ["a.txt"]),
        ("COPY a.txt /x\r\nCOPY b.txt /x\r\n", ["a.txt", "b.txt"]),
        ("FROM scratch", []),
        ("", []),
        ("RUN --mount=type=cache,target=/root/.cache pip install x", []),
        ("RUN --mount=type=secret,id=token cat /run/secrets/token", []),
        ("RUN --mount=type=tmpfs,target=/tmp --network=none true", []),
        ("RUN --mount=type=bind,from=build,source=/a,target=/b true", []),
        ("RUN --mount=from=build,target=/b,type=bind true", []),
        ("RUN --mount=from=build,source=/a,target=/b true", []),
    ],
)
def test_the_sources_of_copy_and_add_are_read_from_the_text(
    dockerfile: str, sources: list[str]
) -> None:
    assert copied_sources(dockerfile) == sources


@pytest.mark.parametrize(
    "dockerfile",
    [
        "ARG SRC\nCOPY $SRC /x",
        "COPY ${SRC} /x",
        "COPY a.txt app-${VERSION}/ /x/",
        "RUN --mount=type=bind,target=/src make",
        "RUN --mount=type=bind,source=app,target=/src make",
        "RUN --mount=target=/src make",
        "RUN --mount=source=.,target=/src,ro make",
        "RUN --mount=type=cache,target=/c --mount=type=bind,target=/src make",
        "RUN --mount=type=bind,from=x,target=/x --mount=type=bind,target=/src make",
        "RUN \\\n  --mount=type=bind,target=/src make",
        "run --mount=TYPE=BIND,target=/src make",
        'COPY ["a.txt", /x]',
        'COPY "a.txt" /x',
        "COPY 'a.txt' /x",
        "COPY a\\ b.txt /x",
        "COPY **/*.py /x/",
    ],
)
def test_what_cannot_be_told_from_the_text_makes_the_whole_context_count(dockerfile: str) -> None:
    assert copied_sources(dockerfile) is None


CONTEXT = (
    *("Dockerfile.lambda", "README.md", "requirements.txt", "app/main.py", "app/data/a.csv"),
    *("application/x.py", "docs/app/main.py", ".env"),
)


@pytest.mark.parametrize(
    ("copy", "files"),
    [
        ("app", ["app/data/a.csv", "app/main.py"]),
        ("./app/", ["app/data/a.csv", "app/main.py"]),
        ("/app", ["app/data/a.csv", "app/main.py"]),
        ("app/.", ["app/data/a.csv", "app/main.py"]),
        ("app/*.py", ["app/main.py"]),
        ("*.txt", ["requirements.txt"]),
        ("app*", ["app/data/a.csv", "app/main.py", "application/x.py"]),
        ("*/main.py", ["app/main.py"]),
        ("requirements.txt app/data", ["app/data/a.csv", "requirements.txt"]),
        ("nothing", []),
        (".", sorted(CONTEXT)),
        ("./", sorted(CONTEXT)),
        ("$ANY", sorted(CONTEXT)),
    ],
)
def test_only_what_is_copied_makes_an_image(tmp_path: Path, copy: str, files: list[str]) -> None:
    tree(tmp_path, *CONTEXT)
    dockerfile = tmp_path / "Dockerfile.lambda"
    dockerfile.write_text(f"FROM scratch\nCOPY {copy} /x/\n")
    assert image_files(tmp_path, dockerfile) == files


@pytest.mark.parametrize(
    ("ignored", "kept"),
    [
        ("*.md", {"README.md": False, "app/main.py": True}),
        ("**/*.csv\n# app\n\n", {"app/data/a.csv": False, "app/main.py": True}),
        ("app", {"app/main.py": False, "app/data/a.csv": False, "docs/app/main.py": True}),
        ("/app/data", {"app/data/a.csv": False, "app/main.py": True}),
        ("*\n!app\n", {"app/main.py": True, "app/data/a.csv": True, "README.md": False}),
        ("app\n!app/main.py", {"app/main.py": True, "app/data/a.csv": False}),
        ("!app/main.py\napp", {"app/main.py": False}),
        (".env", {".env": False, "README.md": True}),
    ],
)
def test_dockerignore_is_read_as_docker_reads_it(
    tmp_path: Path, ignored: str, kept: dict[str, bool]
) -> None:
    tree(tmp_path, *CONTEXT)
    dockerfile = tmp_path / "Dockerfile.lambda"
    dockerfile.write_text("FROM scratch\nCOPY . /x/\n")
    (tmp_path / ".dockerignore").write_text(ignored)
    files = image_files(tmp_path, dockerfile)
    assert {name: name in files for name in kept} == kept
    assert files == sorted(files)


def test_an_ignore_file_of_the_dockerfiles_own_stands_for_the_general_one(tmp_path: Path) -> None:
    tree(tmp_path, *CONTEXT)
    dockerfile = tmp_path / "Dockerfile.lambda"
    dockerfile.write_text("FROM scratch\nCOPY app README.md /x/\n")
    (tmp_path / ".dockerignore").write_text("README.md")
    (tmp_path / "Dockerfile.lambda.dockerignore").write_text("app/data")
    assert image_files(tmp_path, dockerfile) == ["README.md", "app/main.py"]


def test_what_is_no_pattern_is_said_at_its_line(tmp_path: Path) -> None:
    (tmp_path / ".lambdaignore").write_text("*.txt\nfolder\\")
    with pytest.raises(Invalid) as caught:
        code_files(tmp_path)
    assert f"{tmp_path}/.lambdaignore:2: 'folder\\\\' is no pattern" in str(caught.value)


def test_another_encoding_than_utf_8_is_said_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"FROM scratch\n# caf\xe9\n")
    with pytest.raises(Invalid, match="Dockerfile:2: is not UTF-8 text"):
        image_files(tmp_path, tmp_path / "Dockerfile")


def test_many_asterisks_are_one(tmp_path: Path) -> None:
    (tmp_path / ".lambdaignore").write_text(f"{'*' * 50}.txt\n{'*' * 50}b c\n")
    for name in ("a.txt", "a.py", "a-name-that-is-long-enough-to-take-for-ever"):
        (tmp_path / name).touch()
    begun = time.monotonic()
    assert "a.txt" not in code_files(tmp_path)
    assert time.monotonic() - begun < 1

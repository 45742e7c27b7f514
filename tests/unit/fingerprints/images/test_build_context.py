"""What of a build context counts, after its ignore file. tests/judges has BuildKit say the same."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.images.build_context import content
from lambda_fast_deploy.fingerprints.images.copy_sources import sources
from lambda_fast_deploy.fingerprints.images.dockerfile import read
from lambda_fast_deploy.fingerprints.images.upstream_images import upstreams


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return root


def copied(dockerfile: str) -> list[str] | None:
    """The sources, as they are written, of a Dockerfile with one stage."""
    text = dockerfile if "FROM" in dockerfile else f"FROM scratch AS y\n{dockerfile}"
    found = sources(read(text), {})
    return None if found is None else [each.written for each in found]


def files_of(context: Path, dockerfile: Path) -> list[str]:
    """What counts, but for folders."""
    found = content(context, dockerfile, {}).kinds
    return [path for path, kind in found.items() if kind != "folder"]


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
        ("FROM x AS y\nFROM z\nCOPY --from=y /a /b\nCOPY c /d", ["c"]),
        ("COPY --link --from=y /a /b", []),
        ("COPY --from=${STAGE} /a /b", []),
        ("ADD https://example.org/a.tar /x", []),
        ("ADD https://example.org/a.tar local /x", ["local"]),
        ("COPY <<EOF /x\nhello\nEOF", []),
        ("COPY a.txt $TARGET/", ["a.txt"]),
        ("COPY a.txt /x\r\nCOPY b.txt /x\r\n", ["a.txt", "b.txt"]),
        ("FROM scratch", []),
        ("RUN --mount=type=cache,target=/root/.cache pip install x", []),
        ("RUN --mount=type=secret,id=token cat /run/secrets/token", []),
        ("RUN --mount=type=tmpfs,target=/tmp --network=none true", []),
        ("RUN --mount=type=bind,from=build,source=/a,target=/b true", []),
        ("RUN --mount=from=build,target=/b,type=bind true", []),
        ("RUN --mount=type=bind,target=/src make", ["."]),
        ("RUN --mount=target=/src make", ["."]),
        ("RUN --mount=type=bind,source=app,target=/src make", ["app"]),
        ("RUN --mount=type=cache,target=/c --mount=src=uv.lock,target=/u make", ["uv.lock"]),
        ("RUN \\\n  --mount=type=bind,target=/src make", ["."]),
        ("COPY app/[^_]*.py [!a]* /x/", ["app/[^_]*.py", "[!a]*"]),
        ("RUN echo `date`\nCOPY app /x", ["app"]),
        ("RUN echo \\\\\nCOPY app /x", ["app"]),
        ("RUN echo \\ \nCOPY app /x", []),
        ("# escape=`\nFROM a\nRUN echo `\nCOPY app /x", []),
        ("# no directive\n# escape=`\nFROM a\nRUN echo `\nCOPY app /x", ["app"]),
        ("RUN cat <<A <<-'B'\nCOPY no /x\nA\nCOPY no /x\n\tB\nCOPY app /x", ["app"]),
        ("ONBUILD COPY app /x", []),
        ("FROM a AS b\nONBUILD COPY app /x\nFROM B", ["app"]),
        ("FROM a AS b\nCOPY no /x\nFROM c\nCOPY app /x", ["app"]),
        ("FROM a AS b\nCOPY yes /x\nFROM c\nCOPY --from=0 /x /y", ["yes"]),
        ("FROM a AS b\nCOPY yes /x\nFROM c\nRUN --mount=from=b,target=/x ls", ["yes"]),
        ("ARG S\nFROM a AS b\nCOPY yes /x\nFROM $S", ["yes"]),
        ("RUN --mount=from=build,source=/a,target=/b true", []),
    ],
)
def test_the_sources_of_copy_and_add_are_read_from_the_text(
    dockerfile: str, sources: list[str]
) -> None:
    assert copied(dockerfile) == sources


@pytest.mark.parametrize(
    "dockerfile",
    [
        "ARG SRC\nCOPY $SRC /x",
        "COPY ${SRC} /x",
        "COPY a.txt app-${VERSION}/ /x/",
        "RUN --mount=type=bind,source=$X,target=/src make",
        "COPYING a b",
        "COPY <<EOF /x",
        "COPY --parents a/b /x/",
        "COPY --new-flag a /x/",
        "COPY [[:alpha:]].py /x/",
        "# syntax=example.org/mine:1\nFROM a\nCOPY a /x/",
        "#!/usr/bin/env docker\nFROM a\nCOPY a /x/",
        'COPY ["a.txt", /x]',
        'COPY "a.txt" /x',
        "COPY 'a.txt' /x",
        "COPY a\\ b.txt /x",
        "COPY **/*.py /x/",
        'COPY ["a\\\\*.py", "/x/"]',
    ],
)
def test_what_cannot_be_told_from_the_text_makes_the_whole_context_count(dockerfile: str) -> None:
    assert copied(dockerfile) is None


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
        ("nothing*", []),
        (".", sorted(CONTEXT)),
        ("./", sorted(CONTEXT)),
        ("$ANY", sorted(CONTEXT)),
    ],
)
def test_only_what_is_copied_makes_an_image(tmp_path: Path, copy: str, files: list[str]) -> None:
    tree(tmp_path, *CONTEXT)
    dockerfile = tmp_path / "Dockerfile.lambda"
    dockerfile.write_text(f"FROM scratch\nCOPY {copy} /x/\n")
    assert files_of(tmp_path, dockerfile) == files


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
    files = files_of(tmp_path, dockerfile)
    assert {name: name in files for name in kept} == kept
    assert files == sorted(files)


def test_an_ignore_file_of_the_dockerfiles_own_stands_for_the_general_one(tmp_path: Path) -> None:
    tree(tmp_path, *CONTEXT)
    dockerfile = tmp_path / "Dockerfile.lambda"
    dockerfile.write_text("FROM scratch\nCOPY app README.md /x/\n")
    (tmp_path / ".dockerignore").write_text("README.md")
    (tmp_path / "Dockerfile.lambda.dockerignore").write_text("app/data")
    assert files_of(tmp_path, dockerfile) == ["README.md", "app/main.py"]


def test_another_encoding_than_utf_8_is_said_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"FROM scratch\n# caf\xe9\n")
    with pytest.raises(Invalid, match="Dockerfile:2: is not UTF-8 text"):
        files_of(tmp_path, tmp_path / "Dockerfile")


def test_a_dockerfile_that_copies_very_much_is_read_in_time(tmp_path: Path) -> None:
    tree(tmp_path, *(f"src/{i}/x{i}" for i in range(500)))
    dockerfile = tmp_path / "Dockerfile"
    flags, names = "--link \\\n" * 20_000, " \\\n".join(f"x{i}*" for i in range(20_000))
    images = "FROM a AS s0\n" + "".join(f"FROM s{i} AS s{i + 1}\n" for i in range(20_000))
    dockerfile.write_text(f"{images}COPY {flags} src/7 {names} /x/\n")
    begun = time.process_time()
    assert files_of(tmp_path, dockerfile) == ["src/7/x7"]
    assert len(upstreams(dockerfile.read_text(), {})) == 1
    assert time.process_time() - begun < 5


# ---------------------------------------------------------------- links, and what is odd


@pytest.mark.parametrize(
    ("copy", "links", "counts"),
    [
        ("app", {"app": "releases"}, ["app", "releases/v2/main.py"]),
        ("conf", {"conf": "env/prod"}, ["conf", "env/prod"]),
        ("conf", {"conf": "/env/prod"}, ["conf", "env/prod"]),
        ("conf", {"conf": "../../env/prod"}, ["conf", "env/prod"]),
        ("now/main.py", {"now": "releases/v2"}, ["now", "releases/v2/main.py"]),
        ("now/*.py", {"now": "releases/v2"}, ["now", "releases/v2/main.py"]),
        ("a/b", {"a": "x", "x/b": "../env/prod"}, ["a", "env/prod", "x/b"]),
        ("n*", {"now": "releases/v2"}, ["now", "releases/v2/main.py"]),
        ("releases", {"releases/l": "../env"}, ["releases/l", "releases/v2/main.py"]),
    ],
)
def test_links_are_followed_where_copy_follows_them(
    tmp_path: Path, copy: str, links: dict[str, str], counts: list[str]
) -> None:
    tree(tmp_path, "releases/v2/main.py", "env/prod", "env/test", "x/y", "Dockerfile")
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nCOPY {copy} /x/\n")
    assert files_of(tmp_path, tmp_path / "Dockerfile") == counts


def test_links_without_end_make_everything_count(tmp_path: Path) -> None:
    tree(tmp_path, "a", "Dockerfile")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY on* /x/\n")
    assert files_of(tmp_path, tmp_path / "Dockerfile") == ["Dockerfile", "a", "one", "two"]


def test_ways_without_number_end(tmp_path: Path) -> None:
    for name in "abcdefgh":
        (tmp_path / name).symlink_to(".")
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nCOPY {'*/' * 30} /x/\n")
    begun = time.process_time()
    assert len(files_of(tmp_path, tmp_path / "Dockerfile")) == 9
    assert time.process_time() - begun < 5


def test_a_pipe_counts_by_its_name_and_a_socket_not_at_all(tmp_path: Path) -> None:
    tree(tmp_path, "app/main.py", "Dockerfile")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /x/\n")
    os.mkfifo(tmp_path / "app/pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "app/s"))
    assert content(tmp_path, tmp_path / "Dockerfile", {}).kinds == {
        "Dockerfile": "file",
        "app": "folder",
        "app/main.py": "file",
        "app/pipe": "pipe",
    }


@pytest.mark.parametrize("ignored", ["!", "a\\b", "[", "[[:alpha:]]", "[b-a]", "x^", "a\u00a0"])
def test_an_ignore_file_that_is_not_understood_leaves_nothing_out(
    tmp_path: Path, ignored: str
) -> None:
    tree(tmp_path, "app/main.py", "Dockerfile")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /x/\n")
    (tmp_path / ".dockerignore").write_text(f"app\n{ignored}\n")
    found = content(tmp_path, tmp_path / "Dockerfile", {})
    assert "app/main.py" in found.kinds
    assert found.unread.startswith("app\n")


@pytest.mark.parametrize(
    ("copy", "says"),
    [
        ("settings.json", "COPY settings.json: excluded by {root}/.dockerignore line 2"),
        ("lib/deep/x", "COPY lib/deep/x: excluded by {root}/.dockerignore line 1"),
        ("nothing.py", "COPY nothing.py: not in the context {root}"),
        ("app/main.py/x", "COPY app/main.py/x: not in the context {root}"),
        ("away", "COPY away: a link on its path has no target in the context"),
        ("gone", "COPY gone: a link on its path has no target in the context"),
    ],
)
def test_a_copy_that_will_find_nothing_is_said_at_its_line(
    tmp_path: Path, copy: str, says: str
) -> None:
    tree(tmp_path, "app/main.py", "settings.json", "lib/deep/x", "lib/keep")
    (tmp_path / "away").symlink_to("/etc/hostname")
    (tmp_path / "gone").symlink_to("settings.json")
    (tmp_path / ".dockerignore").write_text("lib\n*.json\n!lib/keep\n")
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nCOPY app /y/\nCOPY {copy} /x/\n")
    with pytest.raises(Invalid) as caught:
        content(tmp_path, tmp_path / "Dockerfile", {})
    place = f"{tmp_path}/Dockerfile:3: "
    assert str(caught.value) == place + says.format(root=tmp_path)


def test_what_another_stage_lacks_is_no_error(tmp_path: Path) -> None:
    tree(tmp_path, "app/main.py")
    text = "FROM scratch AS tests\nCOPY nothing /x/\nFROM scratch\nCOPY app /x/\n"
    (tmp_path / "Dockerfile").write_text(text)
    assert files_of(tmp_path, tmp_path / "Dockerfile") == ["app/main.py"]


def test_an_empty_ignore_file_of_the_dockerfiles_own_leaves_nothing_out_for_certain(
    tmp_path: Path,
) -> None:
    tree(tmp_path, "app/main.py", "README.md", "Dockerfile.dockerignore")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /x/\n")
    (tmp_path / ".dockerignore").write_text("README.md")
    found = content(tmp_path, tmp_path / "Dockerfile", {})
    assert "README.md" in found.kinds
    assert found.unread == "README.md"


@pytest.mark.parametrize(
    ("add", "counts"),
    [
        ("https://example.org/x", []),
        ("git@example.org:x.git", []),
        ("github.com/data", ["github.com/data"]),
    ],
)
def test_what_add_fetches_is_no_file_of_the_context(
    tmp_path: Path, add: str, counts: list[str]
) -> None:
    tree(tmp_path, "github.com/data", "Dockerfile")
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nADD {add} /x/\n")
    assert files_of(tmp_path, tmp_path / "Dockerfile") == counts

"""What is read is a regular file, within a size, and of the checkout where that is asked for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lambda_fast_deploy.adapters import files
from lambda_fast_deploy.adapters.folders import tree
from lambda_fast_deploy.config.aws_services import services_of
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.config.samconfig import read_samconfig
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.fingerprints.file_tree import code_files
from lambda_fast_deploy.fingerprints.images.build_context import content
from lambda_fast_deploy.fingerprints.layers.requirements import requirements
from lambda_fast_deploy.models import Event
from lambda_fast_deploy.stacks.template import read_template

pytestmark = pytest.mark.timeout(20)  # what hangs has failed


def no_file(kind: str, path: Path) -> Path:
    """Something of a kind that is no regular file."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to(f"/dev/{kind}")
    return path


# A socket cannot be opened, nor can a terminal where there is none.
KINDS = {
    "pipe": "is a pipe, not a regular file",
    "socket": "cannot be read",
    "directory": "is a directory, not a regular file",
    "zero": "is a device, not a regular file",
    "tty": "is a device, not a regular file|cannot be read",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("read", [files.read_text, files.read_bytes, files.read_listed])
def test_only_regular_files_are_read(
    tmp_path: Path, kind: str, read: Callable[[Path], object]
) -> None:
    with pytest.raises(Invalid, match=rf"^{tmp_path}/x: ({KINDS[kind]})"):
        read(no_file(kind, tmp_path / "x"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "directory"])
@pytest.mark.parametrize("linked", [False, True])
def test_a_tree_of_code_holds_regular_files_only(tmp_path: Path, kind: str, linked: bool) -> None:
    code = tmp_path / "code"
    code.mkdir()
    made = no_file(kind, (tmp_path if linked else code) / "data.bin")
    if linked:
        (code / "data.bin").symlink_to(made)
    with pytest.raises(
        Invalid, match=r"is a (pipe|socket|device), not a regular file; remove it, or"
    ):
        code_files(code)
    (code / ".lambdaignore").write_text("data.bin")
    assert code_files(code) == []


def test_what_people_write_is_read_up_to_a_mebibyte_and_locks_further(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text("#" * files.TEXT)
    assert len(files.read_text(path)) == files.TEXT
    path.write_text("#" * (files.TEXT + 1))
    with pytest.raises(Invalid, match=r"x.yml: is larger than 1,048,576 bytes"):
        files.read_text(path)
    assert len(files.read_text(path, files.LOCK)) == files.TEXT + 1
    os.truncate(path, files.LOCK + 1)
    with pytest.raises(Invalid, match=r"is larger than 67,108,864 bytes"):
        requirements(path)


def test_a_file_that_vanished_since_it_was_listed_has_changed(tmp_path: Path) -> None:
    gone = tmp_path / ".app.py.swp"
    for read in (files.read_listed, files.digest, lambda path: files.look(path, "x")):
        with pytest.raises(Invalid, match=r"swp: changed while it was read; run again"):
            read(gone)
    gone.symlink_to("nowhere")
    with pytest.raises(Invalid, match="is a link without a target"):
        files.look(gone, "x")


@pytest.mark.parametrize("read", [files.read_text, files.read_listed, files.digest])
def test_a_file_with_more_than_it_says_has_changed(read: Callable[[Path], object]) -> None:
    """The kernel's files say that they are empty, as one does to which somebody writes."""
    with pytest.raises(Invalid, match="changed while it was read"):
        read(Path("/proc/self/environ"))


def test_a_folder_that_cannot_be_listed_is_said(tmp_path: Path) -> None:
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(40):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    with pytest.raises(Invalid, match="cannot be read: File name too long") as caught:
        code_files(tmp_path)
    assert len(str(caught.value)) < 1000


def test_links_that_lead_to_themselves_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(Invalid, match="a: is a link without a target"):
        code_files(tmp_path)


def test_two_links_to_one_folder_are_both_followed_and_circles_are_not(tmp_path: Path) -> None:
    for name in ("one", "two", "code"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").touch()
    (tmp_path / "code" / "a").symlink_to("../one")
    (tmp_path / "code" / "b").symlink_to("../one")
    assert code_files(tmp_path / "code") == ["a/one.py", "b/one.py", "code.py"]
    (tmp_path / "one" / "there").symlink_to("../two")
    (tmp_path / "two" / "back").symlink_to("../one")
    (tmp_path / "one" / "up").symlink_to("..")
    assert code_files(tmp_path / "one") == ["one.py", "there/two.py"]


def test_folders_that_links_multiply_are_refused(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}").mkdir()
        for name in ("a", "b"):
            (tmp_path / f"{number}" / name).symlink_to(f"../{number + 1}")
    (tmp_path / "30").mkdir()
    with pytest.raises(Invalid, match="too many files and folders"):
        tree(tmp_path / "0", follow=True, most=10_000)


def test_a_tree_without_end_is_refused(tmp_path: Path) -> None:
    for name in range(30):
        (tmp_path / str(name)).touch()
    with pytest.raises(Invalid, match="too many files and folders"):
        tree(tmp_path, follow=True, most=29)


# ---------------------------------------------------------------- within the checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A checkout in which this process must stay, beside a file and a folder of the machine."""
    top = tmp_path / "checkout"
    (top / "src").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.py").write_text("root:hunter2hunter2:\n")
    files.stay_within(top)
    yield top
    files.stay_within(None)


def refused(read: Callable[[], object]) -> None:
    with pytest.raises(Invalid) as caught:
        read()
    assert "points outside the checkout" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("target", ["../outside/secret.py", "/proc/self/environ", "/dev/zero"])
@pytest.mark.parametrize("name", ["lambda-deploy.yml", "template.yaml", "samconfig.toml", "r.txt"])
def test_a_link_out_of_the_checkout_is_not_read(checkout: Path, name: str, target: str) -> None:
    (checkout / name).symlink_to(target)
    readers: dict[str, Callable[[], object]] = {
        "lambda-deploy.yml": lambda: load(GivenInputs({}), {}, Event(), checkout, frozenset),
        "template.yaml": lambda: read_template(checkout / name),
        "samconfig.toml": lambda: samconfig(checkout),
        "r.txt": lambda: requirements(checkout / name),
    }
    refused(readers[name])


def samconfig(folder: Path) -> None:
    problems: list[Problem] = []
    read_samconfig(folder, "", problems)
    raise Invalid(problems)


def test_nothing_that_a_link_or_a_path_leads_out_to_is_part_of_a_plan(checkout: Path) -> None:
    (checkout / "Dockerfile").write_text("FROM scratch\nCOPY . /x\n")
    outside = checkout.parent / "outside"
    refused(lambda: code_files(outside))
    refused(lambda: content(outside, checkout / "Dockerfile", {}))
    refused(lambda: services_of(outside))
    for name, target in (("x", outside / "secret.py"), ("folder", outside)):
        (checkout / "src" / name).symlink_to(target)
        refused(lambda: code_files(checkout / "src"))
        (checkout / "src" / name).unlink()
    for name in (".lambdaignore", "x.py"):
        (checkout / "src" / name).symlink_to(outside / "secret.py")
    refused(lambda: code_files(checkout / "src"))
    refused(lambda: services_of(checkout / "src"))
    (checkout / "r.txt").write_text("-r ../outside/secret.py\n")
    refused(lambda: requirements(checkout / "r.txt"))
    (checkout / "Dockerfile.dockerignore").symlink_to(outside / "secret.py")
    refused(lambda: content(checkout, checkout / "Dockerfile", {}))


def test_a_link_within_the_checkout_is_followed(checkout: Path) -> None:
    (checkout / "shared").mkdir()
    (checkout / "shared" / "a.py").touch()
    (checkout / "src" / "shared").symlink_to("../shared")
    (checkout / "src" / "b.py").symlink_to("../shared/a.py")
    assert code_files(checkout / "src") == ["b.py", "shared/a.py"]


def test_what_a_configuration_names_outside_is_said_at_its_line(checkout: Path) -> None:
    (checkout / "lambda-deploy.yml").write_text(
        "functions:\n  f:\n    zip:\n      code: ../outside\n      handler: secret.x\n"
        "      runtime: python3.13\n    role: arn:aws:iam::123456789012:role/r\n"
        "layers:\n  l:\n    requirements: ../outside/secret.py\n    runtime: python3.13\n"
    )
    with pytest.raises(Invalid) as caught:
        load(
            GivenInputs({}),
            {"AWS_REGION": "eu-west-1"},
            Event(),
            checkout,
            lambda: frozenset({"eu-west-1"}),
        )
    said = str(caught.value)
    assert "lambda-deploy.yml:4: directory '../outside' points outside the checkout" in said
    assert "lambda-deploy.yml:10: file '../outside/secret.py' points outside the checkout" in said


def test_outside_of_such_plans_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "other.py").touch()
    (tmp_path / "src" / "x.py").symlink_to("../other.py")
    assert code_files(tmp_path / "src") == ["x.py"]
    assert not files.leads_out(tmp_path)

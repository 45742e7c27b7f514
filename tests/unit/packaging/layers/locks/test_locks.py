"""What locks of Poetry, PDM and Pipenv settle for a runtime, and which are refused."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.models import Architecture
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.layers.locks import pdm, pipenv, poetry
from lambda_fast_deploy.packaging.layers.locks.pins import Pin, ResolvedLock, UnusableLock
from lambda_fast_deploy.packaging.layers.locks.target import LayerTarget, allows, normal
from tests.unit import make

TARGET = LayerTarget(make.layer(runtime=Runtime("python3.11"), architecture=Architecture.X86_64))
FOLDER = Path("/checkout/svc")
Reader = Callable[..., ResolvedLock]


def names(
    reader: Reader,
    lock: str,
    project: str,
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
) -> list[str]:
    read = reader(tomllib.loads(lock), tomllib.loads(project), FOLDER, TARGET, extras, groups)
    return sorted(pin.line for pin in read.pins)


def pin(source: str, reader: Reader = poetry.settled) -> Pin:
    lock = f'[[package]]\nname = "a"\nversion = "1"\ngroups = ["main"]\n{source}'
    settled = reader(tomllib.loads(lock), {}, FOLDER, TARGET, (), ())
    return settled.pins[0]


# ---------------------------------------------------------------- markers and versions


@pytest.mark.parametrize(
    ("marker", "fits"),
    [
        ("", True),
        ("sys_platform == 'win32'", False),
        ("platform_machine == 'x86_64' and platform_system == 'Linux'", True),
        ("python_version < '3.12'", True),
        ("python_full_version >= '3.11.4'", True),
        ("extra == 'web'", True),
        ("extra == 'Other'", False),
        ("'web' == extra and extra != 'other'", True),
        ("extra == 'other' or (extra == 'web' and python_version >= '3.11')", True),
    ],
)
def test_a_marker_is_seen_from_the_runtime(marker: str, fits: bool) -> None:
    assert TARGET.fits(marker, ("Web",)) is fits


def test_no_marker_is_no_marker() -> None:
    with pytest.raises(ValueError, match="not a marker"):
        TARGET.fits("colour == 'red'")


@pytest.mark.parametrize(
    ("constraint", "version", "allowed"),
    [
        ("*", "7", True),
        ("", "7", True),
        ("^1.2", "1.9.9", True),
        ("^1.2", "2.0", False),
        ("^0.2.3", "0.3", False),
        ("^0.0.3", "0.0.4", False),
        ("~1.2", "1.2.9", True),
        ("~1.2", "1.3", False),
        ("~1", "1.9", True),
        ("1.2", "1.2.0", True),
        ("1.*", "1.7", True),
        (">=1.0,<2.0.0dev", "1.5", True),
        (">=1.0, !=1.3.*, <2", "1.3.1", False),
        (">= 1.0 , < 2", "1.0", True),
        ("(>=1.5.6,!=1.5.7)", "1.7.1", True),
        ("^1 || ^3", "3.5", True),
        ("^1 || ^3", "2.0", False),
        ("~=1.4.2", "1.4.9", True),
        ("==1.0.0", "1.0.0", True),
        ("anything at all", "1", None),
        ("^1", "not a version", None),
    ],
)
def test_a_constraint_is_read_as_its_tool_does(
    constraint: str, version: str, allowed: bool | None
) -> None:
    assert allows(constraint, version) is allowed


# ---------------------------------------------------------------- Poetry

OLD_PROJECT = """\
[tool.poetry.dependencies]
python = "^3.9"
a = "^1"
only-windows = {version = "*", platform = "win32"}
only-old = {version = "*", python = "<3.10"}
optional-b = {version = "*", optional = true}
two = [{version = "^1", python = "<3.8"}, {version = "^2", python = ">=3.8"}]
[tool.poetry.extras]
b = ["optional-b"]
[tool.poetry.group.jobs.dependencies]
job = "*"
[tool.poetry.dev-dependencies]
tester = "*"
"""
OLD_LOCK = "".join(
    f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\n{more}\n'
    for name, version, more in (
        (
            "A",
            "1.5",
            '[package.dependencies]\nc = {version = ">=1", extras = ["x"]}\n'
            'd = {version = "*", markers = "sys_platform == \\"win32\\""}',
        ),
        (
            "c",
            "1.0",
            '[package.dependencies]\ne = {version = "*", optional = true, '
            'markers = "extra == \\"x\\""}\nf = {version = "*", optional = true}\n'
            '[package.extras]\nx = ["E (>=1)"]\ny = ["f"]',
        ),
        ("d", "1", ""),
        ("e", "2", '[package.dependencies]\na = "*"'),
        ("f", "1", ""),
        ("only-windows", "1", ""),
        ("only-old", "1", ""),
        ("optional-b", "3", ""),
        ("two", "1.0", ""),
        ("two", "2.0", ""),
        ("job", "1", ""),
        ("tester", "1", ""),
    )
)


@pytest.mark.parametrize(
    ("extras", "groups", "more"),
    [
        ((), (), []),
        (("B",), (), ["optional-b==3"]),
        ((), ("jobs",), ["job==1"]),
        ((), ("dev",), ["tester==1"]),
    ],
)
def test_an_old_lock_is_walked_from_what_the_project_asks_for(
    extras: tuple[str, ...], groups: tuple[str, ...], more: list[str]
) -> None:
    found = names(poetry.settled, OLD_LOCK, OLD_PROJECT, extras, groups)
    assert found == sorted(["A==1.5", "c==1.0", "e==2", "two==2.0", *more])


NEW_LOCK = "".join(
    f'[[package]]\nname = "{name}"\nversion = "1"\ngroups = {groups}\n{markers}\n'
    for name, groups, markers in (
        ("a", '["main", "dev"]', ""),
        ("tester", '["dev"]', ""),
        ("windows", '["main"]', 'markers = "os_name == \\"nt\\""'),
        ("web", '["main"]', 'markers = "extra == \\"web\\""'),
        ("split", '["main", "dev"]', 'markers = {main = "os_name == \\"nt\\"", dev = ""}'),
    )
)


@pytest.mark.parametrize(
    ("extras", "groups", "found"),
    [
        ((), (), ["a==1"]),
        (("web",), (), ["a==1", "web==1"]),
        ((), ("dev",), ["a==1", "split==1", "tester==1"]),
    ],
)
def test_a_new_lock_says_itself_what_is_wanted(
    extras: tuple[str, ...], groups: tuple[str, ...], found: list[str]
) -> None:
    project = '[tool.poetry.extras]\nweb = ["web"]\n[tool.poetry.group.dev.dependencies]\na = "*"\n'
    assert names(poetry.settled, NEW_LOCK, project, extras, groups) == found


@pytest.mark.parametrize(
    ("source", "line", "place"),
    [
        ('type = "directory"\nurl = "../lib"', "a", {"path": "/checkout/svc/../lib"}),
        ('type = "file"\nurl = "x.whl"', "a", {"path": "/checkout/svc/x.whl"}),
        ('type = "url"\nurl = "https://h/x.whl"', "a", {"url": "https://h/x.whl"}),
        (
            'type = "git"\nurl = "ssh://h/x"\nreference = "main"\nresolved_reference = "12"\n'
            'subdirectory = "s"',
            "a",
            {"git": "ssh://h/x", "rev": "12", "subdirectory": "s"},
        ),
        ('type = "legacy"\nurl = "https://h/"\nreference = "my own"', "a==1", {"index": "my-own"}),
    ],
)
def test_a_package_comes_from_where_the_lock_says(
    source: str, line: str, place: dict[str, str]
) -> None:
    found = pin(f"[package.source]\n{source}")
    assert (found.line, found.source) == (line, place)


@pytest.mark.parametrize(
    ("lock", "project", "says"),
    [
        ("", '[project]\ndependencies = ["b>=1"]', "b is not in it"),
        (
            OLD_LOCK,
            '[project]\ndependencies = ["a>=2"]',
            "it has 1.5; required|has a 1.5; required is",
        ),
        (OLD_LOCK, '[tool.poetry.dependencies]\na = "^2"', "it has a 1.5; required is ^2"),
        (OLD_LOCK, '[tool.poetry.dependencies]\ntwo = "*"', "has 2 of two"),
        (
            NEW_LOCK + '[[package]]\nname = "a"\nversion = "2"\ngroups = ["main"]\n',
            "",
            "two versions of a",
        ),
        (
            '[[package]]\nname = "a"\nversion = "1"\ngroups = ["main"]\n[package.source]\n'
            'type = "svn"\nurl = "x"',
            "",
            "a comes from a svn",
        ),
    ],
)
def test_a_lock_that_does_not_fit_or_does_not_tell_is_refused(
    lock: str, project: str, says: str
) -> None:
    with pytest.raises(UnusableLock) as caught:
        names(poetry.settled, lock, project)
    assert any(each in caught.value.says for each in says.split("|"))
    assert "poetry lock" in caught.value.remedy


@pytest.mark.parametrize(("kind", "more"), [("extra", (("x",), ())), ("group", ((), ("x",)))])
def test_an_extra_or_group_that_the_project_does_not_have_is_named(
    kind: str, more: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    with pytest.raises(UnusableLock, match=f"no {kind} x"):
        names(poetry.settled, NEW_LOCK, "", *more)


# ---------------------------------------------------------------- PDM and Pipenv

PDM_LOCK = """\
[metadata]
groups = ["default", "web", "dev"]
strategy = ["inherit_metadata"]
""" + "".join(
    f'[[package]]\nname = "{name}"\nversion = "1"\ngroups = {groups}\n{more}\n'
    for name, groups, more in (
        ("a", '["default"]', ""),
        ("a", '["default"]', 'extras = ["x"]'),
        ("web", '["web"]', ""),
        ("tester", '["dev"]', ""),
        ("windows", '["default"]', 'marker = "os_name == \\"nt\\""'),
        ("lib", '["default"]', 'path = "../lib"'),
        ("fork", '["default"]', 'git = "ssh://h/x"\nrevision = "12"'),
    )
)


def test_pdm_says_which_groups_want_a_package() -> None:
    assert names(pdm.settled, PDM_LOCK, "") == ["a==1", "fork", "lib"]
    assert names(pdm.settled, PDM_LOCK, "", ("web",)) == ["a==1", "fork", "lib", "web==1"]


@pytest.mark.parametrize(
    ("lock", "project", "says"),
    [
        (PDM_LOCK.replace("inherit_metadata", "static_urls"), "", "which group needs"),
        (PDM_LOCK, "[[tool.pdm.source]]\nurl='a'\n[[tool.pdm.source]]\nurl='b'", "which of the"),
        (PDM_LOCK, "[project]\ndependencies = ['b']", "b is not in it"),
        (PDM_LOCK.replace('"default", "web", "dev"', '"dev"'), "", "no group default"),
    ],
)
def test_what_pdm_does_not_say_is_refused(lock: str, project: str, says: str) -> None:
    with pytest.raises(UnusableLock, match=says):
        names(pdm.settled, lock, project)


PIPFILE_LOCK: dict[str, Any] = {
    "_meta": {
        "sources": [
            {"name": "main", "url": "https://main/simple"},
            {"name": "own", "url": "https://${OWN_USER}:$OWN_PASSWORD@own/simple"},
        ]
    },
    "default": {
        "a": {"version": "==1", "hashes": ["sha256:1"]},
        "b": {"version": "==2", "index": "own"},
        "windows": {"version": "==1", "markers": "os_name == 'nt'"},
        "lib": {"path": "./lib", "editable": True},
        "fork": {"git": "ssh://h/x", "ref": "12"},
    },
    "develop": {"tester": {"version": "==1"}},
}


def test_pipenv_says_which_index_has_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_USER", "me")
    monkeypatch.setenv("OWN_PASSWORD", "word")
    found = pipenv.settled(PIPFILE_LOCK, {}, FOLDER, TARGET, (), ())
    assert {each.name: dict(each.source) for each in found.pins} == {
        "a": {"index": "main"},
        "b": {"index": "own"},
        "lib": {"path": "/checkout/svc/lib"},
        "fork": {"git": "ssh://h/x", "rev": "12"},
    }
    assert found.indexes["own"] == "https://me:word@own/simple"
    more = pipenv.settled(PIPFILE_LOCK, {}, FOLDER, TARGET, (), ("develop",))
    assert "tester" in {each.name for each in more.pins}


@pytest.mark.parametrize(
    ("project", "extras", "groups", "says"),
    [
        ({"packages": {"z": "*"}}, (), (), "z is not in it"),
        ({"packages": {"a": ">=2"}}, (), (), "it has a 1"),
        ({}, ("x",), (), "no extra x"),
        ({}, (), ("x",), "no group x"),
    ],
)
def test_what_pipenv_does_not_have_is_refused(
    project: dict[str, Any], extras: tuple[str, ...], groups: tuple[str, ...], says: str
) -> None:
    with pytest.raises(UnusableLock, match=says):
        pipenv.settled(PIPFILE_LOCK, project, FOLDER, TARGET, extras, groups)


# ---------------------------------------------------------------- what uv is given


def test_what_is_written_is_a_project_with_one_place_for_each_package(tmp_path: Path) -> None:
    pins = (
        Pin("a", "1", ("sha256:1", "sha256:2")),
        Pin("B_b", "2", (), {"index": "own"}),
        Pin("c", "3", (), {"path": '/a "quoted" folder'}),
    )
    settled = ResolvedLock(pins, {"own": "https://own/simple", "unused": "https://u/"})
    project, hashes = settled.write(tmp_path)
    read = tomllib.loads(project.read_text())
    assert read["project"]["dependencies"] == ["a==1", "B_b==2", "c"]
    assert read["tool"]["uv"]["sources"] == {
        "B_b": {"index": "own"},
        "c": {"path": '/a "quoted" folder'},
    }
    index = {"name": "own", "explicit": True, "url": "https://own/simple"}
    assert read["tool"]["uv"]["index"] == [index]
    assert hashes.read_text() == "a==1 --hash=sha256:1 --hash=sha256:2\n"


def test_names_are_equal_as_an_index_has_them() -> None:
    assert normal("Python_Dateutil") == normal("python.dateutil") == "python-dateutil"

"""Which package indexes a machine names: in variables, and in files of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.index_settings import (
    PackageIndexes,
    credentials_of,
    of_this_machine,
    without_own,
)

PIP = "[global]\nindex-url = https://a:b@global/\nextra-index-url =\n  https://x/\n  https://y/\n"
UV = (
    "[[index]]\nname = 'own'\nurl = 'https://own/'\n[[index]]\nurl = 'https://d/'\ndefault = true\n"
)
EXPLICIT = "[[index]]\nname = 'e'\nurl = 'https://e/'\nexplicit = true\n"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without any settings."""
    return {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}


def settings(home: Mapping[str, str], name: str, text: str) -> None:
    path = Path(home["HOME"], ".config", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_nothing_is_pypi(home: dict[str, str]) -> None:
    found = of_this_machine({**home, "PIP_CONFIG_FILE": "/dev/null"})
    assert found == PackageIndexes()
    assert found.variables == {}
    assert found.hosts == []


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"UV_INDEX": "n=https://n/ https://m/"}, PackageIndexes(("n=https://n/", "https://m/"))),
        ({"UV_EXTRA_INDEX_URL": "https://n/"}, PackageIndexes(("https://n/",))),
        ({"UV_INDEX_URL": "https://d/"}, PackageIndexes(default="https://d/")),
        ({"UV_DEFAULT_INDEX": "https://d/"}, PackageIndexes(default="https://d/")),
        ({"UV_FIND_LINKS": "a,b"}, PackageIndexes(links=("a", "b"))),
        ({"UV_NO_INDEX": "1"}, PackageIndexes(is_alone=True)),
        ({"PIP_INDEX_URL": "https://d/"}, PackageIndexes(default="https://d/")),
        (
            {"PIP_EXTRA_INDEX_URL": "https://n/ https://m/"},
            PackageIndexes(("https://n/", "https://m/")),
        ),
        ({"PIP_FIND_LINKS": "a b"}, PackageIndexes(links=("a", "b"))),
        ({"PIP_NO_INDEX": "true"}, PackageIndexes(is_alone=True)),
        (
            {"UV_INDEX_URL": "https://u/", "PIP_INDEX_URL": "https://p/"},
            PackageIndexes(default="https://u/"),
        ),
        (
            {"UV_INDEX": "https://u/", "PIP_EXTRA_INDEX_URL": "https://p/ https://u/"},
            PackageIndexes(("https://u/", "https://p/")),
        ),
    ],
)
def test_variables_name_them_and_those_of_uv_go_first(
    home: dict[str, str], variables: dict[str, str], found: PackageIndexes
) -> None:
    assert of_this_machine({**home, "PIP_CONFIG_FILE": "/dev/null", **variables}) == found


def test_files_name_them_and_variables_go_first(home: dict[str, str]) -> None:
    settings(home, "pip/pip.conf", PIP)
    found = of_this_machine(home)
    assert found.default == "https://a:b@global/"
    assert found.first[-2:] == ("https://x/", "https://y/")
    assert found.hosts[-1] == "global"  # without its password
    settings(home, "uv/uv.toml", UV + EXPLICIT)
    found = of_this_machine(home)
    assert found.default == "https://d/"
    assert found.first[0] == "own=https://own/"
    assert of_this_machine({**home, "UV_DEFAULT_INDEX": "https://v/"}).default == "https://v/"


def test_a_file_that_a_variable_names_goes_before_the_users(
    home: dict[str, str], tmp_path: Path
) -> None:
    settings(home, "pip/pip.conf", PIP)
    own = tmp_path / "own.conf"
    own.write_text("[install]\nindex-url = https://own/\n")
    assert of_this_machine({**home, "PIP_CONFIG_FILE": str(own)}).default == "https://own/"


@pytest.mark.parametrize("text", ["", "index-url = 1", "[global]\n=", "\0", "[[index]]\nurl = 1"])
def test_a_file_that_says_nothing_names_none(home: dict[str, str], text: str) -> None:
    settings(home, "pip/pip.conf", text)
    settings(home, "uv/uv.toml", text)
    assert of_this_machine({**home}).default == ""


def test_uv_is_told_by_its_environment_alone() -> None:
    indexes = PackageIndexes(
        ("n=https://a:b@n/", "https://m/"), "https://d/", ("links",), is_alone=True
    )
    assert indexes.variables == {
        "UV_INDEX": "n=https://a:b@n/ https://m/",
        "UV_DEFAULT_INDEX": "https://d/",
        "UV_FIND_LINKS": "links",
        "UV_NO_INDEX": "1",
    }
    assert indexes.hosts == ["n", "m", "d", "file"]
    around = {**indexes.variables, "UV_EXTRA_INDEX_URL": "x", "UV_INDEX_N_PASSWORD": "y"}
    assert without_own(around) == {"UV_INDEX_N_PASSWORD": "y"}


def test_those_of_a_project_come_after_and_only_once() -> None:
    indexes = PackageIndexes(("https://n/",)).after(
        "own=https://n/", "b=https://b/", default="https://d/"
    )
    assert indexes == PackageIndexes(("https://n/", "b=https://b/"), "https://d/")
    assert indexes.after(default="https://e/").default == "https://d/"


def test_poetrys_credentials_are_uvs_where_that_has_none() -> None:
    around = {
        "POETRY_HTTP_BASIC_MY_OWN_USERNAME": "a",
        "POETRY_HTTP_BASIC_MY_OWN_PASSWORD": "b",
        "POETRY_HTTP_BASIC_OTHER_PASSWORD": "c",
        "UV_INDEX_MY_OWN_PASSWORD": "d",
    }
    assert credentials_of(["my-own"], around) == {"UV_INDEX_MY_OWN_USERNAME": "a"}

"""The package indexes of this machine, from variables and files of the user.

uv reads its own variables. pip's settings are read here, and so is what ``pip config`` and
``aws codeartifact login`` write, since a user sets an index for every installer. uv's settings take
precedence over pip's (pip documentation, "Configuration"; uv documentation, "Package indexes").
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lambda_fast_deploy.adapters.files import is_file

# The name before an address: ``name=https://…`` (uv documentation, UV_INDEX).
_NAMED = re.compile(r"[A-Za-z0-9._-]+=(?=\S)")
_PIP = ("index-url", "extra-index-url", "find-links", "no-index")


@dataclass(frozen=True, slots=True)
class PackageIndexes:
    """The indexes of packages: the first index that has a package provides it.

    ``first`` take precedence over ``default``, which is PyPI if empty. ``links`` are pages and
    folders of files. Each may have a name before it, as in uv: ``name=https://…``. The addresses
    contain passwords: they are passed on in the environment, and never shown.
    """

    first: tuple[str, ...] = ()
    default: str = ""
    links: tuple[str, ...] = ()
    is_alone: bool = False  # only ``links`` are used

    @property
    def variables(self) -> dict[str, str]:
        """The environment that passes them to uv."""
        values = {
            "UV_INDEX": " ".join(self.first),
            "UV_DEFAULT_INDEX": self.default,
            "UV_FIND_LINKS": ",".join(self.links),
            "UV_NO_INDEX": "1" if self.is_alone else "",
        }
        return {name: value for name, value in values.items() if value}

    @property
    def hosts(self) -> list[str]:
        """The hosts asked before PyPI or instead of it, without credentials, in order."""
        return [_host(each) for each in (*self.first, self.default, *self.links) if each]

    def after(self, *first: str, default: str = "") -> PackageIndexes:
        """The same, with a project's own indexes after those of this machine."""
        known_addresses = {_address(each) for each in self.first}
        more = tuple(each for each in first if _address(each) not in known_addresses)
        return PackageIndexes(self.first + more, self.default or default, self.links, self.is_alone)


def of_this_machine(environment: Mapping[str, str] = os.environ) -> PackageIndexes:
    """The indexes in variables and files of the user; no file of the checkout is read."""
    uv, pip = _of_uv(environment), _of_pip(environment)
    addresses = [*uv["first"], *pip.get("extra-index-url", "").split()]
    return PackageIndexes(
        first=tuple(dict.fromkeys(addresses)),
        default=uv["default"] or pip.get("index-url", ""),
        links=tuple(dict.fromkeys([*uv["links"], *pip.get("find-links", "").split()])),
        is_alone=uv["is_alone"] or pip.get("no-index", "").lower() in ("1", "true", "yes", "on"),
    )


def credentials_of(names: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Credentials for indexes from Poetry's variables, under the names of uv's variables.

    Credentials that uv has already stay (Poetry documentation, "Configuring credentials"; uv
    documentation, "Providing credentials directly").
    """
    credentials = {}
    for name in names:
        key = re.sub(r"[^A-Z0-9]", "_", name.upper())
        for what in ("USERNAME", "PASSWORD"):
            value = environment.get(f"POETRY_HTTP_BASIC_{key}_{what}")
            if value and f"UV_INDEX_{key}_{what}" not in environment:
                credentials[f"UV_INDEX_{key}_{what}"] = value
    return credentials


def without_own(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without variables for indexes, to which ``PackageIndexes`` adds its own."""
    settings = ("INDEX", "INDEX_URL", "EXTRA_INDEX_URL", "DEFAULT_INDEX", "FIND_LINKS", "NO_INDEX")
    names = {f"UV_{name}" for name in settings}
    return {name: value for name, value in environment.items() if name not in names}


def _of_uv(environment: Mapping[str, str]) -> dict[str, Any]:
    first = environment.get("UV_INDEX", "").split()
    first += environment.get("UV_EXTRA_INDEX_URL", "").split()
    default = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL") or ""
    links = [each for each in environment.get("UV_FIND_LINKS", "").split(",") if each]
    is_alone = environment.get("UV_NO_INDEX", "").lower() in ("1", "true")
    for path in filter(is_file, _configurations(environment, "uv", "uv.toml")):
        import tomllib  # this file is rare

        with suppress(OSError, ValueError):
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
            of_file, of_default = of_table(settings)
            first, default = [*first, *of_file], default or of_default
    return {"first": first, "default": default, "links": links, "is_alone": is_alone}


def of_table(settings: Mapping[str, Any], *, explicit: bool = False) -> tuple[list[str], str]:
    """The indexes in a table of uv's settings, and its default.

    Args:
        settings: of uv.toml, or ``tool.uv`` of a pyproject.toml.
        explicit: whether to include indexes that only the packages naming them use.
    """
    first, default = [], ""
    listed = settings.get("index")
    for each in listed if isinstance(listed, list) else ():
        if not (isinstance(each, dict) and isinstance(each.get("url"), str)):
            continue
        name = f"{each['name']}=" if isinstance(each.get("name"), str) else ""
        if each.get("default") is True:
            default = default or name + each["url"]
        elif explicit or each.get("explicit") is not True:
            first.append(name + each["url"])
    if isinstance(url := settings.get("index-url"), str):
        default = default or url
    extra = settings.get("extra-index-url")
    return [*first, *filter(_is_text, extra if isinstance(extra, list) else ())], default


def _of_pip(environment: Mapping[str, str]) -> dict[str, str]:
    """pip's settings: later files override earlier ones, and variables override files."""
    settings: dict[str, str] = {}
    for path in filter(is_file, _of_pip_files(environment)):
        import configparser

        parser = configparser.RawConfigParser()
        with suppress(OSError, ValueError, configparser.Error):
            parser.read_string(path.read_text(encoding="utf-8"))
        for section in ("global", "install"):
            if parser.has_section(section):
                settings |= {name: value for name, value in parser.items(section) if name in _PIP}
    variables = {name: environment.get(f"PIP_{name.upper().replace('-', '_')}") for name in _PIP}
    return settings | {name: value for name, value in variables.items() if value}


def _of_pip_files(environment: Mapping[str, str]) -> Iterator[Path]:
    named_file = environment.get("PIP_CONFIG_FILE", "")
    if named_file == os.devnull:
        return
    yield from reversed(list(_configurations(environment, "pip", "pip.conf")))
    if environment.get("VIRTUAL_ENV"):
        yield Path(environment["VIRTUAL_ENV"], "pip.conf")
    if named_file:
        yield Path(named_file)


def _configurations(environment: Mapping[str, str], tool: str, name: str) -> Iterable[Path]:
    """Files of a tool's settings, the user's before the machine's (XDG Base Directory)."""
    home = Path(environment.get("HOME") or "/")
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config", tool, name)
    if tool == "pip":
        yield home / ".pip" / name
    for folder in (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
        yield Path(folder, tool, name)
    yield Path("/etc", name) if tool == "pip" else Path("/etc", tool, name)


def _address(index: str) -> str:
    return _NAMED.sub("", index, count=1)


def _host(index: str) -> str:
    """Host and port of an index; for a folder, its kind."""
    try:
        return urlsplit(_address(index)).netloc.rpartition("@")[2] or "file"
    except ValueError:
        return "file"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)

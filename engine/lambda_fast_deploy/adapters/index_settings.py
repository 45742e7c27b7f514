"""The package indexes of this machine: those that variables and files of the user's name.

uv reads its own variables; pip's are read here, as is what ``pip config`` and ``aws codeartifact
login`` write, since whoever set an index for pip means it for every installer. uv's settings go
before pip's (pip documentation, "Configuration"; uv documentation, "Package indexes").
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

# Where a name comes from that is no address: ``name=https://…`` (uv documentation, UV_INDEX).
_NAMED = re.compile(r"[A-Za-z0-9._-]+=(?=\S)")
_PIP = ("index-url", "extra-index-url", "find-links", "no-index")


@dataclass(frozen=True, slots=True)
class PackageIndexes:
    """Where packages are looked up: the first index that has a name settles where it comes from.

    ``first`` go before ``default``, which is PyPI if it is empty. ``links`` are pages and folders
    of files. Each may have a name before it, as uv takes it: ``name=https://…``. Addresses hold
    passwords: they are handed on by the environment, and shown nowhere.
    """

    first: tuple[str, ...] = ()
    default: str = ""
    links: tuple[str, ...] = ()
    is_alone: bool = False  # nothing is looked up but in ``links``

    @property
    def variables(self) -> dict[str, str]:
        """The environment that tells uv of them."""
        found = {
            "UV_INDEX": " ".join(self.first),
            "UV_DEFAULT_INDEX": self.default,
            "UV_FIND_LINKS": ",".join(self.links),
            "UV_NO_INDEX": "1" if self.is_alone else "",
        }
        return {name: value for name, value in found.items() if value}

    @property
    def hosts(self) -> list[str]:
        """Who is asked before PyPI or in its place, without credentials, in order."""
        return [_host(each) for each in (*self.first, self.default, *self.links) if each]

    def after(self, *first: str, default: str = "") -> PackageIndexes:
        """The same, with indexes that a project names itself after those of this machine."""
        named = {_address(each) for each in self.first}
        more = tuple(each for each in first if _address(each) not in named)
        return PackageIndexes(self.first + more, self.default or default, self.links, self.is_alone)


def of_this_machine(environment: Mapping[str, str] = os.environ) -> PackageIndexes:
    """The indexes that variables and files of the user's name; no file of the checkout is read."""
    uv, pip = _of_uv(environment), _of_pip(environment)
    named = [*uv["first"], *pip.get("extra-index-url", "").split()]
    return PackageIndexes(
        first=tuple(dict.fromkeys(named)),
        default=uv["default"] or pip.get("index-url", ""),
        links=tuple(dict.fromkeys([*uv["links"], *pip.get("find-links", "").split()])),
        is_alone=uv["is_alone"] or pip.get("no-index", "").lower() in ("1", "true", "yes", "on"),
    )


def credentials_of(names: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Credentials that Poetry's variables have for indexes, by the names that uv's have.

    Those that uv has itself stay (Poetry documentation, "Configuring credentials"; uv
    documentation, "Providing credentials directly").
    """
    found = {}
    for name in names:
        key = re.sub(r"[^A-Z0-9]", "_", name.upper())
        for what in ("USERNAME", "PASSWORD"):
            value = environment.get(f"POETRY_HTTP_BASIC_{key}_{what}")
            if value and f"UV_INDEX_{key}_{what}" not in environment:
                found[f"UV_INDEX_{key}_{what}"] = value
    return found


def without_own(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without variables that name indexes, in which ``Indexes`` can name them."""
    ours = ("INDEX", "INDEX_URL", "EXTRA_INDEX_URL", "DEFAULT_INDEX", "FIND_LINKS", "NO_INDEX")
    gone = {f"UV_{name}" for name in ours}
    return {name: value for name, value in environment.items() if name not in gone}


def _of_uv(environment: Mapping[str, str]) -> dict[str, Any]:
    first = environment.get("UV_INDEX", "").split()
    first += environment.get("UV_EXTRA_INDEX_URL", "").split()
    default = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL") or ""
    links = [each for each in environment.get("UV_FIND_LINKS", "").split(",") if each]
    is_alone = environment.get("UV_NO_INDEX", "").lower() in ("1", "true")
    for path in filter(is_file, _configurations(environment, "uv", "uv.toml")):
        import tomllib  # hardly anybody has such a file

        with suppress(OSError, ValueError):
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
            of_file, of_default = of_table(settings)
            first, default = [*first, *of_file], default or of_default
    return {"first": first, "default": default, "links": links, "is_alone": is_alone}


def of_table(settings: Mapping[str, Any], *, explicit: bool = False) -> tuple[list[str], str]:
    """The indexes of a table of uv's settings, and its default.

    Args:
        settings: of uv.toml, or ``tool.uv`` of a pyproject.toml.
        explicit: whether those count that are asked only for what names them.
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
    """pip's settings: of its files, the later before the earlier, and of its variables before."""
    found: dict[str, str] = {}
    for path in filter(is_file, _of_pip_files(environment)):
        import configparser

        read = configparser.RawConfigParser()
        with suppress(OSError, ValueError, configparser.Error):
            read.read_string(path.read_text(encoding="utf-8"))
        for section in ("global", "install"):
            if read.has_section(section):
                found |= {name: value for name, value in read.items(section) if name in _PIP}
    variables = {name: environment.get(f"PIP_{name.upper().replace('-', '_')}") for name in _PIP}
    return found | {name: value for name, value in variables.items() if value}


def _of_pip_files(environment: Mapping[str, str]) -> Iterator[Path]:
    own = environment.get("PIP_CONFIG_FILE", "")
    if own == os.devnull:
        return
    yield from reversed(list(_configurations(environment, "pip", "pip.conf")))
    if environment.get("VIRTUAL_ENV"):
        yield Path(environment["VIRTUAL_ENV"], "pip.conf")
    if own:
        yield Path(own)


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
    """Host and port of an index; of a folder, that it is one."""
    try:
        return urlsplit(_address(index)).netloc.rpartition("@")[2] or "file"
    except ValueError:
        return "file"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)

"""Small projects of Python's package managers: what they ask for, locked and installed by these."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.uv import uv
from tests.judges.packages.index import PASSWORD, USER, Index
from tests.judges.packages.managers import call, manager, python

LIB = """\
[project]
name = "{name}"
version = "{version}"
requires-python = ">=3.11"
dependencies = [{needs}]
[build-system]
requires = ["{backend}"]
build-backend = "{module}"
"""
BACKENDS = {"poetry-core>=2.0": "poetry.core.masonry.api", "uv_build>=0.8": "uv_build"}


@dataclass(frozen=True)
class Judged:
    """A project that is locked and installed by its manager.

    ``asked`` is what a layer names, from the project's folder, and ``more`` the keys of that layer.
    ``site`` is where the manager has installed it.
    """

    root: Path
    asked: str
    context: Path
    more: Mapping[str, Any]
    environment: Mapping[str, str]


Make = Callable[[Path, Index], Judged]


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write the files of a project."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def library(
    root: Path,
    name: str,
    *needs: str,
    version: str = "0.1.0",
    backend: str = "poetry-core>=2.0",
    source: str = "",
) -> None:
    """Write a folder with a package of the user's own, beside a project."""
    module = name.replace("-", "_")
    layout = "src/" if backend.startswith("uv_build") else ""
    listed = ", ".join(f'"{need}"' for need in needs)
    text = LIB.format(
        name=name, version=version, needs=listed, backend=backend, module=BACKENDS[backend]
    )
    where = f"{layout}{module}/__init__.py"
    write(root, {"pyproject.toml": text, where: source or f"WHO = '{name}'\n"})


def repository(root: Path, name: str, version: str) -> str:
    """A git repository with a package; its address."""
    library(root, name, version=version, source="PATCHED = True\n")
    for arguments in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "one"],
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)
    return root.as_uri()


def _context(root: Path) -> Path:
    return root / ".venv" / "lib" / "python3.11" / "site-packages"


# ------------------------------------------------------------ uv


def _uv(
    root: Path, *arguments: str, environment: Mapping[str, str] | None = None, **more: Any
) -> Judged:
    """Lock and install a project of uv's, which may be a member of a workspace."""
    environment = {**(environment or {}), "UV_PROJECT_ENVIRONMENT": str(root / ".venv")}
    call([uv(), "lock", "--quiet"], root, environment)
    sync = ["sync", "--quiet", "--frozen", "--no-install-project", "--no-default-groups"]
    call([uv(), *sync, "--python", python(), *arguments], root, environment)
    return Judged(root, "pyproject.toml", _context(root), more, environment)


APP = """\
[project]
name = "app"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = [{needs}]
"""


def app(*needs: str) -> str:
    """A pyproject.toml that asks for these."""
    return APP.format(needs=", ".join(f'"{need}"' for need in needs))


def uv_plain(root: Path, index: Index) -> Judged:
    """Development packages stay out, and so do those of other systems."""
    text = app("click==8.1.7", "idna>=3,<3.8", "pywin32; sys_platform == 'win32'")
    write(root, {"pyproject.toml": text + '[dependency-groups]\ndev = ["iniconfig"]\n'})
    return _uv(root)


def uv_groups(root: Path, index: Index) -> Judged:
    """Of groups only those that are asked for, whatever the defaults are."""
    text = app("click==8.1.7") + (
        '[dependency-groups]\ndev = ["iniconfig"]\ntest = ["pluggy"]\nruntime = ["six==1.16.0"]\n'
        '[tool.uv]\ndefault-groups = ["dev", "test"]\n'
    )
    write(root, {"pyproject.toml": text})
    return _uv(root, "--group=runtime", groups=("runtime",))


def uv_extras(root: Path, index: Index) -> Judged:
    """Of extras only those that are asked for; an extra of a package brings what it names."""
    text = app("click==8.1.7") + (
        '[project.optional-dependencies]\nweb = ["requests[socks]==2.32.3"]\nslow = ["pluggy"]\n'
    )
    write(root, {"pyproject.toml": text})
    return _uv(root, "--extra=web", extras=("web",))


def uv_workspace(root: Path, index: Index) -> Judged:
    """The lock is at the workspace's root, and members are built."""
    workspace = '[tool.uv.workspace]\nmembers = ["libs/*", "svc"]\n'
    write(root, {"pyproject.toml": app().replace('"app"', '"shop"') + workspace})
    library(root / "libs/common", "common-lib", "idna==3.7", backend="uv_build>=0.8")
    library(root / "libs/unused", "unused-lib", "six==1.16.0", backend="uv_build>=0.8")
    svc = app("click==8.1.7", "common-lib") + "[tool.uv.sources]\ncommon-lib = {workspace = true}\n"
    write(root / "svc", {"pyproject.toml": svc})
    return _uv(root / "svc", "--no-editable")


def uv_path(root: Path, index: Index) -> Judged:
    """Folders beside the project, one of them editable, and a wheel."""
    library(root / "one", "one-lib", "six==1.16.0", backend="uv_build>=0.8")
    library(root / "other", "other-lib", backend="uv_build>=0.8")
    call(
        [uv(), "build", "--quiet", "--wheel", "--out-dir", str(root / "wheels"), "."],
        root / "other",
    )
    sources = (
        "[tool.uv.sources]\none-lib = {path = '../one', editable = true}\n"
        "other-lib = {path = '../wheels/other_lib-0.1.0-py3-none-any.whl'}\n"
    )
    write(root / "svc", {"pyproject.toml": app("one-lib", "other-lib", "click==8.1.7") + sources})
    return _uv(root / "svc", "--no-editable")


def uv_private(root: Path, index: Index) -> Judged:
    """A package of a private index, whose password the environment has by the index's name."""
    index.add("acme-lib", "1.0.0", "six")
    index.add("idna", "9.9")  # which only what names this index must meet
    more = (
        "[tool.uv.sources]\nacme-lib = {index = 'acme'}\n"
        f"[[tool.uv.index]]\nname = 'acme'\nurl = '{index.url}'\nexplicit = true\n"
    )
    write(root, {"pyproject.toml": app("acme-lib", "idna<3.8") + more})
    environment = {"UV_INDEX_ACME_USERNAME": USER, "UV_INDEX_ACME_PASSWORD": PASSWORD}
    return _uv(root, environment=environment)


# ------------------------------------------------------------ Poetry


def _poetry(
    which: str,
    root: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    **more: Any,
) -> Judged:
    poetry, around = manager(which), dict(environment or {})
    call([poetry, "env", "use", python()], root, around)
    call([poetry, "lock"], root, around)
    call([poetry, "install", "--quiet", "--only", "main", "--no-root", *arguments], root, around)
    return Judged(root, "pyproject.toml", _context(root), more, around)


POETRY = """\
[tool.poetry]
name = "app"
version = "0.1.0"
description = ""
authors = ["A Person <person@example.com>"]
package-mode = false
[tool.poetry.dependencies]
python = "^3.11"
"""


def _poetry_main(which: str) -> Make:
    def make(root: Path, index: Index) -> Judged:
        """Development packages, other systems' and extras that nobody wants stay out."""
        text = POETRY + (
            'click = "8.1.7"\nportalocker = "2.10.1"\n'
            'requests = {version = "2.32.3", extras = ["socks"], optional = true}\n'
            'pluggy = {version = "^1.5", optional = true}\n'
            'tomli = {version = "^2", python = "<3.11"}\n'
            '[tool.poetry.extras]\nweb = ["requests"]\nslow = ["pluggy"]\n'
            '[tool.poetry.group.dev.dependencies]\npytest = "8.3.3"\n'
        )
        write(root, {"pyproject.toml": text})
        return _poetry(which, root, "--extras", "web", extras=("web",))

    return make


def _poetry_path(which: str) -> Make:
    def make(root: Path, index: Index) -> Judged:
        """Folders beside the project, and a wheel."""
        library(root / "one", "one-lib", "six==1.16.0", backend="poetry-core>=2.0")
        library(root / "other", "other-lib", backend="poetry-core>=2.0")
        wheels = ["--quiet", "--wheel", "--out-dir", str(root / "wheels"), "."]
        call([uv(), "build", *wheels], root / "other")
        text = POETRY + (
            'click = "8.1.7"\none-lib = {path = "../one", develop = true}\n'
            'other-lib = {path = "../wheels/other_lib-0.1.0-py3-none-any.whl"}\n'
        )
        write(root / "svc", {"pyproject.toml": text})
        return _poetry(which, root / "svc")

    return make


def _poetry_git(which: str) -> Make:
    def make(root: Path, index: Index) -> Judged:
        """A fork with the version that an index has too."""
        url = repository(root / "fork", "six", "1.16.0")
        text = POETRY + f'idna = "3.7"\nsix = {{git = "{url}", branch = "main"}}\n'
        write(root / "svc", {"pyproject.toml": text})
        return _poetry(which, root / "svc", sources=("six",))

    return make


def _poetry_index(which: str) -> Make:
    def make(root: Path, index: Index) -> Judged:
        """A second index, which has what PyPI has as well, and a package that needs more of it."""
        index.add("acme-lib", "1.0.0", "acme-more")
        index.add("acme-more", "2.0.0", "idna")
        index.add("idna", "3.7", source="OTHER = True\n")
        text = POETRY + (
            'acme-lib = {version = "*", source = "acme"}\nclick = "8.1.7"\n'
            'acme-more = {version = "*", source = "acme"}\n'
            f'[[tool.poetry.source]]\nname = "acme"\nurl = "{index.url}"\npriority = "explicit"\n'
        )
        write(root, {"pyproject.toml": text})
        environment = {
            "POETRY_HTTP_BASIC_ACME_USERNAME": USER,
            "POETRY_HTTP_BASIC_ACME_PASSWORD": PASSWORD,
        }
        return _poetry(which, root, environment=environment)

    return make


def poetry_project(root: Path, index: Index) -> Judged:
    """Poetry 2 with the standard tables, and a group that is asked for."""
    text = app("click==8.1.7").replace('">=3.11"', '">=3.11,<4"') + (
        '[project.optional-dependencies]\nweb = ["idna==3.7"]\n'
        "[tool.poetry]\npackage-mode = false\n"
        '[tool.poetry.group.jobs.dependencies]\nsix = "1.16.0"\n'
        '[tool.poetry.group.dev.dependencies]\npluggy = "*"\n'
    )
    write(root, {"pyproject.toml": text})
    return _poetry(
        "poetry-2",
        root,
        "--with",
        "jobs",
        "--only",
        "jobs",
        "-E",
        "web",
        extras=("web",),
        groups=("jobs",),
    )


# ------------------------------------------------------------ the others


def _pip(root: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
    call([uv(), "venv", "--quiet", "--python", python(), ".venv"], root)
    pip = [str(Path(manager("pip-tools")).with_name("python")), "-m", "pip", "--python", ".venv"]
    asked = ["install", "--quiet", *arguments, "-r", "requirements.txt"]
    call([*pip, *asked], root, environment)


def pip_tools(root: Path, index: Index) -> Judged:
    """Requirements with hashes."""
    write(
        root,
        {"requirements.in": "click==8.1.7\nrequests[socks]==2.32.3\ncolorama; os_name == 'nt'\n"},
    )
    compile_ = [manager("pip-tools"), "--quiet", "--generate-hashes", "--no-emit-index-url"]
    call([*compile_, "--strip-extras", "--output-file=requirements.txt", "requirements.in"], root)
    _pip(root, "--require-hashes")
    return Judged(root, "requirements.txt", _context(root), {}, {})


def pip_folder(root: Path, index: Index) -> Judged:
    """Requirements that name folders, one of them editable, and an index of pip's variables."""
    index.add("acme-lib", "1.0.0")
    library(root / "one", "one-lib", "six==1.16.0")
    library(root / "other", "other-lib")
    write(root, {"requirements.txt": "-e ./one\n./other\nclick==8.1.7\nacme-lib\n"})
    environment = {"PIP_EXTRA_INDEX_URL": index.full}
    _pip(root, environment=environment)
    return Judged(root, "requirements.txt", _context(root), {}, environment)


def pdm(root: Path, index: Index) -> Judged:
    """A group and an extra that are asked for, others that are not, and a folder."""
    library(root / "one", "one-lib", "six==1.16.0")
    text = app("click==8.1.7", "one-lib @ file:///${PROJECT_ROOT}/../one") + (
        '[project.optional-dependencies]\nweb = ["idna==3.7"]\nslow = ["pluggy"]\n'
        '[dependency-groups]\ndev = ["iniconfig"]\n[tool.pdm]\ndistribution = false\n'
    )
    write(root / "svc", {"pyproject.toml": text})
    svc, program = root / "svc", manager("pdm")
    call([program, "use", "--quiet", "--ignore-remembered", "--first", python()], svc)
    call([program, "lock", "--quiet", "--group", ":all"], svc)
    call([program, "sync", "--quiet", "--prod", "--no-editable", "--group", "web"], svc)
    return Judged(svc, "pyproject.toml", _context(svc), {"extras": ("web",)}, {})


def pipenv(root: Path, index: Index) -> Judged:
    """A package of a second index, a folder, and development packages that stay out."""
    index.add("acme-lib", "1.0.0", "six")
    library(root / "one", "one-lib")
    text = (
        f'[[source]]\nname = "acme"\nurl = "{index.full.replace(PASSWORD, "${ACME_PASSWORD}")}"\n'
        "verify_ssl = false\n"
        '[packages]\nclick = "==8.1.7"\nidna = "<3.8"\nsix = "==1.16.0"\n'
        'acme-lib = {version = "*", index = "acme"}\none-lib = {path = "./one"}\n'
        '[dev-packages]\niniconfig = "*"\n'
    )
    environment = {"ACME_PASSWORD": PASSWORD}
    program = manager("pipenv")
    call([program, "--quiet", "--python", python()], root)  # which writes its default source
    default = (root / "Pipfile").read_text().partition("[packages]")[0]
    write(root, {"Pipfile": default + text})
    call([program, "--quiet", "lock"], root, environment)
    call([program, "--quiet", "sync"], root, environment)
    return Judged(root, "Pipfile", _context(root), {}, environment)


def pylock(root: Path, index: Index) -> Judged:
    """The standard's own lock, with a folder."""
    library(root / "one", "one-lib", "six==1.16.0", backend="uv_build>=0.8")
    sources = "[tool.uv.sources]\none-lib = {path = './one'}\n"
    write(root, {"pyproject.toml": app("click==8.1.7", "one-lib") + sources})
    made = _uv(root)
    call(
        [
            uv(),
            "export",
            "--quiet",
            "--format=pylock.toml",
            "--output-file=pylock.toml",
            "--no-emit-project",
        ],
        root,
    )
    return Judged(root, "pylock.toml", made.context, {}, {})


PROJECTS: Mapping[str, Make] = {
    "uv plain": uv_plain,
    "uv groups": uv_groups,
    "uv extras": uv_extras,
    "uv workspace": uv_workspace,
    "uv path": uv_path,
    "uv private index": uv_private,
    **{
        f"poetry {number} {name}": make(f"poetry-{number}")
        for number in (1, 2)
        for name, make in (
            ("main", _poetry_main),
            ("path", _poetry_path),
            ("git", _poetry_git),
            ("second index", _poetry_index),
        )
    },
    "poetry 2 project": poetry_project,
    "pip-tools hashes": pip_tools,
    "pip folders": pip_folder,
    "pdm": pdm,
    "pipenv": pipenv,
    "pylock": pylock,
}


def distributions(context: Path) -> dict[str, str]:
    """What is installed in a folder, by name; what is there to install is left out."""
    found = {}
    for information in context.glob("*.dist-info"):
        lines = (information / "METADATA").read_text(encoding="utf-8").splitlines()
        values = dict(line.partition(": ")[::2] for line in lines if ": " in line)
        found[values["Name"].lower().replace("_", "-").replace(".", "-")] = values["Version"]
    return {name: v for name, v in found.items() if name not in ("pip", "setuptools", "wheel")}


def dump(found: Mapping[str, str]) -> str:
    """For people."""
    return json.dumps(found, indent=1, sort_keys=True)

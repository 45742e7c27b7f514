"""The fingerprint of a build command: its sources, its variables, and what it builds for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.adapters.files import digest, is_directory, is_file, is_link, link_of
from lambda_fast_deploy.adapters.git import Git
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.fingerprints.digest import fingerprint_of
from lambda_fast_deploy.fingerprints.file_tree import sized_files
from lambda_fast_deploy.models import BuildCommand


def sources_of(build: BuildCommand, outputs: Iterable[Path]) -> dict[str, str]:
    """The files that a command builds from, by their paths from its directory.

    The value is the commit of a submodule, and ``""`` for other files.

    Args:
        build: the command.
        outputs: what it makes, which does not count.

    Raises:
        Invalid: a file cannot be read, or there are none.
    """
    names = _named(build) if build.sources else _tracked(build)
    made = [path.relative_to(build.root) for path in outputs if path.is_relative_to(build.root)]
    sources = {
        name: commit
        for name, commit in sorted(names.items())
        if not any(Path(name).is_relative_to(each) for each in made)
    }
    if not sources:
        raise Invalid([Problem("the build has no sources; name them under from", build.place)])
    return sources


def _tracked(build: BuildCommand) -> dict[str, str]:
    names = Git(build.root).tracked(build.root)
    if names is None:
        says = "git does not list the sources of the build; name files or directories under from"
        raise Invalid([Problem(says, build.place)])
    return {
        name: commit
        for name, commit in names.items()
        if commit or is_file(build.root / name) or is_link(build.root / name)
    }


def _named(build: BuildCommand) -> dict[str, str]:
    names: set[str] = set()
    for source in build.sources:
        path = build.root / source
        if is_directory(path):
            names |= {str(Path(source, name)) for name in sized_files(path)}
        else:
            names.add(str(Path(source)))
    return dict.fromkeys(names, "")


def of_build(build: BuildCommand, outputs: tuple[Path, ...], *details: object) -> str:
    """The fingerprint of a build: equal exactly when nothing that it names has changed.

    Args:
        build: the command.
        outputs: what it makes.
        details: what it builds for, such as the runtime and the architecture.

    Raises:
        Invalid: a file cannot be read, or there are none.
    """
    sources = sources_of(build, outputs)
    return fingerprint_of(
        "build",
        command=list(build.command),
        variables={name: _hidden(VARIABLES.get(name)) for name in build.variables},
        outputs=[str(path.relative_to(build.root)) for path in outputs],
        details=[str(each) for each in details],
        files=[_content(build.root, name, commit) for name, commit in sources.items()],
    )


def _content(root: Path, name: str, commit: str) -> tuple[str, str, str]:
    """The name, the kind and the content of a source."""
    path = root / name
    if commit:
        return name, "submodule", commit
    if is_link(path):
        return name, "link", link_of(path) or ""
    sha256, mode = digest(path)
    return name, "program" if mode & 0o100 else "file", sha256


def _hidden(value: str | None) -> str:
    """The hash of a variable, which can be a secret."""
    return "" if value is None else hashlib.sha256(value.encode()).hexdigest()

"""The fingerprint of a build command: its sources, its variables, and what it builds for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.adapters.files import is_directory, is_file, is_link, link_of, real
from lambda_fast_deploy.adapters.git import Git
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.fingerprints.digest import fingerprint_of
from lambda_fast_deploy.fingerprints.file_tree import content_of, source_files
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
    sources: dict[str, str] = {}
    for name, commit in names.items():
        path = build.root / name
        if commit or is_file(path) or is_link(path):
            sources[name] = commit
        if is_link(path) and is_directory(path):
            sources |= {f"{name}/{below}": each for below, each in _shared(path, build).items()}
    return sources


def _shared(link: Path, build: BuildCommand) -> dict[str, str]:
    """The tracked files of a directory elsewhere in the repository that a link points at."""
    target = Path(real(link))
    is_own = target.is_relative_to(real(build.root))  # its files are listed without the link
    return {} if is_own else Git(target).tracked(target) or {}


def _named(build: BuildCommand) -> dict[str, str]:
    names: set[str] = set()
    for source in build.sources:
        path = build.root / source
        if is_directory(path):
            names |= {str(Path(source, name)) for name in source_files(path)}
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
    made = [real(path) for path in outputs]
    return fingerprint_of(
        "build",
        command=list(build.command),
        variables={name: _hidden(VARIABLES.get(name)) for name in build.variables},
        outputs=[str(path.relative_to(build.root)) for path in outputs],
        details=[str(each) for each in details],
        files=[
            (name, "submodule", commit) if commit else (name, *_content(build.root / name, made))
            for name, commit in sources.items()
        ],
    )


def _content(path: Path, made: Iterable[str]) -> tuple[str, str]:
    """The kind and the content of a source; a link to what is built counts as a link."""
    is_made = any(Path(real(path)).is_relative_to(each) for each in made)
    return content_of(path, link_of(path) if is_made or not is_file(path) else None)


def _hidden(value: str | None) -> str:
    """The hash of a variable, which can be a secret."""
    return "" if value is None else hashlib.sha256(value.encode()).hexdigest()

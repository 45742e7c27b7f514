"""Repositories of git, some of which name a program wherever git would run one."""

from __future__ import annotations

import subprocess
from pathlib import Path

# What git would run at one command or another, each as a setting (git-config manual page).
PROGRAMS = (
    "core.fsmonitor",
    "core.pager",
    "core.editor",
    "core.sshCommand",
    "core.gitProxy",
    "core.alternateRefsCommand",
    "credential.helper",
    "diff.external",
    "diff.any.command",
    "diff.any.textconv",
    "filter.any.clean",
    "filter.any.process",
    "gpg.program",
    "gpg.ssh.program",
    "pager.log",
    "pager.diff-tree",
    "interactive.diffFilter",
    "remote.origin.uploadpack",
    "alias.log",
    "alias.diff-tree",
    "alias.rev-parse",
    "man.viewer",
    "trailer.any.command",
)
SIGNED = """\
tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
author a <a@example.com> 1700000000 +0000
committer a <a@example.com> 1700000000 +0000
gpgsig -----BEGIN PGP SIGNATURE-----
 aaaa
 -----END PGP SIGNATURE-----

signed [smoke]
"""


def git(root: Path, *arguments: str, stdin: str = "") -> str:
    """Git as its user has it."""
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments],
        cwd=root,
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def program(folder: Path) -> tuple[Path, Path]:
    """A program, and the file in which it tells that it was run."""
    made, marker = folder / "program", folder / "ran"
    made.write_text(f"#!/bin/sh\necho $0 >> {marker}\n")
    made.chmod(0o755)
    return made, marker


def armed(repository: Path, program: Path) -> None:
    """Let a repository name the program wherever git would run one."""
    settings = {
        **dict.fromkeys(PROGRAMS, program),
        "log.showSignature": "true",
        "extensions.partialClone": "origin",
        "remote.origin.url": repository.parent / "elsewhere",
        "remote.origin.promisor": "true",
    }
    file = repository / git(repository, "rev-parse", "--git-path", "config")
    with file.open("a") as config:  # each call of git would be a process
        for key, value in settings.items():
            section, *names, name = key.split(".")
            heading = " ".join([section, *(f'"{each}"' for each in names)])
            config.write(f"[{heading}]\n\t{name} = {value}\n")


def committed(root: Path, *files: str) -> list[str]:
    """A repository with a commit for each file, the last of them signed."""
    root.mkdir(exist_ok=True)
    git(root, "init", "-q")
    (root / ".gitattributes").write_text("* diff=any filter=any\n")
    made = []
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(file)
        git(root, "add", ".")
        git(root, "commit", "-qm", file)
        made.append(git(root, "rev-parse", "HEAD"))
    return made


def planted(folder: Path, program: Path) -> None:
    """A folder of plain files that git itself takes for a repository, and that is armed."""
    git(folder.parent, "init", "-q", "--bare", str(folder))
    fake = git(folder, "hash-object", "-t", "commit", "-w", "--stdin", stdin=SIGNED)
    (folder / "refs/heads/main").write_text(f"{fake}\n")
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    armed(folder, program)

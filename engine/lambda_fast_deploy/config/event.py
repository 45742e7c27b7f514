"""The event that started the run: GitHub's event, its commit message and the flags in it.

The message is untrusted text. The run reads it from files and git, and never executes it.
Sources: GitHub, "Events that trigger workflows" and "Webhook events and payloads".
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.git import Git
from lambda_fast_deploy.models import Event

FLAGS = {
    "test-s3": "also run the S3 tests",
    "test-all": "run every test, even if nothing changed",
    "rebuild-base": "build the base images again",
    "no-cache": "build the app images without a cache",
    "dry-run": "plan only",
    "skip-deploy": "plan only",
}
_QUEUE = "refs/heads/gh-readonly-queue/"  # GitHub documentation, "Managing a merge queue"
_WORD = re.compile(r"\[([A-Za-z][A-Za-z0-9-]*)\]")


def flags_in(message: str) -> frozenset[str]:
    """All ``[words]`` in a commit message, in lower case; tests can define further flags."""
    return frozenset(word.lower() for word in _WORD.findall(message))


def mistyped(event: Event, test_flags: Collection[str]) -> list[str]:
    """Notes about words in the commit message that resemble a flag.

    Args:
        event: the event, with the words of its commit message.
        test_flags: the flags that tests define.
    """
    flags = {*FLAGS, *test_flags}
    blanks = {
        word: re.sub("[ _]+", "-", word.lower())
        for word in re.findall(r"\[([A-Za-z][A-Za-z0-9 _-]*)\]", event.commit_message)
        if re.search("[ _]", word)
    }
    return [
        *(
            f"[{word}] in the commit message is not a flag; did you mean [{flag}]?"
            for word, flag in blanks.items()
            if flag in flags
        ),
        *(
            f"[{word}] in the commit message is not a flag; did you mean [{near[0]}]?"
            for word in sorted(event.flags - flags)
            if (near := difflib.get_close_matches(word, sorted(flags), n=1, cutoff=0.8))
        ),
    ]


def changed_paths(event: Event, root: Path) -> tuple[str, ...] | None:
    """The files that changed since the previous commit of the event; ``None`` if git fails.

    If the event names no previous commit, as at a release, these are the files of the last commit.
    """
    is_commit = re.fullmatch(r"(?!0{40})[0-9a-f]{40}", event.before)
    return Git(root).changed(event.before if is_commit else "HEAD^")


def configuration_of(file: Path, environ: Mapping[str, str], stage: Mapping[str, str]) -> str:
    """The repository and the path of a configuration file, ``owner/name:path``; ``""`` if unknown.

    It is the value of a tag, which can have 256 characters (Lambda developer guide, "Using tags").
    ``stage`` are the variables in the names of its functions: with other values, the same file is
    another configuration, whose functions are not those that this one once had.
    """
    git = Git(file.parent)
    address = environ.get("GITHUB_REPOSITORY") or git.origin() or ""
    repository = "/".join(re.split("[/:]", address.removesuffix(".git"))[-2:])
    name = " ".join(
        [f"{repository}:{git.path_of(file)}", *(f"{key}={value}" for key, value in stage.items())]
    )
    return name if repository and re.fullmatch(r"[\w .:/=+@-]{1,256}", name) else ""


def _payload(environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        payload = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    except (KeyError, OSError, ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _section(payload: Mapping[str, Any], *keys: str) -> Any:
    value: Any = payload
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def read_event(environ: Mapping[str, str], root: Path, message: str = "") -> Event:
    """The event of this run; ``message``, if not empty, replaces the commit message.

    Only pushes have ``head_commit``. GITHUB_SHA of a pull request is the merge commit, so its head
    is read from the payload, as is that of a merge queue. For other events (release, tag,
    workflow_dispatch, schedule) it is the commit that is checked out.
    """
    name = environ.get("GITHUB_EVENT_NAME", "local")
    payload = _payload(environ)
    head = _section(payload, "pull_request", "head", "sha")
    head = head or _section(payload, "merge_group", "head_sha")
    commit = str(head or environ.get("GITHUB_SHA", ""))
    if not message and name == "push":
        message = str(_section(payload, "head_commit", "message") or "")
    if not message and name == "merge_group":
        message = str(_section(payload, "merge_group", "head_commit", "message") or "")
    git = Git(root)
    if not message and re.fullmatch(r"[0-9a-f]{40}", commit):
        message = git.message(commit) or ""
    message = message or git.message("HEAD") or ""
    commit = commit or git.head() or ""
    is_tag, ref = environ.get("GITHUB_REF_TYPE") == "tag", environ.get("GITHUB_REF_NAME", "")
    before = payload.get("before") or _section(payload, "pull_request", "base", "sha")
    return Event(
        name=name,
        commit=commit,
        commit_message=message,
        flags=flags_in(message),
        actor=environ.get("GITHUB_ACTOR", ""),
        branch=environ.get("GITHUB_HEAD_REF", "") or ("" if is_tag else ref),
        tag=ref if is_tag else "",
        before=str(before or ""),
        unmerged=_unmerged(name, environ, payload),
    )


def _unmerged(name: str, environ: Mapping[str, str], payload: Mapping[str, Any]) -> str:
    """A pull request or a merge queue, if the checked-out code is not merged yet.

    The event's name alone is not enough: a review, a deployment or a manual run can have the ref
    of a pull request, too, and pull_request_target has that of the base branch.
    """
    ref = environ.get("GITHUB_REF", "")
    if name == "merge_group" or "merge_group" in payload or ref.startswith(_QUEUE):
        return "a merge queue"
    is_request = name.startswith("pull_request") or "pull_request" in payload
    if is_request or ref.startswith("refs/pull/") or environ.get("GITHUB_HEAD_REF"):
        return "a pull request"
    return ""

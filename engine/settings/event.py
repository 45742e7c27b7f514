"""What started the run: GitHub's event, its commit message and the flags in it.

The message is untrusted text. It is read from files and git, searched, and never executed.
Sources: GitHub, "Events that trigger workflows" and "Webhook events and payloads".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.adapters.process import output_of
from engine.model import Event

FLAGS = ("test-s3", "test-all", "rebuild-base", "no-cache", "skip-deploy", "dry-run")
_FLAG = re.compile(rf"\[({'|'.join(FLAGS)})\]", re.IGNORECASE)


def flags_in(message: str) -> frozenset[str]:
    """The known ``[flags]`` in a commit message, in lower case."""
    return frozenset(match.lower() for match in _FLAG.findall(message))


def _payload(environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        found = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    except (KeyError, OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _section(payload: Mapping[str, Any], *keys: str) -> Any:
    found: Any = payload
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def read_event(environ: Mapping[str, str], root: Path, message: str = "") -> Event:
    """The event of this run; ``message``, when given, stands for the commit message.

    ``head_commit`` comes with pushes only. A pull request's GITHUB_SHA is the merge commit, so
    its head is asked for by name. Everything else is the commit that is checked out.
    """
    name = environ.get("GITHUB_EVENT_NAME", "local")
    payload = _payload(environ)
    pull_request = _section(payload, "pull_request", "head", "sha")
    commit = str(pull_request or environ.get("GITHUB_SHA", ""))
    if not message and name == "push":
        message = str(_section(payload, "head_commit", "message") or "")
    if not message:
        wanted = commit if re.fullmatch(r"[0-9a-f]{40}", commit) else "HEAD"
        message = output_of(["git", "log", "-1", "--format=%B", wanted, "--"], cwd=root)
    if not message and wanted != "HEAD":
        message = output_of(["git", "log", "-1", "--format=%B", "HEAD", "--"], cwd=root)
    if not commit:
        commit = output_of(["git", "rev-parse", "HEAD"], cwd=root).strip()
    return Event(name=name, commit=commit, commit_message=message, flags=flags_in(message))

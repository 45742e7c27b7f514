"""What started the run. Commit messages are hostile until shown otherwise, and data even then."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.config.event import FLAGS, changed_paths, flags_in, mistyped, read_event
from lambda_fast_deploy.models import Event

SHA = "a" * 40
HOSTILE = (
    '$(touch pwned) `touch pwned`; touch pwned && "touch pwned" \'| touch pwned\n'
    "${IFS}--output=pwned [no-cache] ::set-output name=x::y\n"
    "\u202e\x00 [dry-run"
)


def environ(tmp_path: Path, name: str, payload: Any) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(payload if isinstance(payload, str) else json.dumps(payload), encoding="utf-8")
    return {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path), "GITHUB_SHA": SHA}


def commit(root: Path, message: str) -> str:
    def git(*arguments: str, stdin: str = "") -> str:
        return subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments],
            cwd=root,
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"},
        ).stdout.strip()

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--file=-", stdin=message)
    return git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    return root


def test_a_push_brings_its_message(tmp_path: Path, repository: Path) -> None:
    commit(repository, "another [no-cache]")
    payload = {"head_commit": {"message": "Fix it [test-s3]\n\n[rebuild-base]"}}
    event = read_event(environ(tmp_path, "push", payload), repository)
    assert event.name == "push"
    assert event.commit == SHA
    assert event.commit_message == "Fix it [test-s3]\n\n[rebuild-base]"
    assert event.flags == {"test-s3", "rebuild-base"}


def test_a_pull_request_is_read_from_its_head_and_not_from_the_merge(
    tmp_path: Path, repository: Path
) -> None:
    head = commit(repository, "the head [test-all]")
    commit(repository, "Merge 1 into 2")
    payload = {"pull_request": {"head": {"sha": head}}}
    event = read_event(environ(tmp_path, "pull_request", payload), repository)
    assert event.commit == head
    assert event.flags == {"test-all"}


def test_a_head_that_a_shallow_clone_has_not_falls_back_to_what_is_checked_out(
    tmp_path: Path, repository: Path
) -> None:
    commit(repository, "checked out [no-cache]")
    payload = {"pull_request": {"head": {"sha": "b" * 40}}}
    event = read_event(environ(tmp_path, "pull_request", payload), repository)
    assert event.commit == "b" * 40
    assert event.flags == {"no-cache"}


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("release", {"action": "published", "release": {"body": "[dry-run] in its notes"}}),
        ("workflow_dispatch", {"inputs": {"text": "[dry-run]"}}),
        ("schedule", {"schedule": "* * * * *"}),
        ("push", {"head_commit": None}),
        ("push", {"head_commit": "[dry-run]"}),
        ("push", ["[dry-run]"]),
        ("push", "not JSON [dry-run]"),
    ],
)
def test_events_without_a_head_commit_have_the_message_of_the_checkout(
    tmp_path: Path, repository: Path, name: str, payload: object
) -> None:
    sha = commit(repository, "the checkout [test-all]")
    event = read_event({**environ(tmp_path, name, payload), "GITHUB_SHA": sha}, repository)
    assert (event.name, event.commit) == (name, sha)
    assert event.commit_message.strip() == "the checkout [test-all]"
    assert event.flags == {"test-all"}


def test_a_message_given_by_hand_stands_for_the_commit(tmp_path: Path, repository: Path) -> None:
    payload = {"head_commit": {"message": "[no-cache]"}}
    event = read_event(environ(tmp_path, "push", payload), repository, "mine [dry-run]")
    assert event.commit_message == "mine [dry-run]"
    assert event.flags == {"dry-run"}


def test_a_laptop_has_the_commit_and_message_of_its_repository(repository: Path) -> None:
    sha = commit(repository, "local work [skip-deploy]")
    event = read_event({}, repository)
    assert (event.name, event.commit) == ("local", sha)
    assert event.flags == {"skip-deploy"}


def test_a_directory_without_git_is_no_error(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository.parent))
    event = read_event({}, repository)
    assert (event.name, event.commit, event.commit_message, event.flags) == (
        "local",
        "",
        "",
        frozenset(),
    )


@pytest.mark.parametrize("way", ["push", "git", "given"])
def test_a_hostile_message_is_data(
    tmp_path: Path, repository: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    if way == "push":
        payload = {"head_commit": {"message": HOSTILE}}
        event = read_event(environ(tmp_path, "push", payload), repository)
    elif way == "git":
        commit(repository, HOSTILE.replace("\x00", ""))
        event = read_event({}, repository)
    else:
        event = read_event({}, repository, HOSTILE)
    assert "$(touch pwned)" in event.commit_message
    assert event.flags == {"no-cache"}
    assert list(tmp_path.rglob("*pwned*")) == []


@pytest.mark.parametrize(
    "sha", ["--output=pwned", "HEAD --output=pwned", "$(touch pwned)", "a" * 39, SHA + "\n"]
)
def test_a_hostile_commit_id_never_reaches_git(
    tmp_path: Path, repository: Path, sha: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    commit(repository, "the checkout [test-all]")
    payload = {"pull_request": {"head": {"sha": sha}}}
    event = read_event(environ(tmp_path, "pull_request", payload), repository)
    assert event.flags == {"test-all"}
    assert list(tmp_path.rglob("*pwned*")) == []


@pytest.mark.parametrize(
    ("message", "flags"),
    [
        ("[Test-S3] [TEST-ALL]", {"test-s3", "test-all"}),
        ("[dry-run][dry-run]", {"dry-run"}),
        ("[[no-cache]]", {"no-cache"}),
        ("dry-run", set()),
        ("[ dry-run ]", set()),
        ("[dry-run", set()),
        ("[dry_run]", set()),
        ("[Smoke] [1] [x y]", {"smoke"}),
        ("", set()),
    ],
)
def test_flags_are_words_in_brackets_in_any_case(message: str, flags: set[str]) -> None:
    assert flags_in(message) == flags


@given(st.text(), st.sampled_from(sorted(FLAGS)), st.text())
def test_a_flag_is_found_wherever_it_stands(before: str, flag: str, after: str) -> None:
    assert flag in flags_in(f"{before}[{flag.upper()}]{after}")


@given(st.text())
def test_nothing_but_known_flags_is_ever_found(message: str) -> None:
    assert flags_in(message) <= set(FLAGS)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "[no-cahce]",
            ["[no-cahce] in the commit message is not a flag; did you mean [no-cache]?"],
        ),
        ("[tests3]", ["[tests3] in the commit message is not a flag; did you mean [test-s3]?"]),
        ("[smok]", ["[smok] in the commit message is not a flag; did you mean [smoke]?"]),
        ("[no-cache] [ORDERS] [smoke] [wip] [to do]", []),
        (
            "docs [skip deploy]",
            ["[skip deploy] in the commit message is not a flag; did you mean [skip-deploy]?"],
        ),
        (
            "[No Cache]",
            ["[No Cache] in the commit message is not a flag; did you mean [no-cache]?"],
        ),
        ("[dry_run]", ["[dry_run] in the commit message is not a flag; did you mean [dry-run]?"]),
    ],
)
def test_flags_that_are_nearly_known_are_told(message: str, told: list[str]) -> None:
    assert mistyped(Event(commit_message=message, flags=flags_in(message)), {"smoke"}) == told


def commits(root: Path, *files: str) -> list[str]:
    """A repository with a commit for each file."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "-q"], cwd=root, check=True)
    made = []
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(file)
        subprocess.run([*git, "add", "."], cwd=root, check=True)
        subprocess.run([*git, "commit", "-qm", file], cwd=root, check=True)
        asked = subprocess.run(
            [*git, "rev-parse", "HEAD"], cwd=root, check=True, capture_output=True
        )
        made.append(asked.stdout.decode().strip())
    return made


def test_what_changed_is_known_as_far_as_the_clone_reaches(tmp_path: Path) -> None:
    first, *_ = commits(tmp_path, "a.py", "b/ü c.py", "-d.py")
    assert changed_paths(Event(before=first), tmp_path) == ("-d.py", "b/ü c.py")
    assert changed_paths(Event(), tmp_path) == ("-d.py",)
    assert changed_paths(Event(before="0" * 40), tmp_path) == ("-d.py",)  # a new branch
    assert changed_paths(Event(before="1" * 40), tmp_path) is None  # a shallow clone
    assert changed_paths(Event(before="--output=x"), tmp_path) == ("-d.py",)
    assert changed_paths(Event(), tmp_path.parent) is None


EVENTS: list[tuple[str, dict[str, Any], dict[str, str], Event]] = [
    (
        "push",
        {"head_commit": {"message": "m [smoke]"}, "before": "b" * 40},
        {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main", "GITHUB_ACTOR": "octocat"},
        Event(branch="main", actor="octocat", before="b" * 40, flags=frozenset({"smoke"})),
    ),
    (
        "push",
        {"head_commit": {"message": "m"}},
        {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1"},
        Event(tag="v1"),
    ),
    (
        "pull_request",
        {"pull_request": {"head": {"sha": "c" * 40}, "base": {"sha": "d" * 40}}},
        {"GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "topic"},
        Event(branch="topic", before="d" * 40),
    ),
    (
        "merge_group",
        {"merge_group": {"head_sha": "e" * 40, "head_commit": {"message": "m [test-s3]"}}},
        {"GITHUB_REF_NAME": "gh-readonly-queue/main/pr-7"},
        Event(branch="gh-readonly-queue/main/pr-7", flags=frozenset({"test-s3"})),
    ),
    ("release", {}, {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v2"}, Event(tag="v2")),
    ("schedule", {}, {"GITHUB_REF_NAME": "main"}, Event(branch="main")),
    ("workflow_dispatch", {"inputs": {}}, {"GITHUB_REF_NAME": "main"}, Event(branch="main")),
]


@pytest.mark.parametrize(("name", "payload", "environ", "wanted"), EVENTS)
def test_every_event_tells_its_branch_its_tag_and_its_flags(
    tmp_path: Path, name: str, payload: dict[str, Any], environ: dict[str, str], wanted: Event
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payload))
    given = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file), **environ}
    event = read_event(given, tmp_path)
    for key in ("branch", "tag", "actor", "before", "flags"):
        assert getattr(event, key) == getattr(wanted, key), key


PULL = "refs/pull/7/merge"
QUEUE = "refs/heads/gh-readonly-queue/main/pr-7-abc"
MAIN = "refs/heads/main"


@pytest.mark.parametrize(
    ("name", "payload", "environ", "unmerged"),
    [
        ("pull_request", {}, {"GITHUB_REF": PULL}, "a pull request"),
        ("pull_request_target", {}, {"GITHUB_REF": MAIN}, "a pull request"),
        ("pull_request_review", {}, {"GITHUB_REF": PULL}, "a pull request"),
        ("pull_request_review_comment", {}, {"GITHUB_REF": PULL}, "a pull request"),
        ("an_event_to_come", {"pull_request": {}}, {"GITHUB_REF": MAIN}, "a pull request"),
        ("deployment", {}, {"GITHUB_REF": PULL}, "a pull request"),
        ("workflow_dispatch", {}, {"GITHUB_REF": "refs/pull/7/head"}, "a pull request"),
        ("push", {}, {"GITHUB_REF": MAIN, "GITHUB_HEAD_REF": "topic"}, "a pull request"),
        ("merge_group", {}, {"GITHUB_REF": MAIN}, "a merge queue"),
        ("push", {}, {"GITHUB_REF": QUEUE}, "a merge queue"),
        ("an_event_to_come", {"merge_group": {}}, {}, "a merge queue"),
        ("push", {}, {"GITHUB_REF": MAIN}, ""),
        ("push", {}, {"GITHUB_REF": "refs/heads/refs/pull/7"}, ""),
        ("push", {}, {"GITHUB_REF": "refs/tags/v1"}, ""),
        ("issue_comment", {"issue": {"pull_request": {}}}, {"GITHUB_REF": MAIN}, ""),
        ("workflow_run", {}, {"GITHUB_REF": MAIN}, ""),
        ("local", {}, {}, ""),
    ],
)
def test_the_ref_tells_what_is_not_merged_whatever_the_event_is_called(
    tmp_path: Path, name: str, payload: dict[str, Any], environ: dict[str, str], unmerged: str
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payload))
    given = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file), **environ}
    assert read_event(given, tmp_path).unmerged == unmerged


def test_a_message_in_another_encoding_is_read_as_far_as_it_goes(repository: Path) -> None:
    commit(repository, "caf\u00e9 [test-all]")
    settings = ["git", "config", "i18n.logOutputEncoding", "latin1"]
    subprocess.run(settings, cwd=repository, check=True)
    assert read_event({}, repository).flags == {"test-all"}


def test_a_payload_too_deep_to_be_read_is_none(tmp_path: Path, repository: Path) -> None:
    commit(repository, "the checkout [test-all]")
    event = read_event(environ(tmp_path, "push", "[" * 100_000), repository)
    assert event.flags == {"test-all"}

"""Bad input ends with one clear message and its remedy; nothing is changed, nothing is traced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import Project, Run

Spoil = Callable[[Project], dict[str, str]]


def _config(old: str, new: str) -> Spoil:
    def spoil(project: Project) -> dict[str, str]:
        project.edit("lambda-deploy.yml", old, new)
        return {}

    return spoil


def _no_credentials(_: Project) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_CONFIG_FILE": "/nonexistent",
    }


def _missing_dockerfile(project: Project) -> dict[str, str]:
    text = (project.root / "lambda-deploy.yml").read_text()
    start, end = text.index("    zip:"), text.index("    role:")
    project.write("lambda-deploy.yml", f"{text[:start]}    image: {{}}\n{text[end:]}")
    return {}


def _missing_handler(project: Project) -> dict[str, str]:
    project.edit("lambda-deploy.yml", "app.handler", "main.handler")
    project.edit("lambda-deploy.yml", "[orders-dependencies]", "[]")  # which could have it
    return {}


def _absent_bucket(project: Project) -> dict[str, str]:
    project.edit("lambda-deploy.yml", "tests: [health]", "tests: [health, storage]")
    project.edit(
        "lambda-deploy.yml",
        "tests:\n  health:",
        "tests:\n  storage:\n    s3: {bucket: no-such-bucket-anywhere, path: '/o/{key}'}\n"
        "  health:",
    )
    return {}


def _twice(project: Project) -> dict[str, str]:
    text = (project.root / "lambda-deploy.yml").read_text()
    head, tail = text.split("functions:\n")
    block, rest = tail.split("\n\ntests:")
    project.write("lambda-deploy.yml", f"{head}functions:\n{block}\n{block}\n\ntests:{rest}")
    return {}


KINDS: list[tuple[str, Spoil, int, str, str]] = [
    ("unknown key", _config("memory:", "memmory:"), 2, "lambda-deploy.yml:14", "'memory'"),
    ("wrong type", _config("memory: 256", "memory: much"), 2, "lambda-deploy.yml:14", "MB"),
    ("missing Dockerfile", _missing_dockerfile, 2, "'Dockerfile.lambda' does not exist", ""),
    ("missing handler", _missing_handler, 2, "lambda-deploy.yml:10",
     "main.py does not exist"),
    ("bad region", _config("layers:\n", "regions: [eu-wst-1]\n\nlayers:\n"), 2,
     "lambda-deploy.yml:1", "'eu-west-1'"),
    ("no credentials", _no_credentials, 3, "no AWS credentials", "configure-aws-credentials"),
    ("unreachable endpoint", lambda _: {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, 3,
     "cannot be reached", "AWS_ENDPOINT_URL"),
    ("absent bucket", _absent_bucket, 3, "'no-such-bucket-anywhere'", "Create the bucket"),
    ("two functions with one name", _twice, 2, "duplicate key", "first on line"),
    ("YAML error", _config("functions:", "functions: ["), 2, "lambda-deploy.yml:", "YAML"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "code", "where", "remedy"),
    [pytest.param(*kind[1:], id=kind[0]) for kind in KINDS],
)
def test_bad_input_is_explained_and_changes_nothing(
    example: Callable[[str], Project], spoil: Spoil, code: int, where: str, remedy: str
) -> None:
    project = example("zip-layers")
    environment = spoil(project)
    run = project.deploy("try [test-s3]", **environment)
    assert run.code == code
    assert where in _message(run)
    assert remedy in _message(run)
    assert "Traceback" not in run.log + run.out
    assert run.changes == []


def _message(run: Run) -> str:
    """The error as printed: its cause must stand on the first line."""
    lines = run.log.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("error: "))
    assert sum(line.startswith("error: ") for line in lines) == 1
    return "\n".join(lines[first:])


def test_every_problem_is_said_at_once(example: Callable[[str], Project]) -> None:
    project = example("zip-layers")
    project.edit("lambda-deploy.yml", "memory: 256", "memmory: 256")
    project.edit("lambda-deploy.yml", "timeout: 10", "timeout: soon")
    project.edit("lambda-deploy.yml", "url: public", "url: pubic")
    run = project.deploy()
    assert run.code == 2
    for line in ("lambda-deploy.yml:14", "lambda-deploy.yml:15", "lambda-deploy.yml:16"):
        assert line in run.log


def test_a_hostile_commit_message_is_data(example: Callable[[str], Project]) -> None:
    project = example("zip-layers")
    message = '"; touch pwned; $(touch pwned) `touch pwned` [test-s3]'
    run = project.run("plan", "--commit-message", message)
    assert run.code == 0
    assert not list(project.root.rglob("pwned"))
    assert not (Path.cwd() / "pwned").exists()

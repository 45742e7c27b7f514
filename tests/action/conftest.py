"""A caller's repository whose workflow uses the action, run for real by act."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import check_out_release, requests_during

WORKFLOW = """\
name: deploy
on: [push, pull_request, release, workflow_dispatch, schedule, merge_group]
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - id: lambda
        uses: lambda-fast-deploy/lambda-fast-deploy@v1
        {inputs}
      - if: always()
        env:
          OUTCOME: ${{{{ steps.lambda.outcome }}}}
          OUTPUTS: ${{{{ toJSON(steps.lambda.outputs) }}}}
        run: printf '%s' "$OUTPUTS" > "$SEEN/outputs"; printf '%s' "$OUTCOME" > "$SEEN/outcome"
"""

CONFIG = """\
functions:
  {name}:
    zip:
      code: src
      handler: app.handler
      runtime: python3.11
    role: {role}
    url: public
    environment:
      BUCKET: {bucket}
    tests: [health, storage]

tests:
  health:
    http: /health
    json: {{status: ok}}
    within: 20s
  storage:
    s3:
      bucket: {bucket}
      path: /objects/{{key}}
"""

APP = '''\
"""A store: objects in S3, behind a function URL."""

import base64
import json
import os

import boto3

STATUS = "ok"
VERSION = 1


def handler(event, context):
    path, method = event["rawPath"], event["requestContext"]["http"]["method"]
    bucket = boto3.resource("s3").Bucket(os.environ["BUCKET"])
    if path == "/health":
        return {"statusCode": 200, "body": json.dumps({"status": STATUS, "version": VERSION})}
    key = path.removeprefix("/objects/")
    if method == "PUT":
        body = event.get("body") or ""
        data = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        bucket.put_object(Key=key, Body=data)
        return {"statusCode": 201, "body": "stored"}
    return {"statusCode": 200, "body": bucket.Object(key).get()["Body"].read().decode()}
'''


@dataclass(frozen=True)
class Workflow:
    """One run of the caller's workflow."""

    code: int
    log: str
    outcome: str
    outputs: dict[str, str]
    requests: list[dict[str, Any]] = field(repr=False)
    tests: list[str]

    @property
    def changes(self) -> list[str]:
        """Mutating calls that AWS saw."""
        return [r["operation"] for r in self.requests if r["mutating"]]


class Caller:
    """The caller's repository."""

    def __init__(self, root: Path, name: str, bucket: Any, action: Path) -> None:
        self.root = root
        self.actions = {"lambda-fast-deploy/lambda-fast-deploy@v1": action}
        self.name = name
        self.bucket = bucket
        self.root.mkdir()
        self._git("init", "-q", "-b", "main")
        self.write("src/app.py", APP)
        self.write(
            "lambda-deploy.yml",
            CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"], bucket=bucket.name),
        )
        self.inputs("")

    def _git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=caller", "-c", "user.email=caller@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        """Write a file of the repository."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that must be there."""
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def inputs(self, with_block: str) -> None:
        """Write the workflow, with the action's inputs as YAML."""
        self.write(".github/workflows/deploy.yml", WORKFLOW.format(inputs=with_block))

    def commit(self, message: str) -> str:
        """Commit everything; the commit."""
        self._git("add", "-A")
        self._git("commit", "-q", "--allow-empty", "-m", message)
        return self._git("rev-parse", "HEAD")

    def run(
        self, event: str, message: str = "change", cache: Path | None = None, **environment: str
    ) -> Workflow:
        """Commit everything and let an event run the workflow; ``cache`` is GitHub's cache.

        Commands of the caller's tests may leave words in ``$SEEN/gates``.
        """
        sha = self.commit(message)
        payloads: dict[str, dict[str, Any]] = {
            "push": {
                "ref": "refs/heads/main",
                "head_commit": {"id": sha, "message": message},
            },
            "pull_request": {
                "action": "opened",
                "number": 1,
                "pull_request": {
                    "head": {"sha": sha, "ref": "change"},
                    "base": {"ref": "main"},
                },
            },
            "release": {"action": "published", "release": {"tag_name": "v1.0.0"}},
            "tag": {"ref": "refs/tags/v1.0.0", "head_commit": {"id": sha, "message": message}},
            "workflow_dispatch": {"ref": "refs/heads/main", "inputs": {}},
            "schedule": {"schedule": "0 4 * * *"},
            "merge_group": {
                "action": "checks_requested",
                "merge_group": {"head_sha": sha, "head_commit": {"id": sha, "message": message}},
            },
        }
        seen = self.root.parent / f"seen-{secrets.token_hex(4)}"
        seen.mkdir()
        payload = seen / "event.json"
        payload.write_text(json.dumps(payloads[event]))
        passed = {
            **{k: v for k, v in os.environ.items() if k.startswith(("AWS_", "DOCKER_"))},
            "SEEN": str(seen),
            "PATH": os.environ["PATH"],
            "RUNNER_TOOL_CACHE": str(self.root.parent.parent / "tools"),
            **environment,
        }
        with requests_during() as requests:
            done = subprocess.run(
                [
                    *(
                        "act",
                        "push" if event == "tag" else event,
                        "-e",
                        str(payload),
                        "-P",
                        "ubuntu-latest=-self-hosted",
                    ),
                    *(_cache_server(cache) if cache else ["--no-cache-server"]),
                    *(f"--local-repository={uses}={at}" for uses, at in self.actions.items()),
                    *(f"--env={key}={value}" for key, value in passed.items()),
                ],
                cwd=self.root,
                env={**os.environ, "XDG_CACHE_HOME": str(self.root.parent)},  # where act works
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
            )
        print(done.stdout, done.stderr)
        outputs = seen / "outputs"
        return Workflow(
            code=done.returncode,
            log=done.stdout + done.stderr,
            outcome=(seen / "outcome").read_text() if (seen / "outcome").exists() else "",
            outputs=json.loads(outputs.read_text()) if outputs.exists() else {},
            requests=requests,
            tests=(seen / "gates").read_text().split() if (seen / "gates").exists() else [],
        )


def _cache_server(folder: Path) -> list[str]:
    """Options of act for a cache on loopback; its token comes with a server of artifacts."""
    ports = [_free_port(), _free_port()]
    return [
        *("--cache-server-addr", "127.0.0.1", "--cache-server-port", str(ports[0])),
        *("--cache-server-path", str(folder)),
        *("--artifact-server-addr", "127.0.0.1", "--artifact-server-port", str(ports[1])),
        *("--artifact-server-path", str(folder / "artifacts")),
    ]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="session")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action as a caller's runner gets it from a release's tag."""
    root = tmp_path_factory.mktemp("action")
    check_out_release(root)
    return root


@pytest.fixture
def caller(tmp_path: Path, action: Path) -> Caller:
    """A caller's repository with a function of its own."""
    bucket = boto3.resource("s3").create_bucket(Bucket=f"caller-{secrets.token_hex(6)}")
    return Caller(tmp_path / "repository", f"caller-{secrets.token_hex(4)}", bucket, action)


@pytest.fixture
def served(caller: Caller) -> Callable[[], str]:
    """The version that the alias serves now."""
    client = boto3.client("lambda")

    def version() -> str:
        found: str = client.get_alias(FunctionName=caller.name, Name="live")["FunctionVersion"]
        return found

    return version

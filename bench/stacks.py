"""Unchanged and code-only deploys of a stack, against the SAM CLI; each is a shell script."""

from __future__ import annotations

import re
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

import boto3

from bench.rounds import FEW, Peer, compare, table
from bench.tools import listing, shell
from lab.layout import REPOSITORY

EXAMPLE = REPOSITORY / "examples/stack"
ENGINE = "$PYTHON -m engine deploy"
SAM = """\
sam build --cached
sam deploy --stack-name $NAME --s3-bucket $BUCKET --no-confirm-changeset \
  --no-fail-on-empty-changeset --capabilities CAPABILITY_IAM"""
SYNC = "yes | sam sync --code --stack-name $NAME --no-watch"


class Subject:
    """A stack of its own, deployed by one script, to which it is ``NAME``."""

    def __init__(self, folder: Path, script: str, create: str) -> None:
        self.name = f"bench-{secrets.token_hex(4)}"
        self._root = folder / self.name
        self._source = self._root / "invoices/app.py"
        self._script = script
        shutil.copytree(EXAMPLE, self._root)
        without_image(self._root)
        template, config = self._root / "template.yaml", self._root / "lambda-deploy.yml"
        runtime = f"python3.{sys.version_info.minor}"  # which sam wants to find
        template.write_text(template.read_text().replace("python3.11", runtime))
        config.write_text(config.read_text().replace("name: shop", f"name: {self.name}"))
        self._run(create)
        self._function = str(
            boto3.client("cloudformation").describe_stack_resource(
                StackName=self.name, LogicalResourceId="Invoices"
            )["StackResourceDetail"]["PhysicalResourceId"]
        )

    def _run(self, script: str) -> float:
        environment = {"NAME": self.name, "BUCKET": "bench-stacks", "SAM_CLI_TELEMETRY": "0"}
        return shell(script, self._root, **environment)

    def after_edit(self) -> float:
        """Seconds of a run after a line of one function's code has changed."""
        with self._source.open("a") as source:
            source.write(f"\n# {secrets.token_hex(8)}\n")
        return self._measure(is_changed=True)

    def after_touch(self) -> float:
        """Seconds of a run after a file was saved as it was."""
        self._source.touch()
        return self._measure(is_changed=False)

    def _measure(self, *, is_changed: bool) -> float:
        before = self._code()
        spent = self._run(self._script)
        assert (self._code() != before) is is_changed, f"did otherwise: {self._script}"
        return spent

    def _code(self) -> str:
        client = boto3.client("lambda")
        return str(client.get_function_configuration(FunctionName=self._function)["CodeSha256"])


def without_image(root: Path) -> None:
    """Take the function out of a copy of the example whose image only Docker can build."""
    template, config = root / "template.yaml", root / "lambda-deploy.yml"
    text = template.read_text()
    template.write_text(re.sub(r"  Receipts:\n(?: {4}.*\n)+\n", "", text))
    config.write_text(config.read_text().replace("    Receipts: [receipt]\n", ""))


def section() -> list[str]:
    """Measure; the section of the results."""
    boto3.client("s3").create_bucket(Bucket="bench-stacks")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tool, sam = Subject(folder, ENGINE, ENGINE), Subject(folder, SAM, SAM)
        sync = Subject(folder, SYNC, SAM)
        rows = [
            *compare(
                "no change",
                tool.after_touch,
                Peer("sam build --cached, sam deploy", sam.after_touch, goal=1 / 4, rounds=FEW),
            ),
            *compare(
                "code-only",
                tool.after_edit,
                Peer("sam build --cached, sam deploy", sam.after_edit, goal=1 / 4, rounds=FEW),
                Peer("sam sync --code", sync.after_edit, goal=1 / 4, rounds=FEW),
            ),
        ]
    return [
        "## Stacks",
        "",
        "The stack of [examples/stack](../examples/stack) without its image: three functions, "
        "three layers, an API and a bucket; what changes is a line of one function. "
        "lambda-fast-deploy tests all three functions after a change, and adds alarms and log "
        "groups. Goals: 4 times as fast. The emulator applies a change at once; on AWS that takes "
        "CloudFormation longer, whoever asks.",
        "",
        *table("deploy of a stack", rows),
        "",
        *listing({"lambda-fast-deploy": ENGINE, "sam": SAM, "sam sync --code": SYNC}),
    ]

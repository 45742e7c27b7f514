"""Code-only and no-change deploys of a zip, against the boto3 floor, the AWS CLI and the SAM CLI.

Each is a shell script, which the results show as it is run.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3

from bench.rounds import FEW, Peer, compare, table
from bench.tools import listing, shell
from lab.layout import REPOSITORY

EXAMPLE = REPOSITORY / "examples/zip-layers"
CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: {runtime}}}
    role: {role}
"""
TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: {name}
      CodeUri: src
      Handler: app.handler
      Runtime: {runtime}
      Role: {role}
"""
ENGINE = "$PYTHON -m engine deploy"
FLOOR = "$PYTHON -m bench.floor $NAME src"
AWS = """\
rm -f code.zip
(cd src && zip -qr ../code.zip .)
aws lambda update-function-code --function-name $NAME --zip-file fileb://code.zip
aws lambda wait function-updated-v2 --function-name $NAME"""
SAM_CREATE = """\
aws s3 mb s3://$NAME
sam build
sam deploy --stack-name $NAME --s3-bucket $NAME --no-confirm-changeset \
  --capabilities CAPABILITY_IAM"""
SAM = "yes | sam sync --code --stack-name $NAME --no-watch"


class Subject:
    """A function of its own, deployed by one script, to which it is ``NAME``."""

    def __init__(self, folder: Path, script: str, create: str = ENGINE) -> None:
        self.name = f"bench-{secrets.token_hex(4)}"
        self.root = folder / self.name
        self._source = self.root / "src/app.py"
        self._script = script
        shutil.copytree(EXAMPLE / "src", self.root / "src")
        values = {
            "name": self.name,
            "runtime": f"python3.{sys.version_info.minor}",  # which sam wants to find
            "role": os.environ["LAB_ROLE_ARN"],
        }
        (self.root / "lambda-deploy.yml").write_text(CONFIG.format(**values))
        (self.root / "template.yaml").write_text(TEMPLATE.format(**values))
        self._run(create)

    def _run(self, script: str) -> float:
        return shell(script, self.root, NAME=self.name, SAM_CLI_TELEMETRY="0")

    def after_edit(self) -> float:
        """Seconds of a run after a line of code has changed."""
        with self._source.open("a") as source:
            source.write(f"\n# {secrets.token_hex(8)}\n")
        return self._measure(is_changed=True)

    def after_touch(self) -> float:
        """Seconds of a run after a file was saved as it was."""
        self._source.touch()
        return self._measure(is_changed=False)

    def _measure(self, *, is_changed: bool) -> float:
        before = self._state()["CodeSha256"]
        spent = self._run(self._script)
        after = self._state()
        assert after["LastUpdateStatus"] == "Successful", f"did not wait: {self._script}"
        assert (after["CodeSha256"] != before) is is_changed, f"did otherwise: {self._script}"
        return spent

    def _state(self) -> dict[str, Any]:
        client = boto3.client("lambda")
        state: dict[str, Any] = client.get_function_configuration(FunctionName=self.name)
        return state


def section() -> list[str]:
    """Measure; the section of the results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tool, floor = Subject(folder, ENGINE), Subject(folder, FLOOR)
        aws, sam = Subject(folder, AWS), Subject(folder, SAM, SAM_CREATE)
        rows = [
            *compare(
                "code-only",
                tool.after_edit,
                Peer("boto3 floor", floor.after_edit, goal=1.3),
                Peer("AWS CLI", aws.after_edit, goal=1.0),
                Peer("sam sync --code", sam.after_edit, goal=1 / 4, rounds=FEW),
            ),
            *compare(
                "no change", tool.after_touch, Peer("boto3 floor", floor.after_touch, goal=1.3)
            ),
        ]
    return [
        "## Zips",
        "",
        "Each time counts until the function is updated. lambda-fast-deploy publishes a version "
        "and moves the alias besides. Goals of a code-only deploy: at most 1.3 times the floor, "
        "faster than the AWS CLI, 4 times as fast as sam sync --code. Of one without a change: at "
        "most 1.3 times Python, boto3 and one GetFunction. `$NAME` is a function of the command's "
        "own, `$PYTHON` the Python of lambda-fast-deploy; sam's telemetry is off.",
        "",
        *table("deploy of a zip", rows),
        "",
        *listing(
            {
                "lambda-fast-deploy": ENGINE,
                "boto3 floor: zip, GetFunction; update, and poll every 0.1 s": FLOOR,
                "AWS CLI": AWS,
                "sam sync --code": SAM,
            }
        ),
    ]

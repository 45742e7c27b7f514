"""A project that a script deploys, as often as it is measured."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from bench.tools import shell

ENGINE = "$PYTHON -m lambda_fast_deploy deploy"
SAM = """\
sam build --cached
sam deploy --stack-name $NAME --s3-bucket $BUCKET --no-confirm-changeset \\
  --no-fail-on-empty-changeset --capabilities CAPABILITY_IAM"""
SAM_CREATE = f"aws s3 mb s3://$BUCKET\n{SAM}"
SYNC = "yes | sam sync --code --stack-name $NAME --no-watch"
RUNTIME = f"python3.{sys.version_info.minor}"  # what runs here, which sam wants to find
_PAUSE = 0.02  # seconds between two looks at whether an update is through


class Subject:
    """A copy of an example, deployed by one script, to which its name is ``NAME``.

    ``BUCKET`` is the name of a bucket of its own. ``source`` is the file that is edited;
    ``environment`` is for the script.
    """

    def __init__(
        self,
        folder: Path,
        example: Path,
        source: str,
        script: str,
        environment: Mapping[str, str],
    ) -> None:
        self.name = f"bench-{secrets.token_hex(4)}"
        self.root = folder / self.name
        self._source = self.root / source
        self._script = script
        self._environment = {**environment, "NAME": self.name, "BUCKET": self.name}
        self._function = self.name
        self._api = boto3.client("lambda")
        shutil.copytree(example, self.root)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, whose ``{name}``, ``{runtime}`` and ``{role}`` are this subject's."""
        role = os.environ["LAB_ROLE_ARN"]
        for name, text in files.items():
            filled = text.format(name=self.name, runtime=RUNTIME, role=role)
            (self.root / name).write_text(filled, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        """Change a file."""
        file = self.root / name
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    def create(self, script: str = "", *, resource: str = "") -> None:
        """Deploy for the first time; a ``resource`` of the stack is the function that is edited."""
        shell(script or self._script, self.root, **self._environment)
        if resource:
            found = boto3.client("cloudformation").describe_stack_resource(
                StackName=self.name, LogicalResourceId=resource
            )
            self._function = found["StackResourceDetail"]["PhysicalResourceId"]

    def after_edit(self) -> float:
        """Seconds until the function is updated, after a line of code has changed."""
        with self._source.open("a") as source:
            source.write(f"\n# {secrets.token_hex(8)}\n")
        return self._measure(is_changed=True)

    def after_touch(self) -> float:
        """Seconds of a run after a file was saved as it was."""
        self._source.touch()
        return self._measure(is_changed=False)

    def _measure(self, *, is_changed: bool) -> float:
        before = self._state()["CodeSha256"]
        spent = shell(self._script, self.root, **self._environment)
        ended, waited = time.monotonic(), 0.0
        while (after := self._state())["LastUpdateStatus"] == "InProgress":
            time.sleep(_PAUSE)
            waited = time.monotonic() - ended
        assert after["LastUpdateStatus"] == "Successful", f"failed: {self._script}"
        assert (after["CodeSha256"] != before) is is_changed, f"did otherwise: {self._script}"
        return spent + waited

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._api.get_function_configuration(FunctionName=self._function)
        return state

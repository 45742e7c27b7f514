"""One function, release after release, on the lab."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import boto3

from tests.support import Project

CONFIG = """\
layers: {{{name}: {{requirements: [idna==3.10], runtime: python3.11}}}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}]}}
    role: {role}
    url: public
    environment: {{RELEASE: "{release}"}}
    tests: [health]
tests: {{health: {{http: /health, json: {{status: ok}}, within: 6s}}}}
"""
APP = """\
import json
RELEASE = "{release}"
def handler(event, context):
    return {{"statusCode": 200, "body": json.dumps({{"status": "ok", "release": RELEASE}})}}
"""


class Fleet:
    """One function, release after release."""

    def __init__(self, root: Path, name: str) -> None:
        self.project, self.name, self.release = Project(root), name, 0
        self.aws: Any = boto3.client("lambda")

    def next(self) -> Any:
        """Write another release."""
        self.release += 1
        values = {"name": self.name, "role": os.environ["LAB_ROLE_ARN"], "release": self.release}
        self.project.write("lambda-deploy.yml", CONFIG.format(**values))
        self.project.write("src/app.py", APP.format(**values))

    def served(self) -> str:
        """The release that users get, or nothing."""
        try:
            answer = self.aws.invoke(FunctionName=self.name, Qualifier="live", Payload=b"{}")
        except self.aws.exceptions.ResourceNotFoundException:
            return ""
        found: str = json.loads(json.load(answer["Payload"])["body"])["release"]
        return found

    def converge(self) -> None:
        """Deploy what is there, and again: users have it, and nothing is left to do."""
        assert self.project.deploy().code == 0
        assert self.served() == str(self.release)
        assert self.project.deploy().changes == []
        layers = self.aws.list_layer_versions(LayerName=self.name)["LayerVersions"]
        assert len(layers) == 1, "a layer was published twice"
        alias = self.aws.get_alias(FunctionName=self.name, Name="live")
        assert not (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        latest = self.aws.get_function_configuration(FunctionName=self.name)
        live = self.aws.get_function_configuration(FunctionName=self.name, Qualifier="live")
        for key in ("CodeSha256", "Environment", "Layers", "MemorySize", "Timeout"):
            assert latest.get(key) == live.get(key), key

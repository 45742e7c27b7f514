"""The checkouts that runs deploy: as small as they can be."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.schedules.actions import BAD, GOOD, LATE

OLD, NEW = "idna==3.9", "idna==3.10"  # what the two versions of the layer hold

CONFIG = """\
{layers}functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11{attached}}}
    role: {role}
    alias: {alias}
    {more}
    tests: [{tests}]
tests:
  answers: {{http: /, headers: {{User-Agent: "{agent}"}}, within: 30s}}
  refuses: {{command: ["false"]}}
  fails: {{http: "{fails}", within: 100ms}}
"""
LAYERS = "layers: {{{name}: {{requirements: [{requirement}], runtime: python3.11}}}}\n"
CODE = """\
import json, os
def handler(event, context):
    said = {{"release": "{release}", "setting": os.environ.get("SETTING")}}
    return {{"statusCode": 200, "body": json.dumps(said)}}
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
      Runtime: python3.11
      Role: {role}
      AutoPublishAlias: live
      Environment: {{Variables: {{SETTING: base}}}}
"""
STACK = """\
stack:
  template: template.yaml
  name: {name}
  tests: {{Function: [{tests}]}}
artifacts: {{bucket: "{name}-artifacts", create: true}}
tests:
  answers: {{invoke: {{}}, within: 30s}}
  refuses: {{command: ["false"]}}
"""


@dataclass(frozen=True)
class Project:
    """A checkout, with what it deploys."""

    root: Path
    name: str
    alias: str
    requirement: str = ""  # of its layer, if it has one
    is_stack: bool = False

    def write(
        self,
        release: str,
        more: str = "",
        flavour: str = GOOD,
        agent: str = "",
        fails: str = "",
    ) -> None:
        """Write its files: ``more`` is of the function, ``agent`` and ``fails`` of its tests."""
        tests = {GOOD: "answers", BAD: "answers, refuses", LATE: "answers, fails"}[flavour]
        layers = LAYERS.format(name=self.name, requirement=self.requirement)
        config = (STACK if self.is_stack else CONFIG).format(
            name=self.name,
            alias=self.alias,
            role=os.environ["LAB_ROLE_ARN"],
            more=more,
            tests=tests,
            agent=agent,
            fails=fails or "http://127.0.0.1:9",
            layers=layers if self.requirement else "",
            attached=f", layers: [{self.name}]" if self.requirement else "",
        )
        (self.root / "src").mkdir(parents=True, exist_ok=True)
        (self.root / "lambda-deploy.yml").write_text(config)
        (self.root / "src/app.py").write_text(CODE.format(release=release))
        if self.is_stack:
            template = TEMPLATE.format(name=self.name, role=os.environ["LAB_ROLE_ARN"])
            (self.root / "template.yaml").write_text(template)

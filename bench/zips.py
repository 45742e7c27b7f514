"""Code-only and no-change deploys of a zip, against the least that boto3 can do and other tools.

Each is a shell script, which the results show as it is run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from bench.action import STEP, Action
from bench.rounds import FEW, OURS, ROUNDS, Against, Times, Way, measure, table
from bench.subject import ENGINE, RUNTIME, SAM, SAM_CREATE, SYNC, Subject
from bench.tools import listing
from lab.layout import REPOSITORY
from lab.pace import UPDATE, paced

EXAMPLE = REPOSITORY / "examples/zip-layers"
FILES = {
    "lambda-deploy.yml": """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: {runtime}}}
    role: {role}
""",
    "template.yaml": """\
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
""",
    "serverless.yml": """\
service: {name}
provider: {{name: aws, region: us-east-1, runtime: {runtime}}}
package: {{patterns: ["!**", "src/**"]}}
functions:
  function: {{name: {name}, handler: src/app.handler, role: "{role}"}}
""",
}
FLOOR = "$PYTHON -m bench.floor $NAME src"
AWS = """\
rm -f code.zip
(cd src && zip -qr ../code.zip .)
aws lambda update-function-code --function-name $NAME --zip-file fileb://code.zip
aws lambda wait function-updated-v2 --function-name $NAME"""
OSLS = "osls deploy function --function function"
# GitHub's inputs have names that no shell can set by itself.
LAMBDA_DEPLOY = """\
env INPUT_FUNCTION-NAME=$NAME INPUT_PACKAGE-TYPE=Zip INPUT_CODE-ARTIFACTS-DIR=src \\
  INPUT_HANDLER=app.handler INPUT_RUNTIME=$RUNTIME INPUT_ROLE=$LAB_ROLE_ARN INPUT_DRY-RUN=false \\
  node $LAMBDA_DEPLOY_ACTION/dist/index.js"""
ACTION, FIRST = "our action", "our action, first in a job"
OUR_WAYS = {OURS: ENGINE, ACTION: STEP, FIRST: STEP}
QUICK = {"boto3 floor": FLOOR, "AWS CLI": AWS}
SKIPPING = {"osls deploy function": OSLS, "sam build --cached, sam deploy": SAM}
SLOW = {**SKIPPING, "sam sync --code": SYNC, "aws-lambda-deploy": LAMBDA_DEPLOY}
CREATE = {
    FLOOR: ENGINE,
    AWS: ENGINE,
    OSLS: "osls deploy",
    SAM: SAM_CREATE,
    SYNC: SAM_CREATE,
}
ABSENT = (
    "aws-lambda-deploy is not here: LAMBDA_DEPLOY_ACTION, which names its checkout, is not set."
)
GOALS = {"boto3 floor": 1.25}
GOALS_BEYOND = {"AWS CLI": 1 / 2, "sam build --cached, sam deploy": 1 / 8}
PACES = {  # seconds on top of each call, and of an update
    "Without additional latency": (0.0, UPDATE),
    "With 40 ms more for each call, and updates of 2 s": (0.04, 2.0),
}


def a_zip(folder: Path, script: str, environment: Mapping[str, str] | None = None) -> Subject:
    """A function of its own, there already, that a script deploys."""
    subject = Subject(folder, EXAMPLE, "src/app.py", script, environment or {})
    subject.write(FILES)
    subject.create(CREATE.get(script, script))
    return subject


def section() -> list[str]:
    """Measure; the section of the results."""
    peers = QUICK | SLOW
    if is_absent := not os.environ.get("LAMBDA_DEPLOY_ACTION"):
        del peers["aws-lambda-deploy"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        action = Action.of(folder, release=True)
        runner = {**action.environment(folder), "RUNTIME": RUNTIME}
        subjects = {
            name: a_zip(folder, script, runner if script in (STEP, LAMBDA_DEPLOY) else {})
            for name, script in (OUR_WAYS | peers).items()
        }
        tables = [line for what in PACES for line in _at_pace(what, subjects, action)]
    return [
        "## Zips",
        "",
        "Each time ends when the function is updated, even if the tool does not wait for that. "
        'lambda-fast-deploy also publishes a version and moves the alias. "Our action" runs '
        "action.yml in the checkout of a release; its first start is the first of a job. Goals of"
        " a code-only deploy: at most 1.25 times the floor; without the time of the update "
        "itself, half the time of the AWS CLI, and an eighth of the time of `sam build --cached` "
        "and `sam deploy`; our action faster than every peer. Goals of a deploy without a change:"
        " at most 1.25 times the time of Python, boto3 and one GetFunction, and 5 times as fast "
        "as the peers that skip it. In the commands below, `$NAME` is a separate function for "
        "each command, and `$PYTHON` is the Python of lambda-fast-deploy.",
        *(["", ABSENT] * is_absent),
        *tables,
        "",
        *listing({OURS: ENGINE, ACTION: STEP} | peers),
    ]


def _at_pace(what: str, subjects: Mapping[str, Subject], action: Action) -> list[str]:
    def on_its_machine(name: str) -> Subject:
        if name == FIRST:
            action.forget()
        return subjects[name]

    request, update = PACES[what]
    peers = [name for name in subjects if name not in OUR_WAYS]
    skipping = ["boto3 floor", *SKIPPING]
    with paced(request=request, update=update):
        changed = _measure(subjects, lambda name: on_its_machine(name).after_edit())
        unchanged = _measure(
            [*OUR_WAYS, *skipping], lambda name: on_its_machine(name).after_touch()
        )
    return [
        "",
        f"### {what}",
        "",
        *table(
            "code-only",
            changed,
            [
                *(Against(peer, GOALS.get(peer), GOALS_BEYOND.get(peer)) for peer in peers),
                *(Against(peer, 1.0, ours=FIRST) for peer in peers if peer != "boto3 floor"),
                Against(FIRST, ours=ACTION),
            ],
            transition=update,
        ),
        "",
        *table(
            "no change",
            unchanged,
            [
                *(Against(peer, GOALS.get(peer, 1 / 5)) for peer in skipping),
                *(Against(peer, 1.0, ours=FIRST) for peer in SKIPPING),
                Against(FIRST, ours=ACTION),
            ],
        ),
    ]


def _measure(names: Iterable[str], run: Callable[[str], float]) -> Times:
    return measure(
        *(Way(name, partial(run, name), FEW if name in SLOW else ROUNDS) for name in names)
    )

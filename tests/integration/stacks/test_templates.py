"""Templates as users have them: loops, included files, single files, built folders, nested SAM."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, Run

CONFIG = """\
stack:
  template: {template}
  name: {stack}
  capabilities: [CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND]
artifacts: {{bucket: stack-artifacts, create: true}}
"""
SAM = "Transform: AWS::Serverless-2016-10-31\n"
CODE = 'def handler(event, context):\n    return "%s"\n'
RUNTIME = "Runtime: python3.11"
FUNCTION = f"Handler: app.handler, {RUNTIME}"


@pytest.fixture
def stack() -> str:
    """A stack's name that no other test uses."""
    return f"templates-{secrets.token_hex(4)}"


@pytest.fixture
def project(tmp_path: Path, stack: str) -> Iterator[Project]:
    """A repository whose template is to be written."""
    project = Project(tmp_path / "project")
    project.write("lambda-deploy.yml", CONFIG.format(template="template.yaml", stack=stack))
    yield project
    boto3.client("cloudformation").delete_stack(StackName=stack)


def deployed(project: Project) -> Run:
    """A deploy that is green, and whose repetition changes nothing."""
    run = project.deploy()
    assert run.code == 0, run.log
    assert project.deploy().changes == []
    return run


def answer(aws: Any, run: Run, output: str) -> Any:
    """What a function answers whose name is an output."""
    found = aws.invoke(FunctionName=run.function["outputs"][output])
    return json.loads(found["Payload"].read())


def test_a_loop_of_functions_a_single_file_and_an_included_file(project: Project, aws: Any) -> None:
    text = f"""\
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters: {{Folder: {{Type: String, Default: one}}}}
Resources:
  Fn::ForEach::Functions:
    - Name
    - [A, B]
    - ${{Name}}Function:
        Type: AWS::Serverless::Function
        Properties: {{CodeUri: !Sub "${{Folder}}", {FUNCTION}}}
  Single: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: two/app.py, {FUNCTION}}}}}
  Here:
    Type: AWS::Serverless::Function
    Properties: {{Handler: one/app.handler, {RUNTIME}}}
  Fn::Transform: {{Name: AWS::Include, Parameters: {{Location: more.yaml}}}}
Outputs:
  B: {{Value: !Ref BFunction}}
  Single: {{Value: !Ref Single}}
  Here: {{Value: !Ref Here}}
"""
    project.write("template.yaml", text)
    project.write("one/app.py", CODE % "one")
    project.write("two/app.py", CODE % "two")
    project.write("more.yaml", "Topic: {Type: AWS::SNS::Topic}\n")
    run = deployed(project)
    assert [answer(aws, run, each) for each in ("B", "Single", "Here")] == ["one", "two", "one"]
    assert run.actions["code:Include"] == "build"
    project.write("more.yaml", "Queue: {Type: AWS::SQS::Queue}\n")
    assert project.deploy().actions["resource:Queue"] == "create"


def test_a_nested_application_has_a_transform_of_its_own(project: Project, aws: Any) -> None:
    inner = f"""\
Parameters: {{Says: {{Type: String}}}}
Resources:
  Table: {{Type: AWS::Serverless::SimpleTable}}
  Greeter: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: src, {FUNCTION}}}}}
Outputs:
  Function: {{Value: !Ref Greeter}}
"""
    outer = """\
Resources:
  Inner:
    Type: AWS::Serverless::Application
    Properties: {Location: inner/template.yaml, Parameters: {Says: hello}}
Outputs:
  Function: {Value: !GetAtt Inner.Outputs.Function}
"""
    project.write("template.yaml", SAM + outer)
    project.write("inner/template.yaml", SAM + inner)
    project.write("inner/src/app.py", CODE % "one")
    run = deployed(project)
    assert run.actions["code:Inner/Greeter"] == "build"
    assert answer(aws, run, "Function") == "one"
    project.edit("inner/src/app.py", "one", "two")
    assert answer(aws, deployed(project), "Function") == "two"


def test_a_value_that_only_the_stack_has_is_no_default(project: Project, aws: Any) -> None:
    function = f"{{CodeUri: !Ref Folder, {FUNCTION}}}"
    text = f"""\
{SAM}Parameters:
  Folder: {{Type: String, Default: one}}
Resources:
  Web: {{Type: AWS::Serverless::Function, Properties: {function}}}
Outputs: {{Web: {{Value: !Ref Web}}}}
"""
    project.write("template.yaml", text)
    for name in ("one", "two"):
        project.write(f"{name}/app.py", CODE % name)
    name = "  capabilities:"
    project.edit("lambda-deploy.yml", name, f"  parameters: {{Folder: two}}\n{name}")
    assert answer(aws, deployed(project), "Web") == "two"
    project.edit("lambda-deploy.yml", "  parameters: {Folder: two}\n", "")
    refused = project.deploy()
    assert refused.code == 2
    assert "template.yaml:3: parameter Folder is 'two' in the stack, but what is" in refused.log


def test_an_export_that_another_stack_has_is_the_reason(project: Project, stack: str) -> None:
    api = boto3.client("cloudformation")
    text = f"""\
Resources: {{Topic: {{Type: AWS::SNS::Topic}}}}
Outputs: {{Arn: {{Value: !Ref Topic, Export: {{Name: {stack}}}}}}}
"""
    project.write("template.yaml", text)
    deployed(project)
    other = f"{stack}-2"
    project.write("lambda-deploy.yml", CONFIG.format(template="template.yaml", stack=other))
    failed = project.deploy()
    assert failed.code == 1
    says = f"stack {other}: Export with name {stack} is already exported by stack {stack}"
    assert failed.function["error"].splitlines()[0] == says
    project.write("template.yaml", "Resources: {Topic: {Type: AWS::SNS::Topic}}\n")
    deployed(project)
    project.write("template.yaml", text)
    updated = project.deploy()
    assert updated.code == 1
    assert updated.function["error"].splitlines()[0] == says
    api.delete_stack(StackName=other)


def test_npm_resolves_once_what_has_no_lock(project: Project, aws: Any) -> None:
    function = "CodeUri: src, Handler: app.handler, Runtime: nodejs20.x"
    resource = f"Type: AWS::Serverless::Function, Properties: {{{function}}}"
    outputs = "Outputs: {Web: {Value: !Ref Web}}\n"
    project.write("template.yaml", f"{SAM}Resources: {{Web: {{{resource}}}}}\n{outputs}")
    manifest = {"name": "web", "version": "1.0.0", "dependencies": {"ms": "^2.1.0"}}
    project.write("src/package.json", json.dumps(manifest))
    project.write(
        "src/app.js", 'const ms = require("ms");\nexports.handler = async () => ms(60000);\n'
    )
    run = deployed(project)
    assert answer(aws, run, "Web") == "1m"
    assert "Web has no lock: npm chose ms 2.1." in run.log
    project.write("src/app.js", 'exports.handler = async () => require("ms")(1000);\n')
    again = project.deploy()
    assert answer(aws, again, "Web") == "1s"
    assert "npm chose" not in again.log  # the version is that of the first deploy


def test_what_sam_has_built_is_deployed_as_it_is(project: Project, stack: str, aws: Any) -> None:
    built = f"""\
{SAM}Resources:
  Web:
    Type: AWS::Serverless::Function
    Metadata: {{BuildMethod: makefile, SamResourceId: Web}}
    Properties: {{CodeUri: Web, {FUNCTION}}}
Outputs: {{Web: {{Value: !Ref Web}}}}
"""
    project.write(".aws-sam/build/template.yaml", built)
    project.write(".aws-sam/build/Web/app.py", CODE % "built")
    project.write(".aws-sam/build/Web/requirements.txt", "no-such-package==1\n")
    parameters = f'stack_name = "{stack}"\ns3_bucket = "stack-artifacts"\n'
    capabilities = 'capabilities = "CAPABILITY_IAM"\nregion = "us-east-1"\n'
    project.write("samconfig.toml", f"[default.deploy.parameters]\n{parameters}{capabilities}")
    project.write(
        "lambda-deploy.yml", CONFIG.format(template=".aws-sam/build/template.yaml", stack=stack)
    )
    assert answer(aws, deployed(project), "Web") == "built"
    project.write(".aws-sam/build/Web/app.py", CODE % "again")
    assert answer(aws, project.deploy(), "Web") == "again"


def test_what_the_cdk_has_synthesized_is_deployed_with_its_assets(
    project: Project, stack: str, aws: Any
) -> None:
    bucket = {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}
    role = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/lambda-execution"}
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"S3Bucket": bucket, "S3Key": "abc.zip"},
            "Handler": "app.handler",
            "Runtime": "python3.11",
            "Role": role,
        },
        "Metadata": {"aws:asset:path": "asset.abc", "aws:asset:property": "Code"},
    }
    outputs = {"Web": {"Value": {"Ref": "Web"}}}
    text = json.dumps({"Resources": {"Web": function}, "Outputs": outputs})
    project.write("cdk.out/Shop.template.json", text)
    project.write("cdk.out/asset.abc/app.py", CODE % "cdk")
    template = "cdk.out/Shop.template.json"
    project.write("lambda-deploy.yml", CONFIG.format(template=template, stack=stack))
    assert answer(aws, deployed(project), "Web") == "cdk"


def test_a_shift_of_traffic_by_codedeploy_is_told_and_waited_for(
    project: Project, aws: Any
) -> None:
    text = f"""\
{SAM}Resources:
  Web:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      {RUNTIME}
      AutoPublishAlias: live
      DeploymentPreference: {{Type: Canary10Percent5Minutes}}
Outputs: {{Web: {{Value: !Ref Web}}}}
"""
    project.write("template.yaml", text)
    project.write("src/app.py", CODE % "one")
    assert "CodeDeploy shifts" not in deployed(project).log
    project.write("src/app.py", CODE % "two")
    run = project.deploy()
    assert answer(aws, run, "Web") == "two"
    shift = "CodeDeploy shifts the traffic of Web (Canary10Percent5Minutes, about 5 minutes)"
    assert f"{shift}; the deploy waits for it, and tests follow." in run.log
    assert f"WebAliaslive UPDATE_IN_PROGRESS: {shift}" in run.log

"""The local files that a template names, and those that nothing can package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.archive import archive
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.artifact_properties import NESTED, PROPERTIES
from lambda_fast_deploy.stacks.artifacts import Artifact
from lambda_fast_deploy.stacks.local_artifacts import parts_of
from lambda_fast_deploy.stacks.package import package
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import parse_template

BUCKET = Bucket(Aws(), "us-east-1", "files")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a file for every property."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code/app.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "one.txt").write_text("Resources: {A: {Type: T}}\n")
    return tmp_path


def resources_of(root: Path, text: str) -> Resources:
    """The resources of a template, which SAM expands unless the text names other macros."""
    macro = "" if text.startswith("Transform:") else "Transform: AWS::Serverless-2016-10-31\n"
    return Resources(parse_template(text + macro, root / "template.yaml"), {})


def packaged(root: Path, text: str) -> Mapping[str, Any]:
    """The packaged template, whose artifacts need not be built for that."""
    resources = resources_of(root, text)
    empty = archive({}, compress=False)
    artifacts = [Artifact(part, empty, "", "key") for part in parts_of(resources)]
    return package(Stack(root / "template.yaml", "shop"), resources, artifacts, BUCKET, {}).body


def refusal(root: Path, text: str) -> str:
    with pytest.raises(Invalid) as raised:
        packaged(root, text)
    return str(raised.value)


@pytest.mark.parametrize(
    ("kind", "number"),
    [(kind, number) for kind, forms in PROPERTIES.items() for number in range(len(forms))],
)
def test_every_property_for_a_local_file_is_packaged(root: Path, kind: str, number: int) -> None:
    form = PROPERTIES[kind][number]
    path = [each.replace("*", "Any") for each in form.path]
    value = "code" if form.is_code else "one.txt"
    written = "".join(f"{{{key}: " for key in path[1:]) + value + "}" * len(path[1:])
    body = packaged(root, f"Resources:\n  R: {{Type: '{kind}', Properties: {written}}}\n")
    found = body["Resources"]["R"]
    for key in path:
        found = found[key]
    assert found == form.packaged(BUCKET, "key")


@pytest.mark.parametrize("kind", [kind for kind in PROPERTIES if kind not in NESTED])
def test_a_local_path_that_only_cloudformation_could_choose_is_refused(
    root: Path, kind: str
) -> None:
    for form in PROPERTIES[kind]:
        path = [each.replace("*", "Any") for each in form.path[1:]]
        choice = "!If [C, s3://bucket/key, !If [D, one.txt, !Ref AWS::NoValue]]"
        written = "".join(f"{{{key}: " for key in path) + choice + "}" * len(path)
        said = refusal(root, f"Resources:\n  R: {{Type: '{kind}', Properties: {written}}}\n")
        assert said.startswith(f"{root}/template.yaml:2: {form.name} must ")


def test_a_nested_template_that_only_cloudformation_could_choose_is_refused(root: Path) -> None:
    where = "Properties: {TemplateURL: !If [C, one.txt, 'https://bucket/key']}"
    said = refusal(root, f"Resources:\n  R: {{Type: AWS::CloudFormation::Stack, {where}}}\n")
    assert ":2: TemplateURL must not choose a local path by Fn::If" in said
    remote = where.replace("one.txt", "s3://bucket/other")
    assert packaged(root, f"Resources:\n  R: {{Type: AWS::CloudFormation::Stack, {remote}}}\n")


def test_a_definition_of_globals_is_packaged(root: Path) -> None:
    text = """\
Globals: {Api: {DefinitionUri: one.txt}}
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: prod}}
  Own: {Type: AWS::Serverless::Api, Properties: {StageName: prod, DefinitionBody: {}}}
"""
    resources = packaged(root, text)["Resources"]
    assert resources["Api"]["Properties"]["DefinitionUri"] == "s3://files/key"
    assert "DefinitionUri" not in resources["Own"]["Properties"]


def test_an_included_file_is_no_code_of_its_function(root: Path) -> None:
    text = """\
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Fn::Transform: {Name: AWS::Include, Parameters: {Location: one.txt}}
"""
    parts = parts_of(resources_of(root, text))
    assert [each.logical for each in parts] == ["F", "F.Include"]


SERVERLESS = "{Type: AWS::Serverless::Function, Properties: {%s}}"


@pytest.mark.parametrize(
    ("included", "says"),
    [
        (f"G: {SERVERLESS % 'CodeUri: absent'}", "CodeUri of G is local"),
        (f"G: {SERVERLESS % 'Runtime: python3.13'}", "CodeUri of G is local"),
        ("G: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: a}}", "TemplateURL of G"),
        (
            "G: {Type: AWS::Lambda::Function, Metadata: {Dockerfile: Dockerfile}}",
            "Dockerfile of G is local",
        ),
        ("G: {Type: AWS::Glue::Job, Properties: {Command: {ScriptLocation: a}}}", "ScriptLocation"),
        (f"G: {SERVERLESS % 'InlineCode: x'}", ""),
        (f"G: {SERVERLESS % 'CodeUri: s3://bucket/key'}", ""),
    ],
)
def test_a_template_that_cloudformation_reads_must_name_no_local_file(
    root: Path, included: str, says: str
) -> None:
    macro = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}"
    whole = f"Transform: {macro.partition(': ')[2]}"
    stack_set = "R: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: more.yaml}}"
    for text, more in (
        (f"Resources:\n  {macro}\n", included),
        (f"{whole}\nResources: {{A: {{Type: T}}}}\n", f"Resources:\n  {included}"),
        (f"Resources:\n  {stack_set}\n", f"Resources:\n  {included}"),
    ):
        (root / "more.yaml").write_text(more)
        if says:
            assert f"more.yaml: {says}" in refusal(root, text)
        else:
            assert packaged(root, text)


def test_included_properties_must_name_no_local_file(root: Path) -> None:
    macro = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}"
    function = f"{{Type: AWS::Serverless::Function, Properties: {{{macro}}}}}"
    (root / "more.yaml").write_text("CodeUri: code\n")
    text = f"Resources:\n  F: {function}\n"
    assert "more.yaml: CodeUri of F is local, which AWS::Include does" in refusal(root, text)
    (root / "more.yaml").write_text("InlineCode: x\n")
    assert "CodeUri" not in packaged(root, text)["Resources"]["F"]["Properties"]


def test_an_image_must_come_from_somewhere(root: Path) -> None:
    text = "Resources:\n  F: {Type: AWS::Serverless::Function, Properties: {PackageType: Image}}\n"
    assert ":2: an image needs ImageUri, or a Dockerfile in Metadata" in refusal(root, text)
    assert packaged(root, text.replace("Image}", "Image, Fn::Transform: {Name: Macro}}"))
    chosen = "Image, Code: !If [C, {ImageUri: a.b/c}, {ImageUri: a.b/d}]}"
    assert packaged(root, text.replace("Serverless", "Lambda").replace("Image}", chosen))


def test_a_function_of_the_web_is_built_as_any_other(root: Path) -> None:
    (root / "code/requirements.txt").write_text("idna\n")
    web = "Type: AWS::Serverless::WebFunction, Properties: {CodeUri: code, Runtime: python3.13}"
    (part,) = parts_of(resources_of(root, f"Resources:\n  F: {{{web}}}\n"))
    assert (part.requirements, part.runtime) == (root / "code/requirements.txt", "python3.13")


def test_types_of_sam_need_its_transform(root: Path) -> None:
    text = "Resources:\n  F: {Type: AWS::Serverless::SimpleTable}\n"
    with pytest.raises(Invalid) as raised:
        parts_of(Resources(parse_template(text, root / "template.yaml"), {}))
    says = "AWS::Serverless::SimpleTable needs Transform: AWS::Serverless-2016-10-31"
    assert str(raised.value).startswith(f"{root}/template.yaml:2: {says}")
    assert packaged(root, f"Transform: [Own]\n{text}")

"""What of a template is built, and how; what cannot be is said at its line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Architecture
from lambda_fast_deploy.stacks.code_builds import LocalArtifact
from lambda_fast_deploy.stacks.local_artifacts import parts_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import parse_template

HEAD = "Transform: AWS::Serverless-2016-10-31\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with code of every kind."""
    for name in ("code", "needs", "node", "unlocked", "java", "layer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text("")
    (tmp_path / "needs/requirements.txt").write_text("idna==3.20\n")
    (tmp_path / "layer/requirements.txt").write_text("idna==3.20\n")
    (tmp_path / "code/requirements.txt").write_text("# nothing\n")
    (tmp_path / "node/package.json").write_text('{"dependencies": {"a": "1"}}')
    (tmp_path / "node/package-lock.json").write_text("{}")
    (tmp_path / "unlocked/package.json").write_text('{"dependencies": {"a": "1"}}')
    (tmp_path / "java/pom.xml").write_text("")
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as made:
        made.writestr("app.py", "")
    return tmp_path


def parts(root: Path, text: str, **parameters: str) -> dict[str, LocalArtifact]:
    """The parts of a template, by the logical id of their resource."""
    template = parse_template(HEAD + text, root / "template.yaml")
    return {part.logical: part for part in parts_of(Resources(template, parameters))}


def function(properties: str, logical: str = "F", more: str = "") -> str:
    return f"  {logical}: {{Type: AWS::Serverless::Function, Properties: {{{properties}}}{more}}}\n"


def test_code_goes_with_what_it_requires(root: Path) -> None:
    text = "Globals: {Function: {Runtime: python3.13, Architectures: [arm64]}}\nResources:\n"
    found = parts(
        root,
        text
        + function("CodeUri: code", "Plain")
        + function("CodeUri: needs", "Needy")
        + function("CodeUri: made.zip", "Made")
        + function("CodeUri: node, Runtime: nodejs22.x", "Node")
        + function("CodeUri: 's3://a/b.zip'", "Remote")
        + function("InlineCode: x", "Inline"),
    )
    assert list(found) == ["Plain", "Needy", "Made", "Node"]
    assert found["Plain"].requirements is None
    assert found["Needy"].requirements == root / "needs/requirements.txt"
    assert found["Needy"].runtime == "python3.13"
    assert found["Needy"].architecture is Architecture.ARM64
    assert found["Made"].path == root / "made.zip"
    assert found["Node"].requirements == root / "node/package-lock.json"


def test_a_layer_is_built_if_it_says_how(root: Path) -> None:
    layer = "Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}"
    found = parts(
        root,
        f"Resources:\n  A: {{{layer}, Metadata: {{BuildMethod: python3.12}}}}\n  B: {{{layer}}}\n",
    )
    assert found["A"].requirements == root / "layer/requirements.txt"
    assert found["A"].prefix == "python/"
    assert found["B"].requirements is None
    assert found["B"].prefix == ""
    assert found["A"].id == "layer:A"


def test_a_runtime_is_known_from_parameters_and_mappings(root: Path) -> None:
    text = (
        "Parameters: {R: {Type: String, Default: python3.11}, S: {Type: String}}\n"
        "Mappings: {M: {prod: {R: python3.14}}}\nResources:\n"
        + function("CodeUri: needs, Runtime: !Ref R")
        + function("CodeUri: needs, Runtime: !FindInMap [M, !Ref S, R]", "G")
    )
    found = parts(root, text, S="prod")
    assert found["F"].runtime == "python3.11"
    assert found["G"].runtime == "python3.14"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('!Join ["/", [!Ref Folder, api.yaml]]', "src/api.yaml"),
        ('!Join ["/", [!Sub "${Folder}/a", b]]', "src/a/b"),
        ('!Join ["/", [!Ref AWS::Region, b]]', None),
        ('!Join ["/", !Ref Folder]', None),
        ('!Sub ["${A}-${!B}", {A: !Ref Folder}]', "src-${B}"),
        ('!Sub "${AWS::Region}/${Folder}"', None),
    ],
)
def test_a_text_is_known_if_all_its_parts_are(written: str, found: str | None) -> None:
    text = (
        f"Parameters: {{Folder: {{Default: src}}}}\nResources: {{T: {{Type: T, X: {written}}}}}\n"
    )
    resources = Resources(parse_template(text, Path("template.yaml")), {})
    value = resources.template.resources["T"]["X"]
    assert resources.resolve(value) == (value if found is None else found)


def test_a_value_that_cloudformation_looks_up_is_unknown() -> None:
    text = """Parameters:
  Kept: {Type: "AWS::SSM::Parameter::Value<String>", Default: /name}
  Name: {Type: "AWS::SSM::Parameter::Name", Default: /name}
  Dynamic: {Type: String, Default: "{{resolve:ssm:/name}}"}
  Flag: {Type: String, Default: true}
Resources: {T: {Type: T}}
"""
    resources = Resources(parse_template(text, Path("template.yaml")), {"Kept": "/other"})
    values = {name: resources.resolve({"Ref": name}) for name in resources.template.parameters}
    unknown = {name: {"Ref": name} for name in ("Kept", "Dynamic")}
    assert values == {**unknown, "Name": "/name", "Flag": "true"}


@pytest.mark.parametrize(
    ("properties", "more", "said"),
    [
        ("CodeUri: absent", "", "CodeUri 'absent' does not exist"),
        (
            "CodeUri: needs, Runtime: !ImportValue x",
            "",
            "requirements.txt needs a supported runtime",
        ),
        ("CodeUri: !ImportValue x", "", "CodeUri must be a path"),
        ("CodeUri: !Ref Absent", "", "CodeUri must be a path"),
        (
            "CodeUri: node, Runtime: dotnet8",
            "",
            "a build for dotnet8, whose code here has no *.dll",
        ),
        ("CodeUri: java, Runtime: java21", "", "a build of pom.xml is not supported"),
        (
            "CodeUri: code",
            ", Metadata: {BuildMethod: makefile}",
            "a build by makefile is not supported",
        ),
        ("CodeUri: code, Architectures: [sparc]", "", "'sparc' is not an architecture of Lambda"),
    ],
)
def test_what_cannot_be_built_is_said(root: Path, properties: str, more: str, said: str) -> None:
    with pytest.raises(Invalid) as raised:
        parts(root, "Resources:\n" + function(properties, more=more))
    assert str(raised.value).startswith(f"{root}/template.yaml:3: {said}")


HANDLER = """\
Globals: {Function: {Handler: app.absent}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Runtime: python3.13
      Handler: %s
  Other: {Type: AWS::Serverless::Function, Properties: {InlineCode: x}}
"""


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        ("app.handlr", "9: handler 'app.handlr': app.py does not define 'handlr'"),
        ("ap.handler", "9: handler 'ap.handler': ap.py does not exist in 'code'"),
        ("ap.handler\n      Layers: [arn]", ""),  # the module can be in the layer
        ("app.handlr\n      Layers: [arn]", "9: handler 'app.handlr': app.py does not define"),
        ("!ImportValue x", ""),
        ("app.handler", ""),
        ("!Ref AWS::NoValue", ""),
    ],
)
def test_a_handler_that_the_code_does_not_have_is_said(root: Path, handler: str, said: str) -> None:
    (root / "code/app.py").write_text("def handler(event, context): ...\n")
    if not said:
        assert parts(root, HANDLER % handler)
        return
    with pytest.raises(Invalid) as raised:
        parts(root, HANDLER % handler)
    assert str(raised.value).startswith(f"{root}/template.yaml:{said}")


def test_a_handler_of_globals_is_said_at_its_line(root: Path) -> None:
    text = HANDLER.replace("      Handler: %s\n", "")
    with pytest.raises(
        Invalid, match=r"template.yaml:2: handler 'app.absent': app.py does not define"
    ):
        parts(root, text)


def test_a_handler_among_what_is_installed_is_left_to_the_health_test(root: Path) -> None:
    assert parts(root, (HANDLER % "idna.core.encode").replace("CodeUri: code", "CodeUri: needs"))


INSIDE = """\
Resources:
  Top: {Type: AWS::Serverless::Function, Properties: {CodeUri: code}}
  In:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: inner/t.yaml, Parameters: {Where: ../node, Other: !Ref Top}}
  Far: {Type: AWS::Serverless::Application, Properties: {Location: {ApplicationId: a}}}
"""
INNER = """\
Parameters: {Where: {Type: String}, Other: {Type: String, Default: x}}
Resources:
  Top: {Type: AWS::Lambda::Function, Properties: {Code: !Ref Where, Runtime: nodejs22.x}}
"""


def test_a_template_inside_another_is_built_with_what_it_is_given(root: Path) -> None:
    (root / "inner").mkdir()
    (root / "inner/t.yaml").write_text(INNER)
    found = parts(root, INSIDE)
    assert list(found) == ["Top", "In/Top"]
    assert found["In/Top"].path == root / "inner/../node"
    assert found["In/Top"].runtime == "nodejs22.x"
    (root / "inner/t.yaml").write_text(INNER.replace("!Ref Where", "absent"))
    with pytest.raises(Invalid, match=r"inner/t.yaml:3: Code 'absent' does not exist"):
        parts(root, INSIDE)


def test_a_given_value_that_is_unknown_is_not_the_default(root: Path) -> None:
    (root / "inner").mkdir()
    (root / "inner/t.yaml").write_text(
        "Parameters: {R: {Type: String, Default: python3.11}, N: {Type: Number, Default: 1}}\n"
        "Resources: {Top: {Type: T}}\n"
    )
    where = "Location: inner/t.yaml, Parameters: {R: !GetAtt A.B, N: 2}"
    text = f"In: {{Type: AWS::Serverless::Application, Properties: {{{where}}}}}"
    template = parse_template(f"{HEAD}Resources:\n  {text}\n", root / "template.yaml")
    inside = Resources(template, {}).nested["In"].resources
    assert inside.resolve({"Ref": "R"}) == {"Ref": "R"}
    assert inside.resolve({"Ref": "N"}) == "2"


def test_a_template_inside_another_must_be_there_and_must_not_hold_itself(root: Path) -> None:
    with pytest.raises(Invalid, match=r"template.yaml:6: template 'inner/t.yaml' does not exist"):
        parts(root, INSIDE)
    (root / "inner").mkdir()
    text = INSIDE.replace("inner/t.yaml", "t.yaml").replace("CodeUri: code", "InlineCode: x")
    (root / "inner/t.yaml").write_text(text)
    with pytest.raises(Invalid, match="nested in a cycle"):
        parts(root, INSIDE)

"""What the code of a function needs, by its runtime and its Metadata."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.file_tree import code_files
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.code_builds import LocalArtifact, is_zip
from lambda_fast_deploy.stacks.image_requests import images_of
from lambda_fast_deploy.stacks.local_artifacts import parts_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import parse_template

TEMPLATE = """\
Parameters: {Folder: {Type: String, Default: src}, Method: {Type: String, Default: python3.13}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: {%s}
    Properties: {%s}
Transform: AWS::Serverless-2016-10-31
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with manifests of two languages."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/requirements.txt").write_text("idna\n")
    (tmp_path / "src/package.json").write_text('{"dependencies": {"ms": "2"}}')
    (tmp_path / "src/app.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "src/app.js").touch()
    return tmp_path


def part(root: Path, properties: str, metadata: str = "") -> LocalArtifact:
    template = parse_template(TEMPLATE % (metadata, properties), root / "template.yaml")
    (found,) = parts_of(Resources(template, {}))
    return found


def refusal(root: Path, properties: str, metadata: str = "") -> str:
    with pytest.raises(Invalid) as raised:
        part(root, properties, metadata)
    return str(raised.value).removeprefix(f"{root}/template.yaml")


PYTHON = "CodeUri: src, Handler: app.handler, Runtime: python3.13"
NODE = "CodeUri: src, Handler: app.handler, Runtime: nodejs22.x"


def test_a_manifest_is_that_of_the_runtime(root: Path) -> None:
    assert part(root, PYTHON).requirements == root / "src/requirements.txt"
    assert part(root, NODE).requirements == root / "src/package.json"
    (root / "src/package-lock.json").touch()
    assert part(root, NODE).requirements == root / "src/package-lock.json"
    (root / "src/app.rb").touch()
    assert part(root, "CodeUri: src, Handler: app.h, Runtime: ruby3.3").requirements is None


@pytest.mark.parametrize(
    "metadata",
    ["SkipBuild: true", "SamResourceId: F", "'aws:asset:path': src, 'aws:asset:property': CodeUri"],
)
def test_built_code_is_taken_as_it_is(root: Path, metadata: str) -> None:
    (root / "src/node_modules").mkdir()
    found = part(root, NODE, metadata)
    assert (found.requirements, found.left_out) == (None, ())


def test_references_in_metadata_and_paths_are_resolved(root: Path) -> None:
    text = PYTHON.replace("src", '!Sub "${Folder}"')
    assert part(root, text, "BuildMethod: !Ref Method").path == root / "src"


def test_code_that_is_named_nowhere_is_in_the_folder_of_the_template(root: Path) -> None:
    assert part(root, "Handler: src/app.handler, Runtime: python3.13").path == root / "."


def test_what_npm_ignores_is_left_out(root: Path) -> None:
    (root / "src/.npmignore").write_text("tests/*\nodd\\\n*.json\n")
    for name in (
        "tests/app.js",
        "yarn.lock",
        "lib/.app.js.swp",
        "CVS/Root",
        "node_modules/ms/a.js",
    ):
        (root / "src" / name).parent.mkdir(exist_ok=True, parents=True)
        (root / "src" / name).touch()
    expected = ["app.js", "app.py", "package.json", "requirements.txt"]
    assert code_files(root / "src", part(root, NODE).left_out) == expected
    assert part(root, PYTHON).left_out == ()
    (root / "src/package.json").unlink()
    assert part(root, NODE).left_out == ()


def test_optional_packages_are_installed(root: Path) -> None:
    (root / "src/package.json").write_text('{"optionalDependencies": {"ms": "2"}}')
    found = part(root, NODE.replace("app.handler", "ms/index.handler"))
    assert found.requirements == root / "src/package.json"


def test_a_handler_of_a_single_file_is_checked(root: Path) -> None:
    assert part(root, PYTHON.replace("src", "src/app.py")).path == root / "src/app.py"
    text = PYTHON.replace("src", "src/app.py").replace("app.handler", "app.absent")
    assert "does not define 'absent'" in refusal(root, text)


@pytest.mark.parametrize(
    ("name", "handler", "runtime", "says"),
    [
        ("app.py", "other.handler", "python3.13", "other.py does not exist in 'app.py'"),
        ("app.ts", "app.handler", "nodejs22.x", "app.js does not exist in 'app.ts'"),
        ("Shop.cs", "Shop::Shop.F::Do", "dotnet8", "a build for dotnet8, whose code here has no"),
        ("App.java", "App", "java21", "a build for java21, whose code here has no *.class"),
        ("main.go", "bootstrap", "provided.al2023", "a build for provided.al2023, whose code"),
        ("code.zip", "app.handler", "python3.13", "CodeUri 'code.zip' is not a zip"),
    ],
)
def test_a_single_file_that_lambda_cannot_run_is_refused(
    root: Path, name: str, handler: str, runtime: str, says: str
) -> None:
    for each in ("other.py", name):
        (root / "src" / each).write_text("def handler(event, context): ...\n")
    text = f"CodeUri: src/{name}, Handler: '{handler}', Runtime: {runtime}"
    assert says in refusal(root, text)


def test_a_runtime_that_only_cloudformation_knows_leaves_no_requirement_out(root: Path) -> None:
    text = PYTHON.replace("python3.13", "'{{resolve:ssm:/runtime}}'")
    assert ":6: requirements.txt needs a supported runtime, got '{{resolve:" in refusal(root, text)


def test_an_architecture_must_be_known_for_a_build_alone(root: Path) -> None:
    text = f"{PYTHON}, Architectures: !If [C, [arm64], [x86_64]]"
    assert ":6: Architectures must be known for a build: name one" in refusal(root, text)
    (root / "src/requirements.txt").unlink()
    assert part(root, text)


def test_a_function_has_one_architecture(root: Path) -> None:
    text = f"{PYTHON}, Architectures: [x86_64, arm64]"
    assert ":6: Architectures must name one, got x86_64, arm64" in refusal(root, text)
    assert part(root, f"{PYTHON}, Architectures: [arm64]").architecture == "arm64"


def test_a_handler_that_a_package_cannot_have_is_refused(root: Path) -> None:
    assert "dist/app.js does not exist" in refusal(root, NODE.replace("app.h", "dist/app.h"))
    assert part(root, NODE.replace("app.h", "ms/index.h"))
    (root / "src/web.ts").touch()
    assert ":6: a build of web.ts is not supported" in refusal(root, NODE.replace("app.h", "web.h"))


def test_a_dockerfile_must_be_known(root: Path) -> None:
    template = parse_template(
        TEMPLATE % ("Dockerfile: !Ref Absent", "PackageType: Image"), root / "template.yaml"
    )
    resources = Resources(template, {})
    with pytest.raises(Invalid, match=r":5: Dockerfile must be a path, or its parameters must"):
        images_of(resources, Stack(template.path, "shop"))
    known = parse_template(
        TEMPLATE % ("Dockerfile: !Ref Folder", "PackageType: Image"), root / "template.yaml"
    )
    with pytest.raises(Invalid, match=r":5: Dockerfile 'src' does not exist"):
        images_of(Resources(known, {}), Stack(template.path, "shop"))


def test_parent_packages_are_refused(root: Path) -> None:
    metadata = "BuildProperties: {ParentPackages: shop.orders}"
    assert ":6: a build with ParentPackages is not supported" in refusal(root, PYTHON, metadata)


@pytest.mark.parametrize("uri", ["./image.tar.gz", "shop:latest", "shop", "team/shop:1"])
def test_an_image_of_this_machine_is_refused(root: Path, uri: str) -> None:
    text = f"PackageType: Image, ImageUri: '{uri}'"
    assert f":6: image '{uri}' is on this machine" in refusal(root, text)


def test_an_included_file_with_local_code_is_refused(root: Path) -> None:
    (root / "more.yaml").write_text(
        "G: {Type: AWS::Lambda::Function, Properties: {Code: src, Runtime: python3.13}}\n"
    )
    include = "Resources: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}}"
    template = parse_template(include, root / "template.yaml")
    with pytest.raises(Invalid, match=r"more.yaml: Code of G is local, which AWS::Include does"):
        parts_of(Resources(template, {}))


def test_a_zip_is_known_by_its_format(tmp_path: Path) -> None:
    (tmp_path / "a.jar").touch()
    assert not is_zip(tmp_path / "a.jar")
    with zipfile.ZipFile(tmp_path / "a.jar", "w") as made:
        made.writestr("a", "")
    assert is_zip(tmp_path / "a.jar")
    assert not is_zip(tmp_path)

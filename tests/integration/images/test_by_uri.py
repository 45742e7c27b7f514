"""Images that exist in ECR: by a tag or a digest, of this account or of another one.

They are deployed and compared; the lab runs no containers here.
"""

from __future__ import annotations

import hashlib
import json
import os
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.integration.conftest import NewProject
from tests.support import Project

OTHER = "222222222222"
OWN = "000000000000"
DOCKER = "application/vnd.docker"
CONFIG = """\
functions:
  {name}: &function
    image:
      uri: {uri}
    role: {role}
"""
NewImage = Callable[..., str]


def blob(repository: str, content: bytes, owner: str) -> dict[str, Any]:
    """Push a blob by the registry's protocol; returns its descriptor."""
    data = boto3.client("ecr").get_authorization_token()["authorizationData"][0]
    login = {"Authorization": f"Basic {data['authorizationToken']}"}
    digest, base = f"sha256:{hashlib.sha256(content).hexdigest()}", data["proxyEndpoint"]
    begin = f"{base}/v2/{repository}/blobs/uploads/?owner={owner}"
    with urllib.request.urlopen(
        urllib.request.Request(begin, b"", headers=login, method="POST")
    ) as answer:
        where = urllib.parse.urljoin(base, answer.headers["Location"])
    sign = "&" if "?" in where else "?"
    end = f"{where}{sign}owner={owner}&digest={urllib.parse.quote(digest)}"
    urllib.request.urlopen(
        urllib.request.Request(end, content, headers=login, method="PUT")
    ).close()
    return {"digest": digest, "size": len(content)}


@pytest.fixture
def push(name: str) -> NewImage:
    """Pushes an image under a tag; returns its digest."""

    def pushed(tag: str, owner: str = OWN, machine: str = "amd64", kind: str = "tar.gzip") -> str:
        ecr = boto3.Session(owner, "x").client("ecr")
        if not any(
            r["repositoryName"] == name for r in ecr.describe_repositories()["repositories"]
        ):
            ecr.create_repository(repositoryName=name)
        history = [{"created_by": tag}]
        config = {"architecture": machine, "os": "linux", "config": {}, "history": history}
        layer = {
            **blob(name, tag.encode(), owner),
            "mediaType": f"{DOCKER}.image.rootfs.diff.{kind}",
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{DOCKER}.distribution.manifest.v2+json",
            "config": {
                **blob(name, json.dumps(config).encode(), owner),
                "mediaType": f"{DOCKER}.container.image.v1+json",
            },
            "layers": [layer],
        }
        image = {"imageManifest": json.dumps(manifest), "imageTag": tag}
        made = ecr.put_image(
            repositoryName=name, **image, imageManifestMediaType=manifest["mediaType"]
        )
        return str(made["image"]["imageId"]["imageDigest"])

    return pushed


def project_of(new_project: NewProject, name: str, owner: str = OWN, tag: str = ":main") -> Project:
    uri = f"{owner}.dkr.ecr.{{region}}.amazonaws.com/{name}{tag}"
    return new_project(CONFIG.format(name=name, uri=uri, role=os.environ["LAB_ROLE_ARN"]), "")


def live(aws: Any, name: str) -> str:
    code = aws.get_function(FunctionName=name, Qualifier="live")["Code"]
    return str(code["ResolvedImageUri"])


def test_an_image_by_its_tag_is_deployed_by_its_digest(
    new_project: NewProject, name: str, aws: Any, push: NewImage
) -> None:
    project = project_of(new_project, name)
    absent = project.run("plan")
    assert absent.code == 3
    assert (
        f"lambda-deploy.yml:2: image {OWN}.dkr.ecr.us-east-1.amazonaws.com/{name}:main"
        in absent.log
    )
    one = push("main")
    planned = project.run("plan")
    assert planned.changes == []
    assert f"it is {one[:19]} in ECR" in planned.out
    assert project.deploy().code == 0
    assert live(aws, name).endswith(f"/{name}@{one}")
    unchanged = project.deploy()
    assert unchanged.changes == []
    reads = [each["operation"] for each in unchanged.requests]
    assert reads.count("BatchGetImage") == 1  # what the tag is now
    assert not {"GetDownloadUrlForLayer", "DescribeRepositories"} & {*reads}

    ecr = boto3.client("ecr")
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "main"}])
    two = push("two")
    project.edit("lambda-deploy.yml", ":main", ":two")
    steps = project.run("plan").report["plan"]["steps"]
    (code,) = (step["changes"] for step in steps if step["id"] == f"code:{name}")
    assert (code[0]["before"], code[0]["after"]) == (one[:19], two[:19])
    changed = project.deploy()
    assert changed.changes.count("UpdateFunctionCode") == 1
    assert live(aws, name).endswith(two)
    project.edit("lambda-deploy.yml", ":two", f"@{two}")
    pinned = project.deploy()
    assert pinned.changes == []
    assert "BatchGetImage" not in [each["operation"] for each in pinned.requests]
    assert "differs" not in project.run("status").out


def test_a_failed_test_rolls_back_to_the_image_before(
    new_project: NewProject, name: str, aws: Any, push: NewImage
) -> None:
    project = project_of(new_project, name)
    one = push("main")
    assert project.deploy().code == 0
    push("two")
    text = (project.root / "lambda-deploy.yml").read_text().replace(":main", ":two")
    test = '    tests: [fails]\ntests:\n  fails: {command: ["false"]}\n'
    project.write("lambda-deploy.yml", f"{text}{test}")
    assert project.deploy().code == 1
    assert live(aws, name).endswith(one)
    found = aws.get_function(FunctionName=name)["Code"]["ResolvedImageUri"]
    assert found.endswith(one)


def test_build_once_and_promote_to_another_account(
    new_project: NewProject, name: str, aws: Any, push: NewImage
) -> None:
    digest = push("main", owner=OTHER)
    project = project_of(new_project, name, OTHER)
    denied = project.run("plan")
    assert denied.code == 3
    assert "the policy of its repository must allow this account" in denied.log
    read = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    who = [{"AWS": f"arn:aws:iam::{OWN}:root"}, {"Service": "lambda.amazonaws.com"}]
    statements = [{"Effect": "Allow", "Action": read, "Principal": each} for each in who]
    boto3.Session(OTHER, "x").client("ecr").set_repository_policy(
        repositoryName=name,
        policyText=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    assert project.deploy().code == 0
    assert live(aws, name) == f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com/{name}@{digest}"
    assert project.deploy().changes == []
    policy = json.loads(project.run("policy").out)
    pulls = [each for each in policy["Statement"] if each["Sid"].startswith("PullUpstreams")]
    assert pulls[0]["Resource"] == f"arn:aws:ecr:us-east-1:{OTHER}:repository/{name}" or (
        pulls[0]["Resource"] == [f"arn:aws:ecr:us-east-1:{OTHER}:repository/{name}"]
    )


def test_what_lambda_would_refuse_is_told_by_the_plan(
    new_project: NewProject, name: str, push: NewImage
) -> None:
    push("main", machine="arm64")
    project = project_of(new_project, name)
    planned = project.run("plan")
    assert planned.code == 3
    assert "is built for arm64, but the function runs on amd64" in planned.log
    push("plain", kind="tar")
    project.edit("lambda-deploy.yml", ":main", ":plain")
    assert "which Lambda does not accept" in project.run("plan").log
    project.edit("lambda-deploy.yml", "{region}", "eu-west-1")
    elsewhere = project.run("plan")
    assert elsewhere.code == 2
    assert "is in eu-west-1, but functions in us-east-1 need one" in elsewhere.log


def test_an_index_is_deployed_by_the_image_of_the_architecture(
    new_project: NewProject, name: str, aws: Any, push: NewImage
) -> None:
    images = {machine: push(machine, machine=machine) for machine in ("amd64", "arm64")}
    kind = "application/vnd.oci.image.index.v1+json"
    entries = [
        {"digest": digest, "platform": {"os": "linux", "architecture": machine}, "size": 1}
        for machine, digest in images.items()
    ]
    boto3.client("ecr").put_image(
        repositoryName=name,
        imageManifest=json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": entries}),
        imageManifestMediaType=kind,
        imageTag="main",
    )
    project = project_of(new_project, name)
    text = (project.root / "lambda-deploy.yml").read_text()
    arm = f"  {name}-arm: {{<<: *function, architecture: arm64}}\n"
    project.write("lambda-deploy.yml", text + arm)
    assert project.deploy().code == 0
    assert live(aws, name).endswith(images["amd64"])
    assert live(aws, f"{name}-arm").endswith(images["arm64"])
    assert project.deploy().changes == []


def test_one_image_with_twelve_handlers(
    new_project: NewProject, name: str, aws: Any, push: NewImage
) -> None:
    push("main")
    project = project_of(new_project, name)
    uri = f"{OWN}.dkr.ecr.{{region}}.amazonaws.com/{name}:main"
    role = os.environ["LAB_ROLE_ARN"]
    functions = "".join(
        f"  {name}-{number}:\n    role: {role}\n"
        f'    image: {{uri: "{uri}", command: [app.handler{number}], workdir: /srv}}\n'
        for number in range(12)
    )
    project.write("lambda-deploy.yml", f"functions:\n{functions}")
    run = project.deploy()
    assert run.code == 0
    assert run.changes.count("CreateFunction") == 12
    reads = [each["operation"] for each in run.requests]
    assert (reads.count("BatchGetImage"), reads.count("GetDownloadUrlForLayer")) == (1, 1)
    second = project.deploy()
    assert second.changes == []

    def overrides(number: int) -> dict[str, Any]:
        found = aws.get_function_configuration(FunctionName=f"{name}-{number}", Qualifier="live")
        members: dict[str, Any] = found.get("ImageConfigResponse", {}).get("ImageConfig", {})
        return members

    assert overrides(7) == {"Command": ["app.handler7"], "WorkingDirectory": "/srv"}
    project.edit("lambda-deploy.yml", "[app.handler7], workdir: /srv", "[app.other]")
    planned = project.run("plan")
    changed = "overrides command app.handler7, workdir /srv → command app.other, workdir /srv"
    assert changed in planned.out
    run = project.deploy()
    assert run.changes.count("UpdateFunctionConfiguration") == 1
    assert "UpdateFunctionCode" not in run.changes
    assert overrides(7) == {"Command": ["app.other"], "WorkingDirectory": "/srv"}
    assert f"{name}-7 overrides its image in us-east-1, although its configuration" in run.log
    assert "workdir /srv" in run.log

    project.edit("lambda-deploy.yml", "[app.other]", '[], workdir: ""')
    assert "→ none" in project.run("plan").out
    assert project.deploy().code == 0
    assert overrides(7) == {}
    assert project.deploy().changes == []

    text = (project.root / "lambda-deploy.yml").read_text()
    text = text.replace("command: [app.handler3]", "command: [app.broken]", 1)
    text = text.replace(f"  {name}-3:\n", f"  {name}-3:\n    tests: [fails]\n")
    project.write("lambda-deploy.yml", f'{text}tests:\n  fails: {{command: ["false"]}}\n')
    assert project.deploy().code == 1
    assert overrides(3)["Command"] == ["app.handler3"]


def test_a_rollback_finds_the_image_where_it_was_deployed_from(
    new_project: NewProject, name: str, aws: Any, push: NewImage
) -> None:
    project = project_of(new_project, name)
    one = push("main")
    assert project.deploy().code == 0
    push("two")
    project.edit("lambda-deploy.yml", ":main", ":two")
    assert project.deploy().code == 0
    assert project.run("rollback").code == 0
    assert live(aws, name).endswith(one)
    assert project.deploy().code == 0
    ecr = boto3.client("ecr")
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": one}])
    gone = project.run("rollback")
    assert gone.code != 0
    assert one in gone.log

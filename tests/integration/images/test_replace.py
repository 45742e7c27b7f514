"""A change of code makes an image of another one: no builder and no Docker, the same as a build."""

from __future__ import annotations

import boto3
import pytest

from tests.support import Project, Run, get

pytestmark = pytest.mark.docker

NO_DOCKER = {"DOCKER_HOST": "unix:///nowhere", "PATH": "/nowhere"}
HOW_IT_RUNS = """\
import json, os, stat
import app.package.module
def handler(event, context):
    top = os.path.dirname(__file__)
    seen = {}
    for folder, folders, files in os.walk(top):
        for name in folders + [each for each in files if not each.endswith(".pyc")]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            target = os.readlink(path) if os.path.islink(path) else ""
            seen[path] = [oct(status.st_mode), status.st_uid, status.st_gid, target]
    body = {"status": "ok", "user": [os.getuid(), os.getgid()], "folder": os.getcwd(),
            "variable": os.environ["COLOR"], "seen": seen, "module": app.package.module.NAME}
    return {"statusCode": 200, "body": json.dumps(body)}
"""
DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN mkdir -p /var/task/app/there && chmod 775 /var/task/app
WORKDIR /var/task
ENV COLOR=blue
COPY requirements.txt .
RUN cat requirements.txt
COPY --chown=1000:1001 app ./app
COPY --link --chmod=0644 extra.txt ${LAMBDA_TASK_ROOT}/extra.txt
USER 1000
CMD ["app.main.handler"]
"""


def tags(repository: str) -> dict[str, list[str]]:
    """The tags of each image."""
    images = boto3.client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    return {each["imageDigest"]: sorted(each.get("imageTags", ())) for each in images}


def stems(repository: str) -> set[str]:
    """The digests of the images with tags of a stem."""
    every = tags(repository).items()
    return {digest for digest, names in every if any(name.startswith("stem-") for name in names)}


def deployed(run: Run) -> str:
    """The digest of the image of a run's function."""
    return str(run.function["image_uri"]).partition("@")[2]


def action(run: Run) -> str:
    """What a run planned for its image."""
    return next(value for step, value in run.actions.items() if step.startswith("image:"))


def reasons(run: Run) -> list[str]:
    """The reasons of its plan."""
    return [each["reason"] for each in run.report["plan"]["steps"]]


def test_a_change_of_code_needs_no_docker(lean: Project, name: str) -> None:
    first = lean.deploy()
    assert action(first) == "build"
    assert "stem" in str(tags(name))
    lean.edit("app/main.py", '"hello"', '"good day"')
    planned = lean.run("plan", **NO_DOCKER)
    assert action(planned) == "replace"
    assert planned.changes == []
    changed = lean.deploy(**NO_DOCKER)
    assert changed.code == 0
    assert action(changed) == "replace"
    assert "only the files of its last layer are new" in reasons(changed)
    assert get(changed.function["url"])[1]["greeting"] == "good day"
    assert stems(name) == {deployed(changed)}
    assert sorted(each.partition("-")[0] for each in tags(name)[deployed(changed)]) == [
        "app",
        "app",
        "kept",
        "stem",
    ]

    again = lean.deploy(**NO_DOCKER)
    assert again.changes == []
    assert action(again) == "reuse"

    lean.edit("app/main.py", '"good day"', '"hello"')
    back = lean.deploy(**NO_DOCKER)
    assert action(back) == "reuse"
    assert deployed(back) == deployed(first)


def test_a_replaced_image_runs_as_a_built_one(lean: Project) -> None:
    lean.write("Dockerfile.lambda", DOCKERFILE)
    lean.write("requirements.txt", "idna\n")
    lean.write("extra.txt", "one\n")
    lean.write("app/main.py", HOW_IT_RUNS)
    lean.write("app/package/module.py", 'NAME = "first"\n')
    lean.write("app/.hidden", "")
    (lean.root / "app/link").symlink_to("main.py")
    assert action(lean.deploy()) == "build"
    lean.write("app/package/module.py", 'NAME = "second"\n')
    lean.write("app/package/more/deep.py", "")
    (lean.root / "app/main.py").chmod(0o755)
    (lean.root / "app/link").unlink()
    (lean.root / "app/link").symlink_to("package/module.py")
    replaced = lean.deploy(**NO_DOCKER)
    assert replaced.code == 0
    assert action(replaced) == "replace"
    assert "2 layers replaced" in replaced.log
    status, body = get(replaced.function["url"])
    assert (status, body["module"], body["variable"]) == (200, "second", "blue")
    assert body["folder"] == "/var/task"

    built = lean.deploy("[no-cache]")
    assert action(built) == "build"
    assert deployed(built) != deployed(replaced)
    assert get(built.function["url"])[1] == body

    lean.write("requirements.txt", "idna # changed\n")
    assert action(lean.run("plan")) == "build"  # a file of an earlier line


def test_other_values_in_the_last_lines_need_no_docker(lean: Project, name: str) -> None:
    lean.write("Dockerfile.lambda", f"{DOCKERFILE}ARG SHA=0\nENV REVISION=$SHA\n")
    lean.write("requirements.txt", "idna\n")
    lean.write("extra.txt", "one\n")
    lean.write("app/main.py", HOW_IT_RUNS.replace('"COLOR"', '"REVISION"'))
    lean.write("app/package/module.py", 'NAME = "first"\n')
    lean.write("app/other.py", "from app.main import handler\n")
    lean.edit("lambda-deploy.yml", "base: python", 'base: python\n      build-args: {SHA: "1"}')
    first = lean.deploy()
    assert action(first) == "build"
    assert get(first.function["url"])[1]["variable"] == "1"
    lean.edit("lambda-deploy.yml", 'SHA: "1"', 'SHA: "2"')
    lean.edit("Dockerfile.lambda", "app.main.handler", "app.other.handler")
    lean.edit("Dockerfile.lambda", "USER 1000", "USER 1000:1001")
    changed = lean.deploy(**NO_DOCKER)
    assert action(changed) == "replace"
    assert "only the files of its last 2 layers and its attributes are new" in reasons(changed)
    status, body = get(changed.function["url"])
    assert (status, body["variable"], body["user"]) == (200, "2", [1000, 1001])

    built = lean.deploy("[no-cache]")
    assert get(built.function["url"])[1] == body

    lean.edit("Dockerfile.lambda", "ENV REVISION=", "ENV OTHER=1 REVISION=")
    assert action(lean.run("plan")) == "build"


def test_in_an_immutable_repository(lean: Project, name: str) -> None:
    client = boto3.client("ecr")
    client.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    first = lean.deploy()
    assert stems(name) == {deployed(first)}
    for number in range(2):
        lean.edit("app/main.py", "GREETING = ", f"NUMBER = {number}\nGREETING = ")
        changed = lean.deploy(**NO_DOCKER)
        assert changed.code == 0
        assert action(changed) == "replace"
    assert stems(name) == {deployed(first)}  # where tags cannot move, the first image stays


def test_a_dockerfile_that_needs_a_builder_is_told_why(lean: Project) -> None:
    lean.edit("Dockerfile.lambda", "CMD", "RUN echo done > /done\nCMD")
    first = lean.deploy()
    says = "RUN in line 4 comes after COPY in line 3"
    assert f"needs a builder for every change of code: {says}. Move COPY in line 3" in first.log
    lean.edit("app/main.py", '"hello"', '"good day"')
    changed = lean.deploy()
    assert action(changed) == "build"
    assert any(reason.endswith(f"; {says}") for reason in reasons(changed))


def test_functions_with_one_image_share_its_replacement(lean: Project, name: str) -> None:
    config = (lean.root / "lambda-deploy.yml").read_text()
    before, _, rest = config.partition(f"  {name}:\n")
    one, _, tests = rest.partition("\ntests:")
    both = f"{before}  {name}:\n{one}\n  {name}-b:\n{one.replace('url: public', '')}\ntests:{tests}"
    lean.write(
        "lambda-deploy.yml", both.replace("    image:\n", f"    image:\n      repository: {name}\n")
    )
    assert lean.deploy().code == 0
    lean.edit("app/main.py", '"hello"', '"good day"')
    changed = lean.deploy(**NO_DOCKER)
    assert changed.code == 0
    assert {value for step, value in changed.actions.items() if step.startswith("image:")} == {
        "replace"
    }
    assert changed.changes.count("CompleteLayerUpload") == 2  # a layer and a configuration
    assert "made for another function" in changed.log
    images = {each["image_uri"] for each in changed.report["functions"]}
    assert len(images) == 1

"""The composite action in the workflow of another repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.secret import found_below, found_in, token
from tests.support import check_out, get

if TYPE_CHECKING:
    from tests.action.conftest import Caller

Served = Callable[[], str]


def test_a_push_deploys_and_the_next_one_moves_the_code(caller: Caller, served: Served) -> None:
    first = caller.run("push")
    assert (first.code, first.outcome) == (0, "success")
    assert first.outputs["version"] == served() == "1"
    assert first.outputs["changed"] == "true"
    assert first.outputs["alias"] == "live"
    assert get(first.outputs["function-url"])[1]["version"] == 1
    assert "live now serves version 1" in first.log  # the step summary

    caller.edit("src/app.py", "VERSION = 1", "VERSION = 2")
    second = caller.run("push", "faster")
    assert second.outputs["version"] == served() == "2"
    assert get(second.outputs["function-url"])[1]["version"] == 2

    third = caller.run("push", "docs")
    assert third.code == 0
    assert third.outputs["changed"] == "false"
    assert third.changes == []


def test_the_action_of_a_branch_installs_what_it_runs_on(
    caller: Caller, served: Served, tmp_path: Path
) -> None:
    """It has no ``dist/``."""
    check_out(tmp_path / "branch")
    caller.actions = dict.fromkeys(caller.actions, tmp_path / "branch")
    run = caller.run("push")
    assert (run.code, run.outcome) == (0, "success")
    assert served() == "1"


def test_a_hostile_message_is_data_and_its_flag_is_seen(caller: Caller, served: Served) -> None:
    message = '"; touch pwned; $(touch pwned) `touch pwned` [test-s3]'
    run = caller.run("push", message)
    assert run.code == 0
    assert served() == "1"
    assert not list(caller.root.rglob("pwned"))
    stored = [r["operation"] for r in run.requests if r["service"] == "s3"]
    assert "PutObject" in stored  # written through the function's API
    assert "DeleteObject" in stored  # and cleaned up
    assert list(caller.bucket.objects.all()) == []


def test_a_push_without_the_flag_leaves_s3_alone(caller: Caller) -> None:
    run = caller.run("push")
    assert run.code == 0
    assert [r for r in run.requests if r["service"] == "s3"] == []


def test_a_release_runs_every_test(caller: Caller, served: Served) -> None:
    run = caller.run("release")
    assert run.code == 0
    assert served() == "1"
    assert "PutObject" in [r["operation"] for r in run.requests]
    assert get(run.outputs["function-url"])[0] == 200


def test_a_pull_request_is_planned_only(caller: Caller) -> None:
    run = caller.run("pull_request")
    assert (run.code, run.outcome) == (0, "success")
    assert run.changes == []
    plan = json.loads(run.outputs["plan"])
    assert plan["changed"] is True
    client = boto3.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=caller.name)


EVENTS = [
    ("push", "change", "always"),
    ("push", "change [Smoke]", "always smoke"),
    ("push", "change [test-all]", "always smoke nightly tagged"),
    ("tag", "change", "always smoke nightly tagged"),
    ("release", "change", "always smoke nightly tagged"),
    ("workflow_dispatch", "change [smoke]", "always smoke"),
    ("schedule", "change", "always nightly"),
    ("push", "change [skip-deploy]", ""),
    ("merge_group", "change [test-all]", ""),
]


def test_each_event_runs_its_tests(caller: Caller) -> None:
    config = (
        (caller.root / "lambda-deploy.yml")
        .read_text()
        .replace("[health, storage]", "[always, smoke, nightly, tagged]")
    )
    for name, when in (
        ("always", ""),
        ("smoke", ", when: {flag: smoke}"),
        ("nightly", ", when: {event: schedule}"),
        ("tagged", ", when: [{tag: v*}, {branch: none}]"),
    ):
        config += f"  {name}: {{command: [sh, -c, 'echo {name} >> $SEEN/gates']{when}}}\n"
    caller.write("lambda-deploy.yml", config)
    for number, (event, message, tests) in enumerate(EVENTS):
        caller.write("src/app.py", f"def handler(event, context): return {number}\n")
        run = caller.run(event, message)
        assert (run.code, run.outcome) == (0, "success"), (event, message)
        assert run.tests == tests.split(), (event, message)
        assert bool(run.changes) == bool(tests), (event, message)


def test_an_input_leads_users_back(caller: Caller, served: Served) -> None:
    caller.edit("lambda-deploy.yml", "[health, storage]", "[]")
    for number in (1, 2):
        caller.write("src/app.py", f"def handler(event, context): return {number}\n")
        assert caller.run("push").code == 0
    caller.inputs("with: {rollback: previous}")
    run = caller.run("workflow_dispatch", "change [skip-deploy]")
    assert run.code == 0
    assert run.outputs["version"] == served() == "1"
    caller.inputs("with: {rollback: last}")
    wrong = caller.run("workflow_dispatch")
    assert wrong.code == 1
    assert "expected previous or the number of a version, got 'last'" in wrong.log
    assert served() == "1"


def test_a_failing_health_check_fails_the_job_and_users_keep_the_old_version(
    caller: Caller, served: Served
) -> None:
    good = caller.run("push")
    caller.edit("src/app.py", 'STATUS = "ok"', 'STATUS = "broken"')
    run = caller.run("push")
    assert run.code == 1
    assert run.outcome == "failure"
    assert run.outputs["rolled-back"] == "true"
    assert served() == "1"
    assert get(good.outputs["function-url"])[1]["status"] == "ok"


def test_inputs_alone_deploy_one_function(caller: Caller, served: Served) -> None:
    (caller.root / "lambda-deploy.yml").unlink()
    assert "use input function" in caller.run("push").log
    text = f"""with:
          function: {caller.name}
          code: src
          handler: app.handler
          runtime: python3.11
          role: ${{{{ env.LAMBDA_ROLE }}}}
          memory: 256
          environment: |
            BUCKET={caller.bucket.name}
            MODE=a=b
          health-path: /health"""
    caller.inputs(text)
    run = caller.run("push", LAMBDA_ROLE=os.environ["LAB_ROLE_ARN"])
    assert run.code == 0
    assert served() == "1"
    live = boto3.client("lambda").get_function_configuration(
        FunctionName=caller.name, Qualifier="live"
    )
    assert live["MemorySize"] == 256
    assert live["Environment"]["Variables"]["MODE"] == "a=b"


def test_a_workspace_with_a_package_of_that_name_changes_nothing(
    caller: Caller, served: Served
) -> None:
    caller.write("lambda_fast_deploy/__init__.py", "raise SystemExit('the wrong engine')")
    caller.write("yaml.py", "raise SystemExit('the wrong yaml')")
    caller.write("uv.toml", "[[index]]\nurl = 'http://127.0.0.1:9/'\n")
    run = caller.run("push")
    assert run.code == 0
    assert served() == "1"


def test_a_mistake_is_annotated_at_its_line(caller: Caller) -> None:
    caller.edit("lambda-deploy.yml", "    url: public", "    url: pubic")
    run = caller.run("push")
    assert run.code == 1
    assert run.changes == []
    assert "lambda-deploy.yml:8" in run.log
    assert "did you mean 'public'?" in run.log


SPOKEN = """\
import json, os
def handler(event, context):
    print(json.dumps(dict(os.environ)), event)
    print("::error::spoken")
    print("::set-output name=version::spoken")
    print("##[error]spoken")
    print("\\x1b[31m::add-mask::spoken")
    return {"statusCode": 500, "body": os.environ["PASSWORD"] + " ![x](https://evil.example)"}
"""


def test_neither_a_secret_nor_a_command_of_a_function_comes_through(
    caller: Caller, tmp_path: Path
) -> None:
    """Debugging is on, the function prints its environment, and the commit message shouts."""
    of_runner = ("GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "AWS_SESSION_TOKEN")
    hidden = {name: token() for name in ("PASSWORD", *of_runner)}
    config = (caller.root / "lambda-deploy.yml").read_text()
    config = config.replace("environment:\n", "environment:\n      PASSWORD: ${PASSWORD}\n")
    config = config.replace("tests: [health", "tests: [shown, health")
    shown = "  shown: {command: [sh, -c, 'env >&2; echo ::error::spoken']}\n"
    caller.write("lambda-deploy.yml", f"{config}{shown}")
    caller.write("src/app.py", SPOKEN)
    message = "::error::spoken\n##[error]spoken\n![x](https://evil.example) [test-s3]"
    debugging = {"ACTIONS_STEP_DEBUG": "true", "RUNNER_DEBUG": "1"}
    run = caller.run("push", message, None, **debugging, **hidden)
    assert (run.code, run.outcome) == (1, "failure")
    assert run.outputs["version"] == ""
    found = [*found_in("log", run.log.encode(), hidden), *found_below(tmp_path, hidden)]
    found += found_in("report", Path(run.outputs["report"]).read_bytes(), hidden)
    assert found == []


DOCKERFILE = """\
FROM {image}
RUN echo slow > /slow
COPY --link src/app.py /var/task/app.py
CMD ["app.handler"]
"""


@pytest.mark.docker
def test_an_image_is_built_from_githubs_cache_on_a_fresh_machine(
    caller: Caller, served: Served, tmp_path: Path
) -> None:
    caller.write("Dockerfile.lambda", DOCKERFILE.format(image=os.environ["LAB_PYTHON_IMAGE"]))
    config = (caller.root / "lambda-deploy.yml").read_text()
    head, tail = config.split("    zip:\n")
    caller.write("lambda-deploy.yml", f"{head}    image: {{}}\n    role:{tail.split('role:')[1]}")

    without = caller.run("push")
    assert without.code == 0
    assert "GitHub's cache is not used" in without.log

    # Of two caches one is written: the registry's, but where its tag may not move.
    ecr = boto3.client("ecr")
    ecr.put_image_tag_mutability(repositoryName=caller.name, imageTagMutability="IMMUTABLE")
    caller.edit("src/app.py", "VERSION = 1", "VERSION = 2")
    caller.edit("Dockerfile.lambda", "CMD", "LABEL number=2\nCMD")  # which needs a builder
    written = caller.run("push", cache=tmp_path / "cache")
    assert written.code == 0
    assert "cache is not used" not in written.log
    assert not (caller.root / ".lambda-fast-deploy").exists()

    subprocess.run(["docker", "buildx", "prune", "--all", "--force"], check=True)
    cache = {"imageTag": "buildcache"}
    ecr.batch_delete_image(repositoryName=caller.name, imageIds=[cache])
    caller.edit("src/app.py", "VERSION = 2", "VERSION = 3")
    caller.edit("Dockerfile.lambda", "number=2", "third=3")
    read = caller.run("push", cache=tmp_path / "cache")
    assert read.code == 0
    assert "1 of 2 steps cached" in read.log
    assert served() == "3"
    assert get(read.outputs["function-url"])[1]["version"] == 3


def test_a_package_of_modules_at_the_top_and_a_folder_with_blanks_change_nothing(
    caller: Caller, served: Served
) -> None:
    caller.write("package.json", '{"name": "caller", "type": "module"}\n')
    folder = "my apps/api (v2)"
    for name in ("lambda-deploy.yml", "src/app.py"):
        caller.write(f"{folder}/{name}", (caller.root / name).read_text())
        (caller.root / name).unlink()
    caller.inputs(f"with: {{working-directory: '{folder}'}}")
    run = caller.run("push")
    assert (run.code, run.outcome) == (0, "success")
    assert served() == "1"
    assert not (caller.root / ".lambda-fast-deploy").exists()


@pytest.mark.parametrize("broken", ["github-cache/main.cjs", "bootstrap.py"])
def test_a_step_that_fails_leaves_nothing_behind_and_loses_no_more_than_itself(
    caller: Caller, action: Path, tmp_path: Path, broken: str
) -> None:
    copy = tmp_path / "broken"
    shutil.copytree(action, copy)
    (copy / broken).write_text("this is no program (\n")
    caller.actions = dict.fromkeys(caller.actions, copy)
    run = caller.run("push")
    assert run.outcome == ("failure" if broken == "bootstrap.py" else "success")
    assert not (caller.root / ".lambda-fast-deploy").exists()


def test_the_flag_of_a_checkout_that_somebody_else_owns_is_seen(caller: Caller) -> None:
    """As root, which is who may give files away; else it is one's own checkout."""
    caller.write("note.txt", "x")
    caller.commit("try it [skip-deploy]")
    if os.geteuid() == 0:
        for path in (caller.root, *caller.root.rglob("*")):
            os.chown(path, 65534, 65534, follow_symlinks=False)
    done = subprocess.run(
        [sys.executable, "-m", "lambda_fast_deploy", "deploy"],
        cwd=caller.root,
        env={**os.environ, "GITHUB_EVENT_NAME": "workflow_dispatch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Planned only" in done.stderr

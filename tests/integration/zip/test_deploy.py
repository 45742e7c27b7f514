"""A zip with a layer, from nothing to an undone mistake."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from tests.support import Project, get, read_until

LAYER = "orders-dependencies"
# The second UpdateAlias says that the version has passed the tests of the URL.
UPDATES = ["UpdateFunctionCode", "PublishVersion", "UpdateAlias", "UpdateAlias"]


@pytest.fixture
def project(small: Project) -> Project:
    return small


def test_first_deploy_serves_the_function_with_its_layer(
    example: Callable[[str], Project], name: str, aws: Any
) -> None:
    project = example("zip-layers")
    project.edit("lambda-deploy.yml", LAYER, f"{name}-dependencies")
    run = project.deploy()
    assert run.code == 0
    status, health = get(run.function["url"])
    assert status == 200
    assert health["greeting"] == "hello"
    assert health["pydantic"]  # from the layer
    assert aws.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
    assert "PublishLayerVersion" in run.changes


def test_an_unchanged_application_is_not_touched_and_nothing_is_built(project: Project) -> None:
    project.deploy()
    again = project.deploy()
    assert again.code == 0
    assert again.changes == []
    assert set(again.actions.values()) <= {"skip", "reuse"}
    assert again.report["plan"]["changed"] is False
    assert [work["action"] for work in again.report["work"]] == ["read", "read"]


def test_a_code_change_moves_code_only(project: Project) -> None:
    first = project.deploy()
    project.edit("src/app.py", '"hello"', '"good day"')
    run = project.deploy()
    assert run.code == 0
    assert run.changes == UPDATES
    assert run.function["layer_arns"] == first.function["layer_arns"]
    assert run.function["previous"] == "1"
    assert get(run.function["url"])[1]["greeting"] == "good day"


def test_a_comment_in_the_requirements_builds_no_layer(project: Project) -> None:
    project.deploy()
    project.edit("requirements.txt", "# What", "# All that")
    assert project.deploy().changes == []


def test_a_new_requirement_makes_a_new_layer_version(project: Project, name: str) -> None:
    project.edit("lambda-deploy.yml", LAYER, f"{name}-dependencies")
    first = project.deploy()
    project.edit("requirements.txt", "idna==3.10", "idna==3.10\nsix==1.17.0")
    run = project.deploy()
    assert run.code == 0
    assert run.changes == [
        "PublishLayerVersion",
        "UpdateFunctionConfiguration",
        "PublishVersion",
        "UpdateAlias",
        "UpdateAlias",
    ]
    assert run.function["layer_arns"] != first.function["layer_arns"]
    project.edit("requirements.txt", "\nsix==1.17.0", "")
    back = project.deploy()
    assert "PublishLayerVersion" not in back.changes
    assert back.function["layer_arns"] == first.function["layer_arns"]


def test_only_given_configuration_is_changed_and_the_environment_is_merged(
    project: Project, name: str, aws: Any
) -> None:
    project.deploy()
    aws.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"BY_HAND": "1"}}, Timeout=10
    )
    aws.get_waiter("function_updated_v2").wait(FunctionName=name)
    project.edit("lambda-deploy.yml", "memory: 256", "memory: 384\n    environment: {MODE: fast}")
    run = project.deploy()
    assert run.code == 0
    assert "UpdateFunctionCode" not in run.changes
    live = aws.get_function_configuration(FunctionName=name, Qualifier="live")
    assert live["MemorySize"] == 384
    assert live["Environment"]["Variables"] == {"BY_HAND": "1", "MODE": "fast"}


def test_a_failing_health_check_is_undone_and_users_never_meet_it(
    project: Project, name: str, aws: Any
) -> None:
    good = project.deploy()
    before = aws.get_function(FunctionName=name)["Configuration"]
    project.edit("src/app.py", '"status": "ok"', '"status": "broken"')
    project.edit("lambda-deploy.yml", "memory: 256", "memory: 512")
    project.edit("lambda-deploy.yml", "within: 30s", "within: 3s")
    run = project.deploy()
    assert run.code == 1
    assert run.function["outcome"] == "rolled-back"
    assert 'expected status to be "ok", got "broken"' in run.log
    assert "UpdateAlias" not in run.changes
    assert get(good.function["url"])[1]["status"] == "ok"
    after = aws.get_function(FunctionName=name)["Configuration"]
    for key in ("CodeSha256", "MemorySize", "Layers"):
        assert after[key] == before[key]
    versions = aws.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1"]


def test_code_that_cannot_be_imported_fails_at_once_with_its_trace(project: Project) -> None:
    project.deploy()
    project.edit("src/app.py", "import idna", "import idna\nimport no_such_module")
    run = project.deploy()
    assert run.code == 1
    assert "no_such_module" in run.log
    tested = [work for work in run.report["work"] if work["action"] == "test"]
    assert [work["outcome"] for work in tested] == ["failed"]
    assert tested[0]["seconds"] < 9  # not the 10 s of the deadline


def test_a_failing_first_deploy_leaves_nothing_behind(
    project: Project, name: str, aws: Any
) -> None:
    project.edit("src/app.py", '"status": "ok"', '"status": "broken"')
    project.edit("lambda-deploy.yml", "within: 30s", "within: 3s")
    assert project.deploy().code == 1
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        aws.get_function(FunctionName=name)


def test_the_next_run_after_an_undone_one_deploys_the_fix(project: Project) -> None:
    project.deploy()
    project.edit("src/app.py", '"status": "ok"', '"status": "broken"')
    project.edit("lambda-deploy.yml", "within: 30s", "within: 3s")
    assert project.deploy().code == 1
    project.edit("src/app.py", '"status": "broken"', '"status": "ok", "fixed": True')
    run = project.deploy()
    assert run.code == 0
    assert get(run.function["url"])[1]["fixed"] is True


def test_an_alias_that_was_moved_by_hand_is_seen(project: Project, name: str, aws: Any) -> None:
    project.deploy()
    project.edit("src/app.py", '"hello"', '"good day"')
    project.deploy()
    aws.update_alias(FunctionName=name, Name="live", FunctionVersion="1")
    run = project.deploy()
    assert run.code == 0
    assert "UpdateFunctionCode" not in run.changes
    assert get(run.function["url"])[1]["greeting"] == "good day"


def test_a_plan_changes_nothing_and_gives_reasons(project: Project, name: str) -> None:
    project.edit("lambda-deploy.yml", LAYER, f"{name}-dependencies")
    run = project.run("plan", "--json")
    assert run.code == 0
    assert run.changes == []
    plan = json.loads(run.out)
    assert plan["changed"] is True
    assert all(step["reason"] for step in plan["steps"])
    assert any(s["id"].startswith("layer:") and s["action"] == "build" for s in plan["steps"])
    assert project.run("deploy", "--dry-run").changes == []


@pytest.mark.parametrize("flag", ["[dry-run]", "[SKIP-deploy]"])
def test_a_commit_message_can_ask_for_a_plan_only(project: Project, flag: str) -> None:
    run = project.deploy(f"docs {flag}")
    assert run.code == 0
    assert run.changes == []


def test_one_function_needs_no_configuration_file(project: Project, name: str, aws: Any) -> None:
    (project.root / "lambda-deploy.yml").unlink()
    run = project.run(
        "deploy",
        *("--function", name, "--code", "src", "--handler", "app.handler"),
        *("--runtime", "python3.11", "--requirements", "requirements.txt"),
        *("--role", "${LAMBDA_ROLE}", "--memory", "256", "--url", "public"),
        *("--environment", "AN=1\nOTHER=x=y", "--health-path", "/health"),
    )
    assert run.code == 0
    assert get(run.function["url"])[0] == 200
    live = aws.get_function_configuration(FunctionName=name, Qualifier="live")
    assert live["Environment"]["Variables"] == {"AN": "1", "OTHER": "x=y"}


def test_functions_share_a_layer_across_regions(project: Project, name: str) -> None:
    project.edit("lambda-deploy.yml", LAYER, f"{name}-dependencies")
    text = (project.root / "lambda-deploy.yml").read_text()
    head, tail = text.split("functions:\n")
    block, rest = tail.split("\n\ntests:")
    second = block.replace(f"  {name}:", f"  {name}-b:")
    project.write(
        "lambda-deploy.yml",
        f"regions: [us-east-1, eu-west-1]\n{head}functions:\n{block}\n{second}\n\ntests:{rest}",
    )
    run = project.deploy()
    assert run.code == 0
    assert {(d["region"], d["function"], d["outcome"]) for d in run.report["functions"]} == {
        (region, function, "deployed")
        for region in ("us-east-1", "eu-west-1")
        for function in (name, f"{name}-b")
    }
    assert run.changes.count("PublishLayerVersion") == 2  # one a region
    for region in ("us-east-1", "eu-west-1"):
        found = boto3.client("lambda", region_name=region).get_alias(
            FunctionName=f"{name}-b", Name="live"
        )
        assert found["FunctionVersion"] == "1"
    assert project.deploy().changes == []


def test_one_function_that_fails_does_not_stop_the_others(project: Project, name: str) -> None:
    project.deploy()
    text = (project.root / "lambda-deploy.yml").read_text()
    head, tail = text.split("functions:\n")
    block, rest = tail.split("\n\ntests:")
    second = block.replace(f"  {name}:", f"  {name}-b:").replace("code: src", "code: other")
    project.write("lambda-deploy.yml", f"{head}functions:\n{block}\n{second}\n\ntests:{rest}")
    project.write("other/app.py", "def handler(event, context):\n    raise RuntimeError('no')\n")
    project.edit("lambda-deploy.yml", "within: 30s", "within: 3s")
    project.edit("src/app.py", '"hello"', '"good day"')
    run = project.deploy()
    assert run.code == 1
    outcomes = {d["function"]: d["outcome"] for d in run.report["functions"]}
    assert outcomes == {name: "deployed", f"{name}-b": "rolled-back"}
    assert "RuntimeError: no" in run.log


@pytest.mark.parametrize("layer", [LAYER, "built-for-this"])
def test_a_size_over_its_budget_is_refused_before_anything_is_uploaded(
    project: Project, layer: str
) -> None:
    project.deploy()  # so that a layer of the shared name is there already
    project.edit("lambda-deploy.yml", LAYER, layer)
    project.edit("lambda-deploy.yml", "layer: 100 MB", "layer: 50 kB")
    run = project.deploy()
    assert run.code == 1
    assert "the limit is 50.0 kB" in run.log
    assert run.changes == []


def test_a_handler_can_be_in_a_layer_and_is_looked_for_there(project: Project, name: str) -> None:
    project.edit("lambda-deploy.yml", "app.handler", "appp.handler")
    project.edit("lambda-deploy.yml", LAYER, f"{name}-dependencies")
    for changes in (["PublishLayerVersion"], []):  # built, and then found in AWS
        refused = project.deploy()
        assert refused.code == 1
        says = "handler 'appp.handler': appp.py does not exist in 'src'"
        assert f"{name}: {says}; one of its layers must have it." in refused.log
        assert f"{name}: {says}, and none of its layers has it" in refused.log
        assert refused.changes == changes
    project.edit("lambda-deploy.yml", "appp.handler", "idna.encode")
    project.edit("lambda-deploy.yml", "    tests: [health]\n", "")
    assert project.deploy().code == 0


def test_a_url_that_was_open_can_be_closed(project: Project) -> None:
    first = project.deploy()
    assert get(first.function["url"])[0] == 200
    project.edit("lambda-deploy.yml", "url: public", "url: iam")
    run = project.deploy()
    assert run.code == 0
    assert run.report["plan"]["changed"] is True
    assert get(first.function["url"])[0] == 403
    assert project.deploy().changes == []


def test_two_first_deploys_at_once_leave_the_function_of_the_winner(
    project: Project, name: str, aws: Any
) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = [run.result() for run in [pool.submit(project.deploy) for _ in range(2)]]
    assert sorted(run.code for run in runs) in ([0, 0], [0, 1]), [run.log for run in runs]
    served = aws.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    assert served in {run.function["version"] for run in runs if run.code == 0}
    for run in runs:
        if run.code:
            assert "another deployment" in run.log.partition("error: ")[2].splitlines()[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_undoes_what_it_changed(
    project: Project, name: str, aws: Any, number: signal.Signals
) -> None:
    project.deploy()
    before = aws.get_function(FunctionName=name)["Configuration"]["CodeSha256"]
    project.edit("src/app.py", '"status": "ok"', '"status": "broken"')
    report = project.root.parent / "report.json"
    with project.deploying("--report", str(report)) as run:
        read_until(run, "not yet: expected status")  # the new version is there and being tested
        run.send_signal(number)
        _, log = run.communicate()
    assert run.returncode == 1
    assert "error: " in log
    assert "the run was cancelled" in log
    assert "live still serves version 1" in log
    assert json.loads(report.read_text())["functions"][0]["outcome"] == "rolled-back"
    assert aws.get_function(FunctionName=name)["Configuration"]["CodeSha256"] == before

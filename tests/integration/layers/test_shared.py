"""Layers that several functions have, from the first to an earlier one and back."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3

from lab.pace import paced
from tests.integration.conftest import NewProject

SHARED = """\
layers:
  {name}-deps: {{requirements: requirements.txt, runtime: python3.11}}
functions:
  {name}-a: &function
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {role}
  {name}-b: *function
"""


def test_functions_share_a_layer_through_its_whole_life(new_project: NewProject, name: str) -> None:
    config = SHARED.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    shared = new_project(config, "def handler(event, context): return {'status': 'ok'}\n")
    layer = f"{name}-deps"

    def users() -> list[str]:
        run = shared.run("layers", "users", layer, "--json")
        assert run.code == 0
        return [user for use in json.loads(run.out) for user in use["users"]]

    for pin in ("six==1.15.0", "six==1.16.0", "six==1.17.0"):
        shared.write("requirements.txt", f"{pin}\n")
        run = shared.deploy()
        assert run.code == 0
        assert run.changes.count("PublishLayerVersion") == 1
        assert len({arn for each in run.report["functions"] for arn in each["layer_arns"]}) == 1
    assert {f"{name}-a:3", f"{name}-b:3"} <= set(users())

    kept = shared.run("layers", "prune", layer)
    assert "deleted 0 of 3 versions" in kept.log  # older versions of the functions have them
    api = boto3.client("lambda")
    for function in (f"{name}-a", f"{name}-b"):
        api.delete_function(FunctionName=function, Qualifier="1")
    planned = shared.run("layers", "prune", layer, "--dry-run")
    assert "would delete 1 of 3 versions" in planned.log
    assert planned.changes == []
    pruned = shared.run("layers", "prune", layer)
    assert "deleted 1 of 3 versions" in pruned.log
    assert f"used by {name}-a:2, {name}-b:2" in pruned.out
    listed = shared.run("layers", "list", layer)
    assert [line.split()[1] for line in listed.out.splitlines()[1:]] == ["3", "2"]

    wrong = shared.run("layers", "list", "dep")
    assert wrong.code == 2
    assert "layer dep: is not in the configuration" in wrong.log


def test_functions_go_back_to_an_earlier_layer_or_do_without(
    new_project: NewProject, name: str, aws: Any
) -> None:
    config = SHARED.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    config = config.replace("    role:", "    tests: [works]\n    role:").replace(
        f"{name}-b: *function", f"{name}-b: {{<<: *function, environment: {{ALONE: '1'}}}}"
    )
    code = """\
import os
def handler(event, context):
    if "ALONE" not in os.environ:
        import idna
        return {"status": "ok", "idna": idna.__version__}
    return {"status": "ok"}
"""
    test = "{works: {invoke: {}, json: {status: ok}, within: 4s}}"
    shared = new_project(f"{config}tests: {test}\n", code)
    layer = f"{name}-deps"
    for pin in ("idna==3.9", "idna==3.10"):
        shared.write("requirements.txt", f"{pin}\n")
        assert shared.deploy().code == 0

    def idna() -> str:
        answer = aws.invoke(FunctionName=f"{name}-a", Qualifier="live", Payload=b"{}")
        return str(json.load(answer["Payload"])["idna"])

    assert idna() == "3.10"
    assert shared.run("layers", "rollback", layer, "--dry-run").changes == []
    back = shared.run("layers", "rollback", layer)
    assert back.code == 0
    assert {"UpdateFunctionCode", "PublishLayerVersion"}.isdisjoint(back.changes)
    assert idna() == "3.9"
    assert "has no version before the attached one" in shared.run("layers", "rollback", layer).log
    assert shared.run("layers", "rollback", layer, "--to", "2").code == 0
    assert idna() == "3.10"

    detached = shared.run("layers", "detach", layer)
    assert detached.code == 1
    assert f"{name}-a: failed and rolled back" in detached.log  # it does not import without
    assert f"{name}-b: live now serves" in detached.log
    assert idna() == "3.10"
    alone = aws.get_function(FunctionName=f"{name}-b", Qualifier="live")["Configuration"]
    assert not alone.get("Layers")
    gone = shared.run("layers", "detach", "nothing")
    assert gone.code == 2
    assert "layer nothing: no function of the configuration has this layer" in gone.log


def test_fifty_functions_on_two_layers(new_project: NewProject, name: str) -> None:
    """One build per layer; and unchanged, each function costs its reads only."""
    head = f"""\
layers:
  {name}-a: {{requirements: [six==1.17.0], runtime: python3.11}}
  {name}-b: {{requirements: [idna==3.10], runtime: python3.11}}
functions:
"""
    function = """\
  {name}-{n}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-a, {name}-b]}}
    role: {role}
"""
    functions = [
        function.format(name=name, n=n, role=os.environ["LAB_ROLE_ARN"]) for n in range(50)
    ]
    fleet = new_project(head + "".join(functions), "def handler(event, context): return 1\n")
    run = fleet.deploy()
    assert run.code == 0
    assert run.log.count("uv resolves") == 2
    assert run.changes.count("PublishLayerVersion") == 2
    assert run.changes.count("CreateFunction") == 50

    unchanged = fleet.deploy()
    assert unchanged.changes == []
    fleet.write("lambda-deploy.yml", head + functions[0])
    alone = fleet.deploy()
    assert (unchanged.report["seconds"] - alone.report["seconds"]) / 49 < 0.3


def test_many_functions_keep_to_the_quotas_of_lambda(new_project: NewProject, name: str) -> None:
    functions = "".join(
        f"  {name}-{number}:\n    zip: {{code: src, handler: app.handler, runtime: python3.11}}\n"
        f"    role: {os.environ['LAB_ROLE_ARN']}\n"
        for number in range(25)
    )
    many = new_project(f"functions:\n{functions}", "def handler(event, context): pass\n")
    with paced(quota=0.2):  # so that 25 are as many as 125 are to a whole account
        run = many.run("plan")
    assert run.code == 0
    assert len(run.actions) >= 25

"""Every code block of the pages is what it says it is; those in sh run in tests/integration."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lambda_fast_deploy.errors import Invalid
from tests.markdown import BLOCKS, ROOT, Block
from tests.unit.docs.examples import load_file, load_inputs, without_expressions

ACTION = "lambda-fast-deploy/lambda-fast-deploy@"
REUSABLE = "lambda-fast-deploy/lambda-fast-deploy/.github/workflows/deploy.yml@"
SHOWN = {"text", "mermaid", "dockerfile"}  # nothing to run: output, pictures, files of others


def workflow_of(document: Any) -> dict[str, Any] | None:
    """The workflow that a block is, or is a part of; ``None`` if it is something else."""
    if isinstance(document, list):
        document = {"steps": document}
    if "jobs" in document or "on" in document or True in document:
        return {"on": "push", "jobs": {"job": {"runs-on": "x", "steps": []}}, **_named(document)}
    if document.keys() <= {"permissions", "steps", "uses", "with", "concurrency", "environment"}:
        runner = {} if "uses" in document else {"runs-on": "ubuntu-latest"}
        return {"on": "push", "jobs": {"job": {**runner, **document}}}
    return None


def _named(document: dict[Any, Any]) -> dict[str, Any]:
    """YAML 1.1 reads the key ``on`` as true."""
    return {"on" if key is True else key: value for key, value in document.items()}


def of_language(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language and not block.not_run]


PARTS = [(block, workflow_of(yaml.safe_load(block.text))) for block in of_language("yaml")]
CONFIGURATIONS = [block for block, workflow in PARTS if not workflow]
WORKFLOWS = [
    *(pytest.param(workflow, id=str(block)) for block, workflow in PARTS if workflow),
    *(
        pytest.param(_named(yaml.safe_load(path.read_text(encoding="utf-8"))), id=str(path.name))
        for pattern in (".github/workflows/*.yml", "examples/*/.github/workflows/*.yml")
        for path in sorted(ROOT.glob(pattern))
    ),
]


def steps_of(workflow: dict[str, Any], uses: str) -> Iterator[dict[str, Any]]:
    """The steps and jobs that use something."""
    for job in workflow["jobs"].values():
        yield from (each for each in (job, *job.get("steps", ())) if uses in each.get("uses", ""))


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_has_a_language_that_is_checked(block: Block) -> None:
    assert block.language in {"yaml", "json", "sh", *SHOWN}


@pytest.mark.parametrize("block", of_language("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", CONFIGURATIONS, ids=str)
def test_a_configuration_is_one_that_the_engine_takes(block: Block, tmp_path: Path) -> None:
    try:
        load_file(block.text, tmp_path)
    except Invalid as error:
        pytest.fail(f"{block}\n{error}", pytrace=False)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_gives_the_action_what_it_takes(
    workflow: dict[str, Any], tmp_path: Path
) -> None:
    for step in steps_of(workflow, ACTION):
        given = {name: without_expressions(str(v)) for name, v in step.get("with", {}).items()}
        known = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
        assert given.keys() <= known.keys()
        environ = {name: without_expressions(v) for name, v in step.get("env", {}).items()}
        if "function" in given:
            load_inputs(given, environ, tmp_path)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_gives_the_reusable_one_what_it_takes(workflow: dict[str, Any]) -> None:
    path = ROOT / ".github" / "workflows" / "deploy.yml"
    reusable = _named(yaml.safe_load(path.read_text(encoding="utf-8")))
    known = reusable["on"]["workflow_call"]["inputs"]
    for job in steps_of(workflow, REUSABLE):
        given = job.get("with", {}).keys()
        assert given <= known.keys()
        assert {name for name, item in known.items() if item.get("required")} <= given


def test_workflows_have_githubs_own_shape(tmp_path: Path) -> None:
    for number, each in enumerate(WORKFLOWS):
        text = yaml.safe_dump(each.values[0])
        (tmp_path / f"{number}-{str(each.id).replace('/', '-')}.yml").write_text(text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    files = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run(
        [*command, "vendor.github-workflows", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout

"""The action's face and the engine's inputs are the same list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs import action_yml
from lambda_fast_deploy.config.inputs import INPUTS, Input
from lambda_fast_deploy.models import Outcome, Plan
from lambda_fast_deploy.report.documents import outputs

ROOT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
STEP = next(step for step in STEPS if step.get("id") == "deploy")


def test_every_input_of_the_engine_is_one_of_the_action() -> None:
    described = {name: item["description"] for name, item in ACTION["inputs"].items()}
    described.pop("working-directory")
    assert described == {item.name: item.text for item in INPUTS}


def test_a_new_input_is_described_and_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    more = Input("owner", "Team: who is asked", default="nobody")
    monkeypatch.setattr(action_yml, "INPUTS", (*INPUTS, more))
    made = yaml.safe_load(action_yml.page(action_yml.PAGE.read_text(encoding="utf-8")))
    says = {"description": "Team: who is asked; default: nobody", "default": ""}
    assert made["inputs"] == ACTION["inputs"] | {"owner": says}
    (step,) = (step for step in made["runs"]["steps"] if step.get("id") == "deploy")
    assert step["env"] == STEP["env"] | {"INPUT_OWNER": "${{ inputs.owner }}"}


def test_every_input_crosses_through_the_environment_and_none_through_the_script() -> None:
    for item in INPUTS:
        variable = f"INPUT_{item.name.upper().replace('-', '_')}"
        assert STEP["env"][variable] == f"${{{{ inputs.{item.name} }}}}"
    assert all("${{" not in step.get("run", "") for step in STEPS)


def test_the_variables_of_githubs_cache_cross_by_their_own_names() -> None:
    nested = yaml.safe_load((ROOT / "github-cache/action.yml").read_text(encoding="utf-8"))
    handed = {item["description"]: name for name, item in nested["outputs"].items()}
    crossing = {name: value for name, value in STEP["env"].items() if name.startswith("ACTIONS_")}
    assert crossing == {
        variable: f"${{{{ steps.cache.outputs.{name} }}}}" for variable, name in handed.items()
    }
    script = (ROOT / "github-cache/main.cjs").read_text(encoding="utf-8")
    assert set(re.findall(r"process\.env\.(ACTIONS_\w+)", script)) == set(handed)


def test_every_output_of_the_engine_is_one_of_the_action() -> None:
    made = outputs(Outcome(Plan(()), ()), "report.json")
    assert {
        name: f"${{{{ steps.{STEP['id']}.outputs.{name} }}}}" for name in made
    } == {name: item["value"] for name, item in ACTION["outputs"].items()}  # fmt: skip

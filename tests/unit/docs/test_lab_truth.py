"""What is known of AWS is held by tests, and who differs from it is answered."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from docs import lab_truth
from docs.lab_truth import Fact
from lab.recorded import check, is_answer

FACTS = lab_truth.facts()
RECORDED = lab_truth.recorded()


def names_in(path: Path) -> set[str]:
    """The names of the tests in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_a_fact_has_its_source_and_probes_that_exist(fact: Fact) -> None:
    assert fact.behaviour.endswith(".")
    assert fact.source
    assert fact.probe
    for probe in fact.probe:
        path, _, name = probe.partition("::")
        assert name in names_in(lab_truth.ROOT / path), probe
    for module in filter(None, fact.lab.split(", ")):
        assert (lab_truth.ROOT / "lab" / "emulator" / module).exists(), module


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_who_differs_is_answered_and_nobody_else(fact: Fact) -> None:
    differ = {each.whose for each in lab_truth.opinions() if lab_truth.differing(each, fact)}
    assert fact.settled.keys() == differ - {"aws"}  # which is right by itself


def test_the_facts_of_each_group_are_all_there() -> None:
    for group, last in (("A", 12), ("B", 13), ("C", 12)):
        numbers = [int(f.name[1:]) for f in FACTS if re.fullmatch(rf"{group}\d+", f.name)]
        assert numbers == list(range(1, last + 1))


def test_each_recorded_answer_is_about_a_fact() -> None:
    assert {each["fact"] for each in RECORDED} <= {fact.name for fact in FACTS}
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", each["date"]) for each in RECORDED)


def test_an_answer_is_held_against_its_recording(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '{"a.py::T::t": {"recorded-date": "25-11-2025, 02:38:35", '
        '"recorded-content": {"error": {"Message": "no function 7"}}}}'
    )
    answer = {"file": "a.json", "test": "T::t", "at": "error/Message", "is": "no function *"}
    assert check(answer, tmp_path) == ("", "2025-11-25")
    wrong, date = check({**answer, "is": "no alias *"}, tmp_path)
    assert (wrong, date) == ("it is 'no function 7'", "2025-11-25")
    assert check({**answer, "at": "error/Code"}, tmp_path)[0].startswith("it is not there")
    assert check({**answer, "file": "b.json"}, tmp_path)[0].startswith("it is not there")
    assert is_answer("{'a': 1, 'b': '*'}", {"b": "x", "a": 1})


def test_the_page_tells_every_fact_with_what_others_say() -> None:
    page = lab_truth.page()
    for fact in FACTS:
        assert f"| {fact.name} | {fact.behaviour} | {fact.source} |" in page
    assert "not settled yet" not in page

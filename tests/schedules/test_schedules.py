"""Two runs at a time, in orders that are chosen and not met by luck."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.schedules.case import Case, Switch
from tests.schedules.conftest import ONE, Count, Result, carry_out
from tests.schedules.named import NAMED
from tests.schedules.play import Player
from tests.schedules.selection import Group, groups


def told(result: Result) -> str:
    """A failing schedule, and how it is repeated."""
    why = "\n".join(f"  {failure}" for failure in result.failures)
    again = f'make schedules SCHEDULE="{result.case}"'
    return f"{result.case}\n{why}\n  again: {again}\n{result.story}"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("group", groups(), ids=str)
def test_a_pair(group: Group, counts: dict[Group, Count]) -> None:
    results = [each.result() for each in counts[group].results]
    failed = [result for result in results if result and result.failures]
    if failed:
        pytest.fail("\n".join(map(told, failed)), pytrace=False)


@pytest.mark.parametrize("case", [ONE] if ONE else NAMED.values(), ids=[ONE] if ONE else NAMED)
def test_a_schedule(case: str, player: Player) -> None:
    result = carry_out(player, Case.parse(case))
    assert result
    if result.failures:
        pytest.fail(told(result), pytrace=False)
    print(result.story)


@pytest.mark.parametrize("group", groups(), ids=str)
def test_a_schedule_is_what_its_words_say(group: Group) -> None:
    for case in group.runs():
        switched = replace(case, switches=(Switch("A", 3), Switch("B", 12)))
        assert Case.parse(str(switched)) == switched

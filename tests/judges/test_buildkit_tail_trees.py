"""BuildKit judges replaced images of seeded trees, before and after changes."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.images.tail_layers import UncertainLayer
from tests.judges.oci import OciImage, build, differences
from tests.judges.test_buildkit_tails import recipe_of, replaced
from tests.judges.trees import Case

pytestmark = [pytest.mark.docker, pytest.mark.timeout(3600)]
TREES, CHANGES, SHARE = 350, 3, 12


def judged(root: Path, seed: int) -> tuple[Counter[str], list[str]]:
    """How the changes of one tree came out, and what was wrong."""
    case = Case(root, seed)
    counts: Counter[str] = Counter()
    wrong = []
    donor = build(root)
    if not isinstance(donor, OciImage):
        return Counter({"trees that are not built": 1}), []
    stem = recipe_of(root).stem
    for number in range(CHANGES):
        what = case.change(number)
        after = build(root, no_cache=True)  # its cache may not see another mode of a folder
        if not isinstance(after, OciImage):
            counts["not built"] += 1
            continue
        try:
            recipe = recipe_of(root)
            if recipe.stem != stem:
                raise UncertainLayer("another stem")
            image = replaced(donor, recipe)
        except (UncertainLayer, Invalid):
            counts["built as before"] += 1
            continue
        counts["replaced"] += 1
        lost = differences(image.files, after.files)
        lost += [] if image.run == after.run and image.history == after.history else ["attributes"]
        wrong += [f"{seed}/{number}: {what}: {each}" for each in lost]
    return counts, wrong


def test_replaced_trees_equal_builds(tmp_path: Path, thorough: bool, told: list[str]) -> None:
    seeds = range(TREES if thorough else SHARE)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda seed: judged(tmp_path / f"tree-{seed}", seed), seeds))
    counts = sum((each for each, _ in found), Counter[str]())
    shown = ", ".join(f"{number} {what}" for what, number in counts.items())
    told.append(f"BuildKit as judge of replaced trees: {shown}")
    wrong = [line for _, lines in found for line in lines]
    assert not wrong, "\n".join(wrong)
    assert counts["replaced"] >= (300 if thorough else 5)

"""BuildKit judges replaced images of seeded trees, before and after changes."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.images.tail_layers import UncertainLayer
from tests.judges.oci import Files, OciImage, build, differences
from tests.judges.test_buildkit_tails import recipe_of, replaced
from tests.judges.trees import Case

pytestmark = [pytest.mark.docker, pytest.mark.timeout(3600)]
TREES, CHANGES, SHARE = 350, 3, 12


def _counted(files: Files) -> Files:
    """Files with the permissions that count: others alone do not make an image new."""
    return {path: (each[0], each[1] & 0o105, *each[2:]) for path, each in files.items()}


def judged(root: Path, seed: int) -> tuple[Counter[str], list[str]]:
    """How the changes of one tree came out, and what was wrong."""
    case = Case(root, seed)
    counts: Counter[str] = Counter()
    wrong = []
    donor = build(root)
    if not isinstance(donor, OciImage):
        return Counter({"trees that are not built": 1}), []
    stem, fingerprint = recipe_of(root).stem, recipe_of(root).fingerprint
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
        is_new = recipe.fingerprint != fingerprint
        seen = [each.files if is_new else _counted(each.files) for each in (image, after)]
        lost = differences(*seen)
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

"""BuildKit judges fingerprints: what it builds otherwise must have another one.

Each case is built by the real BuildKit before and after a change. Compared are names, types, the
targets of links, contents, and of modes what others may do.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.images.recipe import of_base
from tests.judges.trees import Case
from tests.unit import make

pytestmark = pytest.mark.docker
TREES, CHANGES, SHARE = 1_050, 4, 30
MORE = 0.10  # of the cases may count more than is needed


def built(case: Case) -> list[tuple[str, ...]] | str:
    """What BuildKit makes of a case, or its words."""
    command = ["docker", "buildx", "build", "--output=type=tar,dest=-", "--progress=plain"]
    done = subprocess.run([*command, str(case.root)], capture_output=True, check=False)
    if done.returncode:
        return done.stderr.decode(errors="replace")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        return sorted(told_of(tar, each) for each in tar)


def told_of(tar: tarfile.TarFile, each: tarfile.TarInfo) -> tuple[str, ...]:
    """Name, type, what others may do, and content or target of an entry."""
    if each.islnk():  # to the same content elsewhere
        target = tar.getmember(each.linkname)
        return (each.name, "0", *told_of(tar, target)[2:])
    if each.isfile():
        file = tar.extractfile(each)
        assert file
        return (each.name, "0", f"{each.mode & 0o5:o}", file.read().decode())
    mode = "" if each.issym() else f"{each.mode & 0o5:o}"
    return (each.name, each.type.decode(), mode, each.linkname)


def fingerprint(case: Case) -> str:
    """The engine's, or why there is none."""
    try:
        return of_base(make.base(dockerfile=case.dockerfile, context=case.root)).fingerprint
    except Invalid as error:
        return f"refused: {error}"


def judged(root: Path, seed: int) -> tuple[Counter[str], list[str]]:
    """How the cases of one tree came out, and what was lost."""
    case = Case(root, seed)
    counts: Counter[str] = Counter()
    lost = []
    before, print_before = built(case), fingerprint(case)
    refused = print_before.startswith("refused")
    if refused and not isinstance(before, str):
        lost.append(f"{seed}: {print_before}, and BuildKit builds it")
    if isinstance(before, str):
        return Counter({"trees that are not built": 1}), lost
    for number in range(CHANGES):
        what = case.change(number)
        after, print_after = built(case), fingerprint(case)
        failed = isinstance(before, str) and isinstance(after, str)
        is_other = not failed and before != after
        is_seen = print_before != print_after
        if is_other and not is_seen:
            lost.append(f"{seed}/{number}: {what} is not seen")
        counts["not built"] += failed
        counts["cases"] += not failed
        counts["changed"] += is_other
        counts["counted in vain"] += is_seen and not is_other and not failed
        before, print_before = after, print_after
    return counts, lost


def test_no_change_of_an_image_is_lost(tmp_path: Path, thorough: bool, told: list[str]) -> None:
    seeds = range(TREES if thorough else SHARE)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda seed: judged(tmp_path / f"tree-{seed}", seed), seeds))
    counts = sum((each for each, _ in found), Counter[str]())
    shown = ", ".join(f"{number} {what}" for what, number in counts.items())
    told.append(f"BuildKit as judge: {shown} ({counts['counted in vain'] / counts['cases']:.1%})")
    lost = [line for _, lines in found for line in lines]
    assert lost == []
    assert counts["cases"] >= (2_000 if thorough else 60)
    if thorough:  # a share is too small to tell
        assert counts["counted in vain"] <= MORE * counts["cases"]
    assert counts["changed"] >= counts["cases"] / 4  # or the changes are none


test_no_change_of_an_image_is_lost = pytest.mark.timeout(3600)(test_no_change_of_an_image_is_lost)

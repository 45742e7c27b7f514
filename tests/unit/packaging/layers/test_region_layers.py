"""Layers: divided, pruned, and what is wrong with them told by name."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.layers.requirements import requirements
from lambda_fast_deploy.models import Architecture, Layer, PruningRules
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.layers.layer_build import build_layer
from lambda_fast_deploy.packaging.layers.native_code import check_binaries
from lambda_fast_deploy.packaging.layers.pruning import prune
from lambda_fast_deploy.packaging.layers.wheels import InstalledPackage, divide
from tests.unit import make


def dist(name: str, *needs: str, files: tuple[str, ...] = ()) -> InstalledPackage:
    return InstalledPackage(name, "1.0", files or (f"{name}/__init__.py",), needs)


def layer(**changes: Any) -> Layer:
    return make.layer(name="stack", **changes)


def divided(split: dict[str, tuple[str, ...]], *found: InstalledPackage) -> dict[str, list[str]]:
    parts = divide(layer(split=split), {one.name: one for one in found})
    return {part: [one.name for one in held] for part, held in parts.items()}


# ---------------------------------------------------------------- parts


def test_each_package_is_in_one_part_with_what_it_needs_and_the_first_has_it() -> None:
    found = [
        dist("numpy"),
        dist("pandas", "numpy", "python-dateutil"),
        dist("python-dateutil", "six"),
        dist("six"),
        dist("boto3", "botocore"),
        dist("botocore", "python-dateutil", "urllib3"),
        dist("urllib3"),
        dist("idna"),
    ]
    split = {"core": ("NumPy", "pandas"), "aws": ("boto3",), "web": ()}
    assert divided(split, *found) == {
        "stack-core": ["numpy", "pandas", "python-dateutil", "six"],
        "stack-aws": ["boto3", "botocore", "urllib3"],
        "stack-web": ["idna"],
    }


def test_without_a_split_one_layer_holds_all() -> None:
    assert divided({}, dist("six"), dist("idna")) == {"stack": ["idna", "six"]}


@pytest.mark.parametrize(
    ("split", "says"),
    [
        ({"core": ("six",)}, "layer stack has no part for idna"),
        ({"core": ("six", "attrs"), "rest": ()}, "layer stack-core names attrs, which"),
    ],
)
def test_a_package_without_a_part_and_a_part_without_its_package_are_named(
    split: dict[str, tuple[str, ...]], says: str
) -> None:
    with pytest.raises(BuildFailed, match=says):
        divided(split, dist("six"), dist("idna"))


def test_a_file_in_two_parts_is_named_with_both_packages() -> None:
    one = dist("google-auth", files=("google/__init__.py",))
    other = dist("google-api", files=("google/__init__.py",))
    with pytest.raises(BuildFailed, match=r"google-auth .layer stack-a. and google-api"):
        divided({"a": ("google-auth",), "b": ("google-api",)}, one, other)


# ---------------------------------------------------------------- pruning


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "python"
    for name in (
        "scipy/__init__.py",
        "scipy/stats/__init__.py",
        "scipy/stats/tests/test_a.py",
        "scipy/stats/_b.pyi",
        "scipy/optimize/__init__.py",
        "scipy/optimize/tests/test_o.py",
        "mine/tests/__init__.py",
        "boto3/docs/__init__.py",
        "numpy/_core/tests/__init__.py",
        "numpy/_core/tests/_natype.py",
        "numpy/_core/tests/test_x.py",
        "botocore/data/s3/2006/service-2.json",
        "botocore/data/s3/2006/examples-1.json",
        "botocore/data/ec2/2016/service-2.json",
        "botocore/data/endpoints.json",
        "six-1.dist-info/METADATA",
        "six-1.dist-info/RECORD",
        "six-1.dist-info/WHEEL",
        "six-1.dist-info/licenses/LICENSE",
        "bin/tool",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def left(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


def test_the_safe_profile_takes_what_no_import_needs(tree: Path, tmp_path: Path) -> None:
    before = left(tree)
    pruned = prune(tree, tmp_path / "aside", PruningRules("safe", services=("s3",)))
    assert before - left(tree) == {
        "scipy/stats/tests/test_a.py",
        "scipy/stats/_b.pyi",
        "scipy/optimize/tests/test_o.py",
        "numpy/_core/tests/test_x.py",
        "botocore/data/s3/2006/examples-1.json",
        "botocore/data/ec2/2016/service-2.json",
        "six-1.dist-info/RECORD",
        "six-1.dist-info/WHEEL",
        "bin/tool",
    }
    for path in list(pruned.removed):
        pruned.restore(path)
    assert before - left(tree) == {"six-1.dist-info/RECORD", "bin/tool"}


def test_what_is_to_be_kept_or_removed_goes_before_the_profile(tree: Path, tmp_path: Path) -> None:
    rules = PruningRules("safe", remove=("mine/tests",), keep=("scipy/stats/tests/*",))
    prune(tree, tmp_path / "aside", rules)
    assert "scipy/stats/tests/test_a.py" in left(tree)
    assert not (tree / "mine/tests").exists()


def test_no_profile_takes_only_what_names_folders_of_this_machine(
    tree: Path, tmp_path: Path
) -> None:
    (tree / "six-1.dist-info/direct_url.json").write_text("{}")
    before = left(tree)
    prune(tree, tmp_path / "aside", PruningRules("none"))
    assert before - left(tree) == {"six-1.dist-info/direct_url.json"}


@pytest.mark.parametrize("profile", ["safe", "aggressive"])
def test_programs_and_lists_of_files_stay_where_they_are_to_be_kept(
    tree: Path, tmp_path: Path, profile: Any
) -> None:
    prune(tree, tmp_path / "aside", PruningRules(profile, keep=("bin/*", "*/RECORD")))
    assert {"bin/tool", "six-1.dist-info/RECORD"} <= left(tree)


def test_nothing_is_taken_out_by_guess_where_imports_cannot_be_tried(
    tree: Path, tmp_path: Path
) -> None:
    before = left(tree)
    rules = PruningRules("aggressive", remove=("boto3/docs",))
    prune(tree, tmp_path / "aside", rules, has_import_check=False)
    gone = before - left(tree)
    assert "scipy/stats/tests/test_a.py" in gone  # as measured
    assert "boto3/docs/__init__.py" in gone  # as named
    assert not gone & {"scipy/stats/_b.pyi", "scipy/optimize/__init__.py", "mine/tests/__init__.py"}


def test_a_folder_can_be_seen_as_it_was_before(tree: Path, tmp_path: Path) -> None:
    before = left(tree)
    pruned = prune(tree, tmp_path / "aside", PruningRules("aggressive"))
    again = tree / next(iter(before - left(tree)))
    again.parent.mkdir(parents=True, exist_ok=True)
    again.write_text("made anew")
    pruned.before(tmp_path / "whole")
    assert left(tmp_path / "whole") == before


def test_the_aggressive_profile_takes_folders_whole_and_each_comes_back(
    tree: Path, tmp_path: Path
) -> None:
    pruned = prune(tree, tmp_path / "aside", PruningRules("aggressive"))
    assert not (tree / "scipy/optimize").exists()
    assert not (tree / "mine/tests").exists()
    assert (tree / "boto3/docs").exists()
    pruned.restore("scipy/optimize")
    assert (tree / "scipy/optimize/__init__.py").is_file()


# ---------------------------------------------------------------- native code


def elf(machine: int, *symbols: str) -> bytes:
    return b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + " ".join(symbols).encode()


@pytest.mark.parametrize(
    ("runtime", "content", "says"),
    [
        ("python3.13", elf(183), "fast 1.0 in layer stack is not for x86_64"),
        ("python3.11", elf(62, "GLIBC_2.28"), "needs glibc 2.28; python3.11 has 2.26"),
        ("python3.13", elf(62, "GLIBC_2.35"), "needs glibc 2.35; python3.13 has 2.34"),
        ("python3.13", elf(62, "GLIBC_2.34", "GLIBC_2.17"), ""),
        ("python3.11", b"#!/bin/sh", ""),
    ],
)
def test_native_code_that_the_runtime_cannot_load_is_refused_by_name(
    tmp_path: Path, runtime: str, content: bytes, says: str
) -> None:
    (tmp_path / "_fast.so").write_bytes(content)
    found = [dist("fast", files=("_fast.so",))]
    wanted = layer(runtime=Runtime(runtime), architecture=Architecture.X86_64)
    if not says:
        check_binaries(wanted, tmp_path, found)
        return
    with pytest.raises(BuildFailed, match=says):
        check_binaries(wanted, tmp_path, found)


# ---------------------------------------------------------------- requirements


def test_a_list_says_the_same_in_any_order() -> None:
    assert requirements(("six", "idna  == 3")) == requirements(("idna == 3", "six"))


def test_a_project_is_what_it_asks_for_and_what_its_lock_settles(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text("[project]\n")
    before = requirements(project)
    (tmp_path / "uv.lock").write_text("version = 1\n")
    assert requirements(project) != before


# ---------------------------------------------------------------- size


@pytest.mark.parametrize("file", ["huge/data.bin", "huge/native.so"])
def test_a_package_that_unpacks_to_too_much_is_told_before_it_is_read(
    tmp_path: Path, file: str
) -> None:
    wheel = tmp_path / "huge-1.0-py3-none-any.whl"
    about = {
        "METADATA": "Metadata-Version: 2.1\nName: huge\nVersion: 1.0\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": f"huge/__init__.py,,\n{file},,\nhuge-1.0.dist-info/RECORD,,\n",
    }
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        zipped.writestr("huge/__init__.py", "")
        with zipped.open(file, "w", force_zip64=True) as large:
            for _ in range(300):
                large.write(bytes(10**6))
        for name, text in about.items():
            zipped.writestr(f"huge-1.0.dist-info/{name}", text)
    tracemalloc.start()
    try:
        with pytest.raises(BuildFailed) as caught:
            build_layer(make.layer(name="stack", requirements=(f"huge @ {wheel.as_uri()}",)))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "layer stack is 300.0 MB unzipped; the limit is 262.1 MB" in caught.value.message
    assert "Largest packages: huge 300.0 MB" in caught.value.remedy
    assert most < 30 * 10**6

"""Which modules of a layer are imported, and what of their failures comes of pruning."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from lambda_fast_deploy.config.sections.layers import default_layer
from lambda_fast_deploy.models import Architecture
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.layers import import_check
from lambda_fast_deploy.packaging.layers.pruning import PrunedFolder
from lambda_fast_deploy.packaging.layers.wheels import InstalledPackage

MACHINE = Architecture.ARM64 if platform.machine() in ("aarch64", "arm64") else Architecture.X86_64
LAYER = default_layer("own", (), Runtime(f"python3.{sys.version_info.minor}"), MACHINE)


def write(root: Path, files: dict[str, str]) -> list[InstalledPackage]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return [InstalledPackage("own", "1", tuple(files), ())]


def test_every_module_is_meant_but_tests_and_programs(tmp_path: Path) -> None:
    names = (
        *(
            "a/__init__.py",
            "a/b.py",
            "a/c/d/_e.py",
            "one.py",
            "_native.cpython-311-x86_64-linux-gnu.so",
        ),
        *("a/fast.abi3.so", "a/__main__.py", "a/tests/test_b.py", "bin/run.py", "a/not-one.py"),
        *("own-1.dist-info/x.py", "a/data.json"),
    )
    found = write(tmp_path, dict.fromkeys(names, ""))
    expected = {"a", "a.b", "a.c.d._e", "a.fast", "one", "_native"}
    assert set(import_check.modules_of(tmp_path, found)) == expected


ENDS = {
    "good.py": "",
    "raises.py": "raise ValueError('why')",
    "leaves.py": "import sys\nsys.exit(3)",
    "ends.py": "import os\nos._exit(3)",
    "crashes.py": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "prints.py": "print('[]')\nprint('[\"good\", \"no\"]')",
    "z_last.py": "raise KeyError('last')",
}


@pytest.mark.parametrize("processors", [1, 3])
def test_one_that_ends_the_interpreter_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: processors)
    modules = import_check.modules_of(tmp_path, write(tmp_path, ENDS))
    assert import_check.failures(LAYER, tmp_path, modules) == {
        "raises": "ValueError: why",
        "leaves": "SystemExit: 3",
        "ends": "the interpreter ended",
        "crashes": "the interpreter ended",
        "z_last": "KeyError: 'last'",
    }


def test_only_what_an_import_misses_comes_back(tmp_path: Path) -> None:
    root = tmp_path / "python"
    found = write(
        root,
        {
            "a/__init__.py": "",
            "a/uses.py": "import a.inner",
            "a/inner.py": "",
            "a/reads.py": "from pathlib import Path\nPath(__file__).with_name('b.txt').read_text()",
            "a/b.txt": "",
            "a/far/c.txt": "",
            "a/deep/__init__.py": "",
            "a/deep/asks.py": "import a.deep.inner\nassert hasattr(a.deep.inner, 'VALUE')",
            "a/deep/inner.py": "import os\nif os.path.exists(__file__[:-8] + 'd.txt'): VALUE = 1",
            "a/deep/d.txt": "",
            "a/unused.py": "",
            "a/optional.py": "import what_nobody_has",
            "a/broken.py": "raise ValueError",
        },
    )
    pruned = PrunedFolder(root, tmp_path / "aside")
    for path in ("a/inner.py", "a/unused.py"):
        pruned.take_out(path)
    modules = import_check.modules_of(root, found)
    failed = import_check.restore(LAYER, root, pruned, modules)
    assert set(failed) == {"a.optional", "a.broken"}
    assert set(pruned.removed) == {"a/unused.py"}
    for path in ("a/b.txt", "a/far/c.txt", "a/deep/d.txt"):
        pruned.take_out(path)
    failed = import_check.restore(LAYER, root, pruned, modules)
    assert set(failed) == {"a.optional", "a.broken"}
    # An error names the first, and the last lies nearest to the module that fails without it.
    assert set(pruned.removed) == {"a/unused.py", "a/far/c.txt"}

"""``make dist``: the engine's dependencies as a release carries them, in ``dist/``.

    python -m tools.dist DIRECTORY            makes the directory anew
    python -m tools.dist --check DIRECTORY    fails where it holds anything else than would be made

It is made of the hashed lock, always for the same platform, and holds only what is the same on
every one: so its bytes depend on nothing but this repository. What is compiled is left out (PyYAML
and charset-normalizer go without); the rest runs on every Python that the engine supports.

``dist/`` is committed on release tags only (``git add --force dist``) and ignored elsewhere: on
main the lock is what counts, and what is made of it would only be one more thing to keep in step.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from lambda_fast_deploy.adapters.process import run
from lambda_fast_deploy.adapters.uv import uv
from lambda_fast_deploy.models import PruningRules
from lambda_fast_deploy.packaging.layers.pruning import files_below, prune

LOCK = Path(__file__).resolve().parents[1] / "requirements/engine.txt"
PLATFORM = ("--python-version=3.11", "--python-platform=x86_64-manylinux2014")
PRUNING = PruningRules(
    "safe",
    # Those that the adapters call, and those that botocore itself asks for credentials.
    services=(
        "cloudformation",
        "cloudwatch",
        "ecr",
        "iam",
        "lambda",
        "logs",
        "resourcegroupstaggingapi",
        "s3",
        "sts",
        "signin",
        "sso",
        "sso-oidc",
    ),
    remove=(
        "**/*.so",
        "_yaml",  # the way to PyYAML's compiled half
        "tests",  # of actions-toolkit
        "boto3/data",  # of resources, which the engine does not use
        "boto3/examples",
        "botocore/cacert.pem",  # certifi's is used
    ),
)


def content(folder: Path) -> dict[str, bytes]:
    """Every file that a release carries, by its path below ``dist/``; a folder to work in is given.

    Raises:
        BuildFailed: the lock cannot be installed.
    """
    root = folder / "python"
    target = [f"--target={root}", f"--requirements={LOCK}", "--only-binary=:all:", *PLATFORM]
    how = ["--quiet", "--no-config", "--no-deps", "--require-hashes", "--no-compile-bytecode"]
    run([uv(), "pip", "install", *target, *how], what="uv")
    prune(root, folder / "aside", PRUNING)
    return {file: (root / file).read_bytes() for file in files_below(root)}


def write(files: dict[str, bytes], target: Path) -> None:
    """Make a folder anew, with the same modes whatever the umask."""
    shutil.rmtree(target, ignore_errors=True)
    for name, data in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o644)
    for below in (target, *(path for path in target.rglob("*") if path.is_dir())):
        below.chmod(0o755)


def differences(files: dict[str, bytes], target: Path) -> list[str]:
    """Where a folder holds anything else, for people."""
    there = set(files_below(target))
    return [
        *(f"missing: {name}" for name in sorted(files.keys() - there)),
        *(f"not of it: {name}" for name in sorted(there - files.keys())),
        *(
            f"changed: {name}"
            for name in sorted(files.keys() & there)
            if (target / name).read_bytes() != files[name]
        ),
    ]


def main() -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.dist")
    parser.add_argument("--check", action="store_true", help="compare and change nothing")
    parser.add_argument("directory", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = content(Path(folder))
    if not options.check:
        write(files, options.directory)
        size = sum(map(len, files.values()))
        print(f"{options.directory}: {len(files)} files, {size / 1e6:.1f} MB")
        return 0
    found = differences(files, options.directory)
    print("\n".join(found) or f"{options.directory} is what the lock makes", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

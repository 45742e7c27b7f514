"""Coverage-guided runs on what reads input, by Atheris: ``make fuzz``.

A run begins with the repository's own files and goes on from what runs before have found, in
``.lab/fuzz``, which nobody commits. What ends a run is kept there as ``crash-…``; it becomes a
case of the property tests, or a unit test, when it is mended.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris
import yaml

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".lab" / "fuzz"
SECONDS = 60  # of each target

sys.path.insert(0, str(ROOT))
tests = importlib.import_module("tests")
tests.__path__ = [str(ROOT / "tests")]  # a dependency has installed a package of that name

del yaml.CSafeLoader  # PyYAML's own parser is Python, which can be followed
with atheris.instrument_imports(include=["lambda_fast_deploy", "yaml", "tomllib"]):
    from lambda_fast_deploy.config.keys import json_schema
    from tests.input import targets

_FILES = sorted(targets.READERS)
TARGETS: dict[str, tuple[Callable[[Path, bytes], object], tuple[str, ...]]] = {
    "configuration": (targets.configuration, ("**/lambda-deploy.yml",)),
    "template": (targets.template, ("**/template.yaml",)),
    "samconfig": (targets.samconfig, ("**/samconfig.toml",)),
    "event": (
        lambda root, data: targets.event(root, data, {"GITHUB_EVENT_NAME": "merge_group"}),
        ("tests/pages/package-lock.json",),
    ),
    "inputs": (
        lambda root, data: targets.inputs(root, _lines(data)),
        ("action.yml",),
    ),
    "files": (
        lambda root, data: targets.files(root, _FILES[len(data) % len(_FILES)], data),
        ("Dockerfile.*", "**/requirements.txt"),
    ),
}


def _lines(data: bytes) -> dict[str, str]:
    """Inputs, one ``name=value`` each, apart by a zero byte."""
    pairs = (line.partition("=") for line in data.decode("utf-8", "replace").split("\0"))
    return {"function": "f"} | {name.strip(): value for name, _, value in pairs}


def _words() -> set[str]:
    """The words of the grammar, and what YAML is made of."""
    found: set[str] = {"${ROLE}", "<<: *a", "&a ", "*a", "!!bool ", "!Ref ", "Resources", "Type"}

    def collect(value: object) -> None:
        if isinstance(value, dict):
            found.update(value.get("properties", {}), map(str, value.get("enum", [])))
        for each in value.values() if isinstance(value, dict) else ():
            collect(each)

    collect(json_schema())
    return found


def main() -> None:
    """Run the target that the first argument names, for as many seconds as the second says."""
    name, seconds = sys.argv[1], (sys.argv[2:] or [str(SECONDS)])[0]
    read, seeds = TARGETS[name]
    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    words = KEPT / "words"
    words.write_text("".join(f"{json.dumps(word, ensure_ascii=True)}\n" for word in _words()))
    for pattern in seeds:
        for number, path in enumerate(sorted(ROOT.glob(pattern))):
            if ".lab" not in path.parts:
                (folder / f"seed-{number}-{path.name}").write_bytes(path.read_bytes()[:4096])
    with tempfile.TemporaryDirectory() as project:
        targets.write_project(Path(project))
        options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=4096"]
        options += [f"-dict={words}", f"-artifact_prefix={KEPT}/crash-{name}-", "-verbosity=0"]
        options += ["-print_final_stats=1", "-max_len=4096"]
        atheris.Setup([sys.argv[0], *options, str(folder)], lambda data: read(Path(project), data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()

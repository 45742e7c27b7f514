"""Plans every template below a folder, and counts what is right, what is refused, and why.

    python -m bench.corpora DIR [--json FILE]

The folder has checkouts of repositories that nobody of this project has written, one in each of its
folders. Nothing of them is run: templates are read, and their artifacts are found and packaged, as
``plan`` does it. A template is *good* if it is planned and nothing local is left in its packaged
form, or if it is refused for a fault of its own or for a language that must be compiled.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.environment import for_tools
from lambda_fast_deploy.adapters.process import output_of
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.archive import archive
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.artifacts import Artifact
from lambda_fast_deploy.stacks.code_builds import LocalArtifact
from lambda_fast_deploy.stacks.image_requests import images_of
from lambda_fast_deploy.stacks.local_artifacts import parts_of
from lambda_fast_deploy.stacks.package import package, text_of
from lambda_fast_deploy.stacks.parameter_constraints import problem_with
from lambda_fast_deploy.stacks.parameters import parameters_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import Template, read_template

_NAMES = re.compile(r".*\.(ya?ml|json|template)")
_OURS = re.compile(r"AWS::(Serverless|Lambda)::|Fn::ForEach")
_SKIPPED = frozenset({"node_modules", ".git", "{{cookiecutter.project_name}}"})
_LARGEST = 2_000_000  # bytes of a template
# Keys whose values name files (AWS CLI command reference, "cloudformation package").
_FILE_KEY = re.compile(r"(Uri|URL|Location|Code|Content|Package|Bundle)$")
_PATH = re.compile(r"(?!.*://).{1,200}")
_GUESSES = (
    *("abc", "example.com", "team@example.com", "https://example.com", "123456789012", "1"),
    *(
        "arn:aws:iam::123456789012:role/abc",
        "vpc-12345678",
        "us-east-1",
        "10.0.0.0/16",
        "Abc12345!",
    ),
)
# The start of a refusal, and whose fault it is.
_REFUSALS = (
    (re.compile(r"a build .* is not supported"), "language"),
    (re.compile(r"image .* is on this machine"), "image"),
    (re.compile(r".* does not exist|\w+ must be (a path|a text|known)|\w+ must not"), "template"),
    (re.compile(r".* is not a zip|.* is local, which|an image needs ImageUri"), "template"),
    (re.compile(r"handler |Architectures must name one|.* needs Transform: "), "template"),
    (
        re.compile(r"not valid|is not a template|resource .* has no Type|.* must be a mapping"),
        "template",
    ),
    (re.compile(r"parameter .* has no value|parameter .*: "), "parameters"),
)


@dataclass(frozen=True, slots=True)
class Examined:
    """A template and the verdict on it.

    ``verdict`` is planned, template, language, image, parameters, other, left (something local is
    left in the packaged template) or traceback. ``runtimes`` are those of its functions, and
    ``installs`` is how many of its artifacts have requirements.
    """

    path: str
    verdict: str
    reason: str
    runtimes: tuple[str, ...]
    installs: int = 0


GOOD = ("planned", "template", "language", "image", "parameters")


def templates(folder: Path) -> Iterator[Path]:
    """The templates below a folder that have functions or loops."""
    for path in sorted(folder.rglob("*")):
        if _SKIPPED & set(path.parts) or not _NAMES.fullmatch(path.name) or not path.is_file():
            continue
        if path.stat().st_size > _LARGEST:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if re.search(r"^\s*[\"']?Resources[\"']?\s*:", text, re.MULTILINE) and _OURS.search(text):
            yield path


def examined(path: Path, root: Path) -> Examined:
    """The verdict on a template."""
    name, runtimes = str(path.relative_to(root)), tuple[str, ...]()
    try:
        template = read_template(path)
        stack = Stack(path, "corpus", parameters=guessed(template))
        resources = Resources(template, stack.parameters)
        runtimes = tuple(
            sorted({_runtime(each, f) for each in resources.every for f in each.functions})
        )
        parts = parts_of(resources)
        body = _packaged(stack, resources, parts)
    except Invalid as error:
        return Examined(name, _verdict(error), str(error.problems[0]), runtimes)
    except Exception:
        return Examined(name, "traceback", traceback.format_exc(limit=-3), runtimes)
    if left := sorted(_left(body, path.parent)):
        return Examined(name, "left", "; ".join(left), runtimes)
    installs = sum(each.requirements is not None for each in parts)
    return Examined(name, "planned", "", runtimes, installs)


def guessed(template: Template) -> dict[str, str]:
    """A value for every parameter without a default."""
    values = {}
    for name, parameter in template.parameters.items():
        if isinstance(parameter, dict) and "Default" not in parameter:
            allowed = parameter.get("AllowedValues") or ()
            pad = "a" * int(parameter.get("MinLength") or 0)
            for guess in (*map(str, allowed), *_GUESSES, str(parameter.get("MinValue", 1)), pad):
                values[name] = guess
                if not problem_with(guess, parameter, is_hidden=False):
                    break
    return values


def _runtime(resources: Resources, function: str) -> str:
    return str(resources.of_function(function, "Runtime", "image"))


def _packaged(
    stack: Stack, resources: Resources, parts: Iterable[LocalArtifact]
) -> Mapping[str, Any]:
    images = images_of(resources, stack)
    parameters_of(resources.template, stack, None)
    empty, bucket = archive({}, compress=False), Bucket(Aws(), "us-east-1", "corpus")
    artifacts = [Artifact(each, empty, "", "lambda-fast-deploy/0.zip") for each in parts]
    uris = {each.name: "123456789012.dkr.ecr.us-east-1.amazonaws.com/a" for each in images}
    packaged = package(stack, resources, artifacts, bucket, uris)
    resources_of: Mapping[str, Any] = json.loads(text_of(packaged.body))["Resources"]
    return resources_of


def _verdict(error: Invalid) -> str:
    for pattern, verdict in _REFUSALS:
        if all(pattern.match(each.message) for each in error.problems):
            return verdict
    kinds = {v for each in error.problems for p, v in _REFUSALS if p.match(each.message)}
    is_known = all(any(p.match(each.message) for p, _ in _REFUSALS) for each in error.problems)
    return sorted(kinds)[0] if is_known else "other"


def _left(value: Any, folder: Path, key: str = "") -> Iterator[str]:
    """The values of a packaged template that still name files of the folder."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name not in ("Metadata", "Environment", "InlineCode", "ZipFile"):
                yield from _left(each, folder, str(name))
    elif isinstance(value, list):
        for each in value:
            yield from _left(each, folder, key)
    elif isinstance(value, str) and _FILE_KEY.search(key) and _PATH.fullmatch(value):
        yield from [f"{key}: {value}"] if (folder / value).exists() else []


def _commit(folder: Path) -> str:
    """The commit of a checkout; empty if the folder is none."""
    command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    is_checkout = (folder / ".git").exists()
    return output_of(command, folder, 10, for_tools()) or "" if is_checkout else ""


def main() -> int:
    """Print a table of all verdicts, and every template that is not good."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    root = options.folder.resolve()
    every = [examined(path, root) for path in templates(root)]
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in every], indent=1))
    counts = Counter((each.path.partition("/")[0], each.verdict) for each in every)
    verdicts = sorted({verdict for _, verdict in counts})
    print("| repository | commit | templates |", " | ".join(verdicts), "| good |")
    print("| --- | --- |", " | ".join("---" for _ in (*verdicts, 0, 0)), "|")
    for name in sorted({name for name, _ in counts}):
        numbers = [counts[name, verdict] for verdict in verdicts]
        good = sum(counts[name, verdict] for verdict in GOOD)
        print(
            f"| {name} | {_commit(root / name)} | {sum(numbers)} |",
            " | ".join(map(str, numbers)),
            f"| {good} |",
        )
    for each in every:
        if each.verdict not in GOOD:
            print(f"{each.path}: {each.verdict}: {each.reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Deploys templates of corpora on the lab, twice each; the second deploy must change nothing.

    python -m lab --without-docker -- python -m bench.corpora_deployed DIR [--most N] [--json FILE]

The templates are those of `bench.corpora` that can be planned, and have neither images nor custom
resources, which would run their code. Those without requirements come first. A configuration is
written into each repository, and removed again.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import boto3

from bench.corpora import examined, guessed, templates
from bench.corpora_tries import counted, options_of
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.stacks.template import read_template

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
LASTING = 90  # seconds of one deploy
# What the lab refuses, or what a template expects in the account.
_OF_LAB = ("Unrecognized resource types", "Unsupported resource type", "not yet supported")


@dataclass(frozen=True, slots=True)
class Deployed:
    """A template and its two deploys.

    ``verdict`` is deployed, changed (the second deploy changed something), lab or failed.
    """

    path: str
    verdict: str
    reason: str = ""


def deployed(path: Path, root: Path, name: str) -> Deployed:
    """Deploy a template twice, and delete its stack."""
    repository = root / path.relative_to(root).parts[0]
    config = repository / f"{name}.yml"
    shown = str(path.relative_to(root))
    try:
        parameters = guessed(read_template(path))
    except Invalid as error:
        return Deployed(shown, "failed", str(error))
    stack: dict[str, Any] = {"template": str(path.relative_to(repository)), "name": name}
    stack |= {"parameters": parameters, "capabilities": CAPABILITIES}
    artifacts = {"bucket": "corpora-{region}", "create": True}
    config.write_text(json.dumps({"stack": stack, "artifacts": artifacts}))
    try:
        first = _deploy(config)
        if first.returncode:
            said = [line for line in first.stdout.splitlines() if line.startswith("error:")]
            reason = said[0] if said else first.stdout[-300:]
            is_of_lab = any(each in reason for each in _OF_LAB)
            return Deployed(shown, "lab" if is_of_lab else "failed", reason)
        before = len(_mutating())
        second = _deploy(config)
        calls = _mutating()[before:]
        if second.returncode or calls:
            return Deployed(shown, "changed", f"{second.returncode} {calls}")
        return Deployed(shown, "deployed")
    except subprocess.TimeoutExpired:
        return Deployed(shown, "failed", "did not end in time")
    finally:
        config.unlink()
        boto3.client("cloudformation").delete_stack(StackName=name)


def _deploy(config: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lambda_fast_deploy", "deploy", "--config", config.name]
    return subprocess.run(
        command,
        cwd=config.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LASTING,
        check=False,
    )


def _mutating() -> list[str]:
    """The operations of the lab's log that change something."""
    lines = Path(os.environ["LAB_REQUESTS"]).read_text().splitlines()
    calls: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [f"{each['service']}:{each['operation']}" for each in calls if each["mutating"]]


def main() -> int:
    """Deploy, and print every verdict and a table of them."""
    options = options_of(__doc__)
    root = options.folder.resolve()
    planned = [
        (path, verdict.installs)
        for path in templates(root)
        if (verdict := examined(path, root)).verdict == "planned"
        and verdict.runtimes
        and "image" not in verdict.runtimes
        and not re.search(r"Custom::|CustomResource", path.read_text(errors="replace"))
    ]
    Random(0).shuffle(planned)  # noqa: S311  which templates, not a secret
    planned.sort(key=lambda pair: pair[1])
    chosen = enumerate(planned[: options.most])
    tries = (deployed(path, root, f"corpus-{number}") for number, (path, _) in chosen)
    return 1 if counted(tries, options.json)["changed"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""Unchanged and code-only deploys of a stack, against the SAM CLI; each is a shell script."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from bench.rounds import FEW, OURS, Against, Way, measure, table
from bench.subject import ENGINE, RUNTIME, SAM, SAM_CREATE, SYNC, Subject
from bench.tools import listing
from lab.layout import REPOSITORY

EXAMPLE = REPOSITORY / "examples/stack"
DEPLOY = "sam build --cached, sam deploy"
CODE_ONLY = f"{OURS} --code-only"


def _subject(folder: Path, script: str, create: str) -> Subject:
    subject = Subject(folder, EXAMPLE, "invoices/app.py", script, {})
    subject.change("template.yaml", "python3.11", RUNTIME)
    subject.change("lambda-deploy.yml", "name: shop", f"name: {subject.name}")
    without_image(subject.root)
    subject.create(create, resource="Invoices")
    return subject


def without_image(root: Path) -> None:
    """Take the function out of a copy of the example whose image only Docker can build."""
    template, config = root / "template.yaml", root / "lambda-deploy.yml"
    text = template.read_text()
    template.write_text(re.sub(r"  Receipts:\n(?: {4}.*\n)+\n", "", text))
    config.write_text(config.read_text().replace("    Receipts: [receipt]\n", ""))


def section() -> list[str]:
    """Measure; the section of the results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tool, sam = _subject(folder, ENGINE, ENGINE), _subject(folder, SAM, SAM_CREATE)
        sync = _subject(folder, SYNC, SAM_CREATE)
        code_only = _subject(folder, f"{ENGINE} --code-only", ENGINE)
        unchanged = measure(Way(OURS, tool.after_touch), Way(DEPLOY, sam.after_touch, FEW))
        changed = measure(
            Way(OURS, tool.after_edit),
            Way(DEPLOY, sam.after_edit, FEW),
            Way("sam sync --code", sync.after_edit, FEW),
            Way(CODE_ONLY, code_only.after_edit),
        )
    return [
        "## Stacks",
        "",
        "The stack is that of [examples/stack](../examples/stack) without its image: three "
        "functions, three layers, an API and a bucket. The change is one line of one function. "
        "lambda-fast-deploy tests all three functions after a change, and adds alarms and log "
        "groups. With `--code-only`, it updates the function without CloudFormation, as `sam sync"
        " --code` does, and tests the function that changed. Goal: 4 times as fast. The emulator "
        "applies a change at once. CloudFormation on AWS takes longer, with every tool.",
        "",
        *table("no change", unchanged, [Against(DEPLOY, 1 / 4)]),
        "",
        *table(
            "one function's code",
            changed,
            [
                Against(DEPLOY, 1 / 4),
                Against("sam sync --code", 1 / 4),
                Against("sam sync --code", 1 / 4, ours=CODE_ONLY),
            ],
        ),
        "",
        *listing(
            {OURS: ENGINE, CODE_ONLY: f"{ENGINE} --code-only", DEPLOY: SAM, "sam sync --code": SYNC}
        ),
    ]

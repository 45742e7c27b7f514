"""The demo: both examples deployed, changed, deployed unchanged, and broken, on this machine.

Run by ``make demo``. It prints what the engine prints; what it claims, it checks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
BUCKET = "demo-objects"


def say(text: str) -> None:
    """Print a line, at once."""
    print(text, flush=True)


class Example:
    """One example in a folder of its own, deployed again and again."""

    def __init__(self, name: str, function: str, source: str, folder: Path) -> None:
        self.function = function
        self._root = folder / name
        self._source = self._root / source
        self._report = folder / f"{name}.json"
        shutil.copytree(EXAMPLES / name, self._root)

    def edit(self, old: str, new: str) -> None:
        """Change one thing in the code."""
        text = self._source.read_text()
        if old not in text:
            raise SystemExit(f"demo: {old!r} is not in {self._source}")
        self._source.write_text(text.replace(old, new))

    def deploy(self, title: str, expected: int = 0, message: str = "") -> dict[str, str]:
        """Run the engine as a user would; what became of the function."""
        say(f"\n=== {title}\n$ lambda-fast-deploy deploy")
        begun = time.monotonic()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "lambda_fast_deploy", "deploy"),
                *("--report", str(self._report), "--commit-message", message or title),
            ],
            cwd=self._root,
            check=False,
        )
        say(f"exit {done.returncode} after {time.monotonic() - begun:.1f} s")
        if done.returncode != expected:
            raise SystemExit(f"demo: expected exit {expected}, got {done.returncode}")
        report = json.loads(self._report.read_text())
        delivery: dict[str, str] = report["functions"][0]
        return delivery

    def ask(self, url: str) -> str:
        """What users get at the function URL."""
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=30) as answer:
            text: str = answer.read().decode()
        say(f"$ curl {url.rstrip('/')}/health\n{text}")
        return text


def expect(truth: bool, claim: str) -> None:
    """Check what the demo claims."""
    if not truth:
        raise SystemExit(f"demo: not true: {claim}")
    say(f"  shown: {claim}")


def walk(example: Example, kind: str) -> None:
    """First deploy, a code change, no change, and a version that fails its health check."""
    name = example.function
    first = example.deploy(f"{name}: first deploy ({kind})")
    expect("hello" in example.ask(first["url"]), f"version {first['version']} answers")

    example.edit('"hello"', '"good day"')
    second = example.deploy(f"{name}: one line of code changed")
    expect("good day" in example.ask(second["url"]), f"version {second['version']} answers")

    third = example.deploy(f"{name}: nothing changed")
    expect(third["outcome"] == "unchanged", "nothing was built, nothing was changed")

    example.edit('"status": "ok"', '"status": "broken"')
    broken = example.deploy(f"{name}: a version whose health check fails", expected=1)
    expect(broken["outcome"] == "rolled-back", "the failed version was rolled back")
    expect(
        "good day" in example.ask(second["url"]),
        f"{broken['alias']} still serves version {second['version']}",
    )


def main() -> int:
    """Run the whole demo; 0 when everything it claims is true."""
    os.environ["LAMBDA_ROLE"] = os.environ["LAB_ROLE_ARN"]
    os.environ["BUCKET"] = BUCKET
    with tempfile.TemporaryDirectory() as folder:
        walk(Example("zip-layers", "orders", "src/app.py", Path(folder)), "zip and a layer")
        if os.environ.get("LAB_DOCKER"):
            make_bucket(BUCKET)
            walk(Example("image-api", "image-api", "app/main.py", Path(folder)), "container image")
        else:
            say("\nThe container image half is left out: there is no Docker engine here.")
    say("demo: ok")
    return 0


def make_bucket(name: str) -> None:
    """The bucket that image-api keeps its objects in."""
    import boto3

    boto3.client("s3").create_bucket(Bucket=name)


if __name__ == "__main__":
    sys.exit(main())

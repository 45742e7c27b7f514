"""Ten situations, produced on the lab; docs/pages has the page of each."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from bench.stacks import without_image

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs/pages"
SMALL = """\
functions:
{functions}
tests:
  health: {{http: /health, json: {{status: ok}}, within: 8s}}
"""
FUNCTION = """\
  {name}:
    zip: {{code: {code}, handler: app.handler, runtime: python3.11}}
    role: {role}
    url: public
    tests: [health]
"""
GOOD = """\
import json, time
time.sleep({seconds})
def handler(event, context):
    if event["rawPath"] == "/orders" and {broken}:
        raise ValueError("no such order")
    return {{"statusCode": 200, "body": json.dumps({{"status": "{status}"}})}}
"""


class Stage:
    """A user's repository on the lab."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.role = os.environ["LAB_ROLE_ARN"]

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def app(self, folder: str = "src", **values: object) -> None:
        """Write the function's code."""
        values = {"status": "ok", "broken": False, "seconds": 0.1} | values
        self.write(f"{folder}/app.py", GOOD.format(**values))

    def deploy(self, event: str = "push", *options: str, **environment: str) -> str:
        """Deploy as a workflow does, and return the page."""
        page = self.root.parent / "page.md"
        page.unlink(missing_ok=True)
        subprocess.run(
            [
                sys.executable,
                "-m",
                "lambda_fast_deploy",
                "deploy",
                "--commit-message",
                "change",
                *options,
            ],
            cwd=self.root,
            env={
                **os.environ,
                "GITHUB_ACTIONS": "true",
                "GITHUB_EVENT_NAME": event,
                "GITHUB_ACTOR": "octocat",
                "GITHUB_SHA": "3f2a9c1d0b7e4c55a1f0e2d3c4b5a69788776655",
                "GITHUB_STEP_SUMMARY": str(page),
                "RUNNER_TEMP": str(self.root.parent),
                "LAMBDA_ROLE": self.role,
                **environment,
            },
            check=False,
            capture_output=True,
        )
        return page.read_text(encoding="utf-8")


def example(stage: Stage) -> dict[str, str]:
    """A function with a layer, from its first deploy on."""
    shutil.copytree(ROOT / "examples/zip-layers", stage.root)
    app = stage.root / "src/app.py"
    code = app.read_text(encoding="utf-8")
    pages = {"first-deploy": stage.deploy()}
    for number in range(4):
        app.write_text(f"{code}\n# change {number}\n", encoding="utf-8")
        pages["code-only"] = stage.deploy()
    pages["no-change"] = stage.deploy()
    app.write_text(code.replace('"status": "ok"', '"status": "broken"'), encoding="utf-8")
    pages["failed-health-check"] = stage.deploy()
    app.write_text(f"{code}\n# reviewed\n", encoding="utf-8")
    pages["pull-request"] = stage.deploy("pull_request")
    return pages


def canary(stage: Stage) -> dict[str, str]:
    """A version that fails for some of its calls."""
    text = FUNCTION.format(name="orders", code="src", role=stage.role)
    text += "    canary: {weight: 20%, for: 10s, max-error-rate: 1%}\n"
    stage.write("lambda-deploy.yml", SMALL.format(functions=text))
    stage.app()
    first = stage.deploy()
    found = re.search(r"\[open\]\((http[^)]+)\)", first)
    assert found, first
    stage.app(broken=True)
    over = threading.Event()

    def users() -> None:
        while not over.wait(0.05):
            try:
                urllib.request.urlopen(f"{found[1].rstrip('/')}/orders", timeout=5).close()
            except OSError:
                continue

    threading.Thread(target=users, daemon=True).start()
    page = stage.deploy()
    over.set()
    return {"failed-canary": page}


def forty(stage: Stage) -> dict[str, str]:
    """Forty functions, of which three change; one of these fails its test."""
    names = [f"service-{number:02}" for number in range(40)]
    folders = {
        name: f"src/{name}" if number < 3 else "src/common" for number, name in enumerate(names)
    }
    functions = "".join(
        FUNCTION.format(name=name, code=folders[name], role=stage.role) for name in names
    )
    stage.write("lambda-deploy.yml", SMALL.format(functions=functions))
    for folder in set(folders.values()):
        stage.app(folder, seconds=0)
    stage.deploy()
    for number, folder in enumerate(sorted(set(folders.values()) - {"src/common"})):
        stage.app(folder, seconds=0.01, status="ok" if number else "broken")
    return {"forty-functions": stage.deploy()}


def regions(stage: Stage) -> dict[str, str]:
    """Two regions, of which one refuses."""
    functions = FUNCTION.format(name="orders", code="src", role=stage.role)
    stage.write(
        "lambda-deploy.yml", f"regions: [eu-west-1, us-west-2]\n{SMALL.format(functions=functions)}"
    )
    stage.app()
    stage.deploy()
    stage.app(seconds=0.2)
    refusal = json.dumps(
        {"__type": "CodeStorageExceededException", "message": "Code storage limit exceeded."}
    )
    rule = {"operation": "PublishVersion", "signed": "/us-west-2/", "status": 400, "body": refusal}
    _faults([rule])
    page = stage.deploy()
    _faults([])
    return {"one-region-failed": page}


def stack(stage: Stage) -> dict[str, str]:
    """A stack whose code and template change, and then only code, without CloudFormation."""
    shutil.copytree(ROOT / "examples/stack", stage.root)
    without_image(stage.root)
    stage.deploy(BUCKET="shop-artifacts")
    invoices, template = stage.root / "invoices/app.py", stage.root / "template.yaml"
    code = invoices.read_text(encoding="utf-8")
    invoices.write_text(code.replace('"total"', '"currency": "EUR", "total"'), encoding="utf-8")
    text = template.read_text(encoding="utf-8").replace("MemorySize: 256", "MemorySize: 512")
    topic = "  News:\n    Type: AWS::SNS::Topic\n\n  Invoices:\n"
    template.write_text(text.replace("  Invoices:\n", topic), encoding="utf-8")
    pages = {"stack": stage.deploy(BUCKET="shop-artifacts")}
    invoices.write_text(code.replace('"total"', '"currency": "CHF", "total"'), encoding="utf-8")
    pages["stack-code-only"] = stage.deploy("push", "--code-only", BUCKET="shop-artifacts")
    return pages


def _faults(rules: list[dict[str, object]]) -> None:
    address = f"{os.environ['AWS_ENDPOINT_URL']}/_lab/faults"
    body = json.dumps(rules).encode()
    urllib.request.urlopen(urllib.request.Request(address, body, method="PUT")).close()


Situation = Callable[[Stage], dict[str, str]]
SITUATIONS: tuple[Situation, ...] = (example, canary, forty, regions, stack)


def shown(page: str) -> str:
    """A page with function URLs of AWS instead of those of the lab."""
    return re.sub(
        r"http://127\.0\.0\.1:\d+/_aws/lambda-url/(\w+)/?",
        r"https://\1.lambda-url.us-east-1.on.aws/",
        page,
    )


def main() -> None:
    """Produce all situations, and write their pages."""
    PAGES.mkdir(exist_ok=True)
    for situation in SITUATIONS:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            for name, page in situation(Stage(Path(folder) / "repository")).items():
                (PAGES / f"{name}.md").write_text(shown(page), encoding="utf-8")
        print(f"{situation.__name__}: {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()

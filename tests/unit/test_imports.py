"""A run imports what it needs: what images and layers need is dear to those who have none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lambda_fast_deploy.fingerprints.archive import code_archive
from tests.markdown import ROOT
from tests.unit import make

# Modules that a run with nothing but zips does not need.
OF_OTHERS = (
    "lambda_fast_deploy.fingerprints.images",
    "lambda_fast_deploy.fingerprints.layers",
    "lambda_fast_deploy.packaging.images.region_images",
    "lambda_fast_deploy.stacks",
    "lambda_fast_deploy.doctor",
    "lambda_fast_deploy.rollback",
    "lambda_fast_deploy.adapters.docker_engine",
    "lambda_fast_deploy.adapters.buildx",
    "docker",
    "tarfile",
    "tomllib",
)
CONFIG = """\
functions:
  orders: {zip: {code: src, handler: app.handler, runtime: python3.13}, url: public}
"""
ALIAS = {"AliasArn": f"{make.ARN}:live", "Name": "live", "FunctionVersion": "7", "RevisionId": "a"}
URL = {"FunctionArn": make.ARN, "FunctionUrl": "https://orders.example/", "AuthType": "NONE"}
OPEN = {
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": f"lambda:{action}"}
        for action in ("InvokeFunctionUrl", "InvokeFunction")
    ]
}


class _Lambda(BaseHTTPRequestHandler):
    """Lambda's API with one function that has all that is wanted of it."""

    sha256 = ""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        function = {
            "FunctionArn": make.ARN,
            "Version": "7" if query else "$LATEST",
            "CodeSha256": self.sha256,
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Role": make.ROLE,
        }
        answers = {
            "orders": {"Configuration": function, "Code": {}},
            "live": ALIAS,
            "url": URL,
            "policy": {"Policy": json.dumps(OPEN)},
        }
        body = json.dumps(answers[path.rpartition("/")[2]]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout whose function is deployed."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text("def handler(event, context):\n    return {}\n")
    (tmp_path / "lambda-deploy.yml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def endpoint(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where Lambda answers."""
    monkeypatch.setattr(_Lambda, "sha256", code_archive(project / "src", ["app.py"]).sha256)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Lambda) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_deploy_of_zips_imports_nothing_of_images_and_layers(
    project: Path, endpoint: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-m", "lambda_fast_deploy", "deploy"],
        cwd=project,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": make.REGION,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ran.stderr.splitlines()
    imported = {line.split("|")[-1].strip() for line in lines if line.startswith("import time:")}
    said = "\n".join(line for line in lines if not line.startswith("import time:"))
    assert ran.returncode == 0, said
    assert "nothing to do" in said
    assert {"lambda_fast_deploy.deploy", "lambda_fast_deploy.adapters.aws.session"} <= imported
    needless = {
        name for name in imported if any(f"{name}.".startswith(f"{other}.") for other in OF_OTHERS)
    }
    assert not needless


def test_reading_a_configuration_imports_neither_http_nor_clients_of_aws() -> None:
    code = "import sys, lambda_fast_deploy.cli.context; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "engine")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"urllib3", "http.client", "botocore", "docker"} & set(ran.stdout.split())

"""Zip functions: where they run, and how their errors are told."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.lab.making import Function, archive

SIMPLE = "def handler(event, context):\n    return 'fine'\n"


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("import uvicorn\n" + SIMPLE, "Runtime.ImportModuleError", "No module named"),
        ("def handler(:\n", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("x = 1\n", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("raise RuntimeError('at import')\n", "RuntimeError", "at import"),
        ("import os\nos._exit(3)\n", "Runtime.ExitError", ""),
        ("def handler(e, c):\n    raise KeyError('inside')\n", "KeyError", "'inside'"),
    ],
)
def test_an_error_is_told_with_its_aws_type(
    function: Function, source: str, kind: str, message: str
) -> None:
    function.create(archive({"app.py": source}))
    error, answer = function.call()
    assert error == "Unhandled"
    assert answer["errorType"] == kind
    assert message in answer["errorMessage"]


def test_a_task_that_takes_too_long_is_ended(function: Function) -> None:
    function.create(
        archive({"app.py": "import time\ndef handler(e, c):\n    time.sleep(5)\n"}), Timeout=1
    )
    began = time.monotonic()
    error, answer = function.call()
    assert 1 <= time.monotonic() - began < 3
    assert error == "Unhandled"
    assert answer["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(
        r"RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds",
        answer["errorMessage"],
    )


def test_boto3_is_there_and_reaches_this_aws(function: Function, bucket: Any) -> None:
    bucket.put_object(Key="greeting", Body=b"hello")
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        f"    found = boto3.client('s3').get_object(Bucket='{bucket.name}', Key='greeting')\n"
        "    return found['Body'].read().decode()\n"
    )
    function.create(archive({"app.py": source}))
    assert function.call() == (None, "hello")


def test_a_layer_with_a_native_wheel_works(function: Function, tmp_path: Path) -> None:
    uv = Path(sys.executable).parent / "uv"
    subprocess.run(
        [
            str(uv) if uv.exists() else "uv",
            "pip",
            "install",
            "--quiet",
            "--python-version",
            "3.11",
            "--python-platform",
            "x86_64-manylinux2014",
            "--only-binary",
            ":all:",
            "--target",
            str(tmp_path),
            "markupsafe",
        ],
        check=True,
    )
    files = {
        f"python/{file.relative_to(tmp_path)}": file.read_bytes()
        for file in tmp_path.rglob("*")
        if file.is_file()
    }
    assert any(name.endswith(".so") for name in files)
    layer = function.api.publish_layer_version(
        LayerName=function.name, Content={"ZipFile": archive(files)}
    )
    source = (
        "from markupsafe import _speedups\n"
        "def handler(event, context):\n"
        "    return _speedups.__file__\n"
    )
    function.create(archive({"app.py": source}), Layers=[layer["LayerVersionArn"]])
    error, answer = function.call()
    assert error is None, answer
    assert answer.endswith(".so")


def test_nothing_of_the_caller_leaks_into_functions(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "1")
    source = (
        "import os, sys\n"
        "def handler(event, context):\n"
        "    try:\n"
        "        import lambda_fast_deploy\n"
        "    except ImportError:\n"
        "        return [name for name in os.environ if 'SECRET_OF' in name]\n"
        "    return 'the repository is on the path'\n"
    )
    function.create(archive({"app.py": source}))
    assert function.call() == (None, [])


def test_what_a_handler_streams_is_the_answer_as_it_is(function: Function) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html"""
    source = """
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: event.status });
  stream.write("a");
  stream.write("b");
  stream.end();
});
"""
    function.create(archive({"app.js": source}), Runtime="nodejs20.x")
    for _ in range(2):
        answer = function.api.invoke(FunctionName=function.name, Payload=b'{"status": 503}')
        assert answer["Payload"].read() == b'{"statusCode":503}' + bytes(8) + b"ab"
        assert "FunctionError" not in answer


def test_a_failed_start_is_in_the_log_and_has_no_request(function: Function) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    function.create(archive({"app.py": "import os\nX = os.environ['GONE']\n"}))
    answer = function.api.invoke(FunctionName=function.name, Payload=b"{}", LogType="Tail")
    told = json.loads(answer["Payload"].read())
    assert (told["errorType"], told["requestId"]) == ("KeyError", "")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert re.search(r"^INIT_REPORT .*\tStatus: error\tError Type: KeyError", log, re.MULTILINE)

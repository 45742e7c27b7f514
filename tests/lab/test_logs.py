"""The log of an invocation, as Invoke answers its tail and as CloudWatch Logs keeps it."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import boto3
import pytest

from tests.lab.making import Function, archive

PYTHON = """
import time
time.sleep(0.3)
def handler(event, context):
    print("said", event.get("word"))
    time.sleep(event.get("seconds", 0))
    if event.get("word") == "broken":
        raise KeyError("broken")
    return context.aws_request_id
"""
NODEJS = """
const began = Date.now();
while (Date.now() - began < 300);
exports.handler = async (event, context) => {
  console.log("said", event.word);
  if (event.word === "broken") throw new TypeError("broken");
  return context.awsRequestId;
};
"""
REPORT = re.compile(
    r"REPORT RequestId: (?P<id>[0-9a-f-]{36})\tDuration: (?P<duration>\d+\.\d\d) ms\t"
    r"Billed Duration: (?P<billed>\d+) ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\t"
    r"(Init Duration: (?P<init>\d+\.\d\d) ms\t)?"
)


def tail(function: Function, **event: Any) -> tuple[list[str], re.Match[str], Any]:
    """Invoke with LogType=Tail; return the log's lines, its REPORT and the answer."""
    payload = json.dumps(event)
    answer = function.api.invoke(FunctionName=function.name, LogType="Tail", Payload=payload)
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    report = REPORT.fullmatch(lines[-1])
    assert report, lines
    return lines, report, json.loads(answer["Payload"].read())


@pytest.mark.parametrize(
    ("runtime", "files"),
    [("python3.11", {"app.py": PYTHON}), ("nodejs20.x", {"app.js": NODEJS})],
)
def test_the_first_call_tells_its_init(
    function: Function, runtime: str, files: dict[str, str]
) -> None:
    function.create(archive(files), Runtime=runtime)
    lines, report, told = tail(function, word="one")
    assert lines[0] == f"START RequestId: {told} Version: $LATEST"
    assert lines[1:-1] == ["said one", f"END RequestId: {told}"]
    assert report["id"] == told
    assert float(report["init"]) >= 300
    assert float(report["duration"]) < 200
    lines, report, told = tail(function, word="two")
    assert lines[1:-1] == ["said two", f"END RequestId: {told}"]
    assert report["init"] is None


@pytest.mark.parametrize(
    ("runtime", "files", "error"),
    [
        ("python3.11", {"app.py": PYTHON}, "[ERROR] KeyError: 'broken'"),
        ("nodejs20.x", {"app.js": NODEJS}, "[ERROR] TypeError: broken"),
    ],
)
def test_an_error_is_in_the_tail_and_keeps_the_environment(
    function: Function, runtime: str, files: dict[str, str], error: str
) -> None:
    function.create(archive(files), Runtime=runtime)
    for _ in range(2):
        lines, report, told = tail(function, word="broken")
        assert lines[1:3] == ["said broken", error]
        assert told["errorType"] in error
    assert report["init"] is None


def test_the_init_of_a_broken_module_is_in_the_tail(function: Function) -> None:
    function.create(archive({"app.py": "print('here')\nimport nonesuch\n"}))
    lines, _, told = tail(function)
    assert "here" in lines
    assert f"[ERROR] Runtime.ImportModuleError: {told['errorMessage']}" in lines


def test_times_are_those_of_the_handler(function: Function) -> None:
    function.create(archive({"app.py": PYTHON}))
    _, report, _ = tail(function, seconds=0.2)
    assert 200 <= float(report["duration"]) < 400
    assert int(report["billed"]) - 1 < float(report["duration"]) <= int(report["billed"])


def test_a_task_that_timed_out_leaves_a_log_and_no_environment(function: Function) -> None:
    function.create(archive({"app.py": PYTHON}), Timeout=1)
    lines, report, told = tail(function, word="slow", seconds=5)
    assert told["errorType"] == "Sandbox.Timedout"
    assert "said slow" in lines
    assert lines[-3].endswith(f"{report['id']} Task timed out after 1.00 seconds")
    assert report["duration"] == "1000.00"
    assert tail(function)[1]["init"] is not None


def test_the_tail_is_the_last_4_kb(function: Function) -> None:
    source = "def handler(e, c):\n    for n in range(1000):\n        print('line', n)\n"
    function.create(archive({"app.py": source}))
    answer = function.api.invoke(FunctionName=function.name, LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert len(log) == 4096
    assert "line 999\nEND " in log


def test_no_tail_unless_asked_for(live: Function) -> None:
    assert "LogResult" not in live.api.invoke(FunctionName=live.name)


def test_cloudwatch_keeps_the_same_lines(function: Function) -> None:
    function.create(archive({"app.py": PYTHON}))
    lines, _, _ = tail(function, word="one")
    group = f"/aws/lambda/{function.name}"
    events = boto3.client("logs").filter_log_events(logGroupName=group)["events"]
    assert [event["message"] for event in events] == lines


def reported(function: Function, qualifier: str = "$LATEST") -> tuple[list[str], dict[str, Any]]:
    """Invoke with LogType=Tail; the other lines, and the record of platform.report, if any."""
    answer = function.api.invoke(
        FunctionName=function.name, Qualifier=qualifier, LogType="Tail", Payload=b"{}"
    )
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    found = [json.loads(line) for line in lines if "platform.report" in line]
    return lines, found[0]["record"] if found else {}


def test_a_log_in_json_reports_in_json(function: Function) -> None:
    function.create(archive({"app.py": PYTHON}), LoggingConfig={"LogFormat": "JSON"})
    lines, record = reported(function)
    assert json.loads(lines[0])["type"] == "platform.start"
    assert record["status"] == "success"
    assert record["metrics"]["initDurationMs"] >= 300
    assert record["metrics"]["durationMs"] < 200
    assert not any(line.startswith(("START", "END", "REPORT")) for line in lines)
    assert "initDurationMs" not in reported(function)[1]["metrics"]


def test_a_system_level_above_info_reports_nothing(function: Function) -> None:
    logging = {"LogFormat": "JSON", "SystemLogLevel": "WARN"}
    function.create(archive({"app.py": PYTHON}), LoggingConfig=logging)
    assert reported(function) == (["said None"], {})


@pytest.mark.parametrize("form", ["Text", "JSON"])
def test_a_version_with_snapstart_is_restored(function: Function, form: str) -> None:
    function.create(
        archive({"app.py": PYTHON}),
        Runtime="python3.12",
        SnapStart={"ApplyOn": "PublishedVersions"},
        LoggingConfig={"LogFormat": form},
    )
    version = function.api.publish_version(FunctionName=function.name)["Version"]
    function.api.get_waiter("function_active_v2").wait(
        FunctionName=function.name, Qualifier=version, WaiterConfig={"Delay": 1}
    )
    for is_first in (True, False):
        lines, record = reported(function, version)
        told = (
            "restoreDurationMs" in record["metrics"]
            if record
            else "\tRestore Duration: " in lines[-1]
        )
        assert told == is_first
        assert "nit Duration" not in lines[-1]
        assert "initDurationMs" not in lines[-1]

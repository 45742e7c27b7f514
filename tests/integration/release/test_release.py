"""A new version meets its users only when it has proved itself, and there is a way back."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab.making import archive
from tests.support import Project, Users, get, read_until

CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
    url: public
    timeout: 2
    tests: [health]
tests:
  health: {{http: /health, json: {{status: ok}}, faster-than: 2500ms, within: 5s}}
"""
GOOD = """\
import json
VERSION = "{version}"
def handler(event, context):
    return {{"statusCode": 200, "body": json.dumps({{"status": "ok", "version": VERSION}})}}
"""
BAD = {
    "crashes on import": "import nothing_of_that_name\ndef handler(event, context): pass\n",
    "runs into its time-out": "import time\ndef handler(event, context): time.sleep(9)\n",
    "answers 500": "def handler(event, context): return {'statusCode': 500, 'body': 'broken'}\n",
    "answers wrong JSON": "def handler(event, context):\n"
    '    return {"statusCode": 200, "body": "{\\"status\\": \\"bad\\"}"}\n',
    "is too slow": "import time\ndef handler(event, context):\n    time.sleep(2.7)\n"
    '    return {"statusCode": 200, "body": "{\\"status\\": \\"ok\\"}"}\n',
}
BEHIND_THE_URL = """\
def handler(event, context):
    if event["requestContext"]["apiId"] != "lambda-fast-deploy":
        return {"statusCode": 500, "body": "only behind the URL"}
    return {"statusCode": 200, "body": "{\\"status\\": \\"ok\\"}"}
"""


@pytest.fixture
def project(tmp_path: Path, name: str) -> Project:
    made = Project(tmp_path / "project")
    made.write("lambda-deploy.yml", CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    made.write("src/app.py", GOOD.format(version="one"))
    return made


@contextmanager
def serving(run: Any) -> Iterator[Users]:
    """Users of the function that a run has deployed."""
    assert run.code == 0
    with Users(run.function["url"]) as users:
        yield users


def test_users_get_no_error_from_a_version_that_a_test_can_see_to_be_bad(project: Project) -> None:
    with serving(project.deploy()) as users:
        for what, code in BAD.items():
            project.write("src/app.py", code)
            run = project.deploy()
            assert run.code == 1, what
            assert run.function["outcome"] == "rolled-back", what
        project.write("src/app.py", GOOD.format(version="two"))
        assert project.deploy().code == 0
        assert users.answered_now() == (200, {"status": "ok", "version": "two"})
    versions = {json.dumps(body) for _, _, body in users.answers}
    print(f"{len(users.answers)} requests during {len(BAD)} bad deploys and a good one")
    assert len(users.answers) > 200
    assert users.failed == []
    assert versions == {
        '{"status": "ok", "version": "one"}',
        '{"status": "ok", "version": "two"}',
    }


def test_what_breaks_only_behind_the_url_is_over_within_seconds(project: Project) -> None:
    first = project.deploy()
    with serving(first) as users:
        project.write("src/app.py", BEHIND_THE_URL)
        run = project.deploy()
        assert users.answered_now() == (200, {"status": "ok", "version": "one"})
    assert run.code == 1
    assert "GET /health answered 500 instead of 200: only behind the URL" in run.log
    print(f"{len(users.failed)} of {len(users.answers)} failed, for {users.outage:.1f} s")
    assert 0 < users.outage < 8
    assert get(first.function["url"])[1]["version"] == "one"


def test_of_two_deploys_at_once_one_wins_and_both_tell_the_truth(
    project: Project, name: str, aws: Any, tmp_path: Path
) -> None:
    project.deploy()
    other = Project(tmp_path / "other")
    for file in ("lambda-deploy.yml", "src/app.py"):
        other.write(file, (project.root / file).read_text())
    project.write("src/app.py", GOOD.format(version="left"))
    other.write("src/app.py", GOOD.format(version="right"))
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda each: each.deploy(), (project, other)))
    served = aws.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    answer = aws.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    version = json.loads(json.load(answer["Payload"])["body"])["version"]
    winners = [each for each in runs if each.function["outcome"] == "deployed"]
    assert winners
    assert served in {each.function["version"] for each in winners}
    assert version in {"left", "right"}
    for run in runs:
        if run not in winners:
            assert run.code == 1
            assert "another deployment" in run.log.partition("error: ")[2].splitlines()[0]
            assert run.function["version"] in ("1", served)  # it may have ended before the other


# Where one step ends, the next begins.
BOUNDARIES = [
    ("begins", "update configuration"),
    ("ends", "update configuration"),
    ("ends", "update code"),
    ("ends", "publish version"),
    ("begins", "test test"),
    ("ends", "test test"),
    ("ends", "move alias"),
]


@pytest.mark.parametrize(("moment", "step"), BOUNDARIES)
def test_a_cancelled_run_leaves_all_or_nothing(
    project: Project, name: str, aws: Any, step: str, moment: str
) -> None:
    project.deploy()

    def what() -> tuple[Any, ...]:
        latest = aws.get_function_configuration(FunctionName=name)
        alias = aws.get_alias(FunctionName=name, Name="live")
        live = aws.get_function_configuration(FunctionName=name, Qualifier="live")
        both = [(state["CodeSha256"], state["MemorySize"]) for state in (latest, live)]
        return both, alias["FunctionVersion"], alias.get("RoutingConfig")

    before = what()
    project.write("src/app.py", GOOD.format(version="two"))
    project.edit("lambda-deploy.yml", "    timeout: 2", "    timeout: 2\n    memory: 256")
    with project.deploying() as run:
        assert run.stderr is not None
        ended = re.compile(rf"^ +[\d.]+ s {step}")
        for line in run.stderr:
            is_it = ended.match(line) if moment == "ends" else f" {step}" in line and "…" in line
            if is_it or (moment == "begins" and ended.match(line)):
                run.send_signal(signal.SIGTERM)
                break
        log = run.stderr.read()
    after = what()
    both, version, routing = after
    if run.returncode == 0:  # everything was done already
        assert both[0] == both[1] != before[0][0]
        assert version == "2"
    else:
        assert after == before, log
        assert "the run was cancelled" in log
        assert "live still serves version 1" in log
    assert not (routing or {}).get("AdditionalVersionWeights")
    assert project.deploy().code == 0
    assert what()[0][0][1] == 256


def test_rollback_goes_to_the_last_good_release_with_its_layers_and_environment(
    project: Project, name: str, aws: Any
) -> None:
    code = """\
import json, os
RELEASE = "{release}"
def handler(event, context):
    import idna
    status = "bad" if RELEASE.startswith("bad") and os.environ.get("SEEN") else "ok"
    body = {{"status": status, "release": RELEASE, "idna": idna.__version__,
        "colour": os.environ["COLOUR"]}}
    return {{"statusCode": 200, "body": json.dumps(body)}}
"""
    role = os.environ["LAB_ROLE_ARN"]

    def write(which: str, idna: str, colour: str, *, tested: bool) -> None:
        config = CONFIG.format(name=name, role=role).replace("timeout: 2", "timeout: 9")
        config = config.replace("runtime: python3.11}", f"runtime: python3.11, layers: [{name}]}}")
        config += f"layers: {{{name}: {{requirements: [idna=={idna}], runtime: python3.11}}}}\n"
        seen = "" if tested else ", SEEN: '1'"
        env = f"    environment: {{COLOUR: {colour}{seen}}}\n    url: public"
        config = config.replace("    url: public", env)
        if not tested:
            config = config.replace("    tests: [health]\n", "")
        project.write("lambda-deploy.yml", config)
        project.write("src/app.py", code.format(release=which))

    write("first", "3.9", "blue", tested=True)
    assert project.deploy().code == 0
    write("good", "3.10", "green", tested=True)
    good = project.deploy()
    assert good.code == 0
    for number in range(3):
        write(f"bad{number}", "3.9", "red", tested=False)
        assert project.deploy().code == 0
    url = good.function["url"]
    assert get(url)[1]["status"] == "bad"
    assert aws.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "5"

    write("good", "3.10", "green", tested=True)
    planned = project.run("rollback", "--dry-run")
    assert planned.changes == []
    back = project.run("rollback", name)
    assert back.code == 0
    for bad in ("4", "3"):
        assert f"Skipped version {bad}: test health failed" in back.log
    assert get(url)[1] == {"status": "ok", "release": "good", "idna": "3.10", "colour": "green"}
    alias = aws.get_alias(FunctionName=name, Name="live")
    assert alias["FunctionVersion"] == "2"
    assert "after version 1, back from version 5" in alias["Description"]
    latest = aws.get_function_configuration(FunctionName=name)
    live = aws.get_function_configuration(FunctionName=name, Qualifier="2")
    for key in ("CodeSha256", "Environment", "Layers", "MemorySize"):
        assert latest.get(key) == live.get(key), key
    assert latest["Description"] == ""  # a version's own tells of its release

    assert project.run("rollback", name, "--to", "1").code == 0
    assert get(url)[1]["colour"] == "blue"
    for arguments, said in (
        (["--to", "99"], f"version 99 of {name} does not exist"),
        ([], f"version 1 of {name} is the first version"),
    ):
        failed = project.run("rollback", name, *arguments)
        assert failed.code == 1
        assert said in failed.log
    assert project.run("rollback", "nobody").code == 2
    assert get(url)[1]["colour"] == "blue"


def test_versions_beyond_keep_go_but_no_way_back_does(
    project: Project, name: str, aws: Any
) -> None:
    project.edit("lambda-deploy.yml", "    url: public", "    url: public\n    keep: 2")

    def versions() -> list[str]:
        found = aws.list_versions_by_function(FunctionName=name)["Versions"]
        return [each["Version"] for each in found if each["Version"] != "$LATEST"]

    project.deploy()
    aws.create_alias(FunctionName=name, Name="other", FunctionVersion="1")
    for number in range(2, 6):
        project.write("src/app.py", GOOD.format(version=number))
        assert project.deploy().code == 0
    assert versions() == ["1", "4", "5"]  # 1 has an alias of its own
    back = project.run("rollback")
    assert back.function["version"] == "4"


def test_without_an_alias_the_previous_code_comes_back(
    project: Project, name: str, aws: Any
) -> None:
    project.edit("lambda-deploy.yml", "    url: public\n", "    alias: $LATEST\n")
    first = project.deploy()
    assert first.code == 0
    assert "CreateAlias" not in first.changes
    assert "PublishVersion" not in first.changes
    assert project.deploy().changes == []
    before = aws.get_function_configuration(FunctionName=name)["CodeSha256"]
    project.write("src/app.py", BAD["answers 500"])
    project.edit("lambda-deploy.yml", "    timeout: 2", "    timeout: 3")
    bad = project.deploy()
    assert bad.code == 1
    assert bad.function["outcome"] == "rolled-back"
    latest = aws.get_function_configuration(FunctionName=name)
    assert (latest["CodeSha256"], latest["Timeout"]) == (before, 2)
    project.write("src/app.py", GOOD.format(version="two"))
    good = project.deploy()
    assert good.code == 0
    assert [r["operation"] for r in good.requests].count("Invoke") >= 6  # a test, and refreshed
    wrong = project.deploy()
    project.edit("lambda-deploy.yml", "    alias: $LATEST\n", "    alias: $LATEST\n    keep: 2\n")
    wrong = project.deploy()
    assert wrong.code == 2
    assert "requires an alias other than $LATEST" in wrong.log


def test_a_signed_url_a_command_and_another_address_are_tested(
    project: Project, name: str, tmp_path: Path
) -> None:
    project.edit("lambda-deploy.yml", "url: public", "url: iam")
    project.edit("lambda-deploy.yml", "[health]", "[health, smoke, elsewhere]")
    address = f"{os.environ['AWS_ENDPOINT_URL']}/_ministack/health"
    script = 'echo "$FUNCTION_NAME $FUNCTION_VERSION" >> told; test ! -e broken'
    project.write(
        "lambda-deploy.yml",
        (project.root / "lambda-deploy.yml").read_text()
        + f"  smoke: {{command: [sh, -c, '{script}']}}\n  elsewhere: {{http: '{address}'}}\n",
    )
    run = project.deploy()
    assert run.code == 0
    assert (project.root / "told").read_text() == f"{name} 1\n"
    assert f"GET {address} 200" in run.log
    assert get(run.function["url"])[0] == 403  # nobody else is let in

    project.write("broken", "")
    project.write("src/app.py", GOOD.format(version="two"))
    failed = project.deploy()
    assert failed.code == 1
    assert "test smoke failed: sh failed (exit 1)" in failed.log
    assert failed.function["version"] == "1"


def test_how_fast_it_starts_is_measured_compared_and_limited(project: Project, aws: Any) -> None:
    first = project.deploy()
    assert 0 < first.function["speed"]["warm"] < first.function["speed"]["cold"]
    slow = f"import time\ntime.sleep(0.5)\n{GOOD.format(version='slow')}"
    project.write("src/app.py", slow)
    second = project.deploy()
    assert second.function["speed"]["cold"] > 0.5
    assert second.function["speed_before"]["cold"] == pytest.approx(
        first.function["speed"]["cold"], abs=0.001
    )
    config = (project.root / "lambda-deploy.yml").read_text()
    project.write("lambda-deploy.yml", f"{config}budgets: {{cold-start: 600ms}}\n")
    project.write("src/app.py", slow.replace("0.5", "0.8"))
    over = project.deploy()
    assert over.code == 1
    assert "ms to start; the budget is 600 ms" in over.log
    assert over.function["version"] == "2"


def test_only_what_a_run_tests_is_called_and_nothing_is_written_twice(
    project: Project, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    project.edit("lambda-deploy.yml", "[health]", "[rare, order, health]")
    project.edit("lambda-deploy.yml", "    url: public", f"    environment: {{SEEN: '{seen}'}}")
    config = (project.root / "lambda-deploy.yml").read_text()
    project.write(
        "lambda-deploy.yml",
        f"{config}  rare: {{http: /rare, when: {{flag: rare}}}}\n"
        "  order: {http: /order, method: POST}\n",
    )
    project.write(
        "src/app.py",
        "import os\n"
        + GOOD.format(version="one").replace(
            "    return",
            "    print(event['rawPath'], file=open(os.environ['SEEN'], 'a'))\n    return",
        ),
    )
    assert project.deploy().code == 0
    calls = seen.read_text().split()
    assert "/rare" not in calls
    assert calls.count("/order") == 1
    assert calls.count("/health") == 2  # once more, to measure a warm call


def test_a_secret_that_the_function_prints_is_shown_nowhere(
    project: Project, name: str, tmp_path: Path
) -> None:
    secret = f"s3cr3t-{secrets.token_hex(8)}"
    project.edit(
        "lambda-deploy.yml", "    url: public", "    url: public\n    environment: {KEY: '${KEY}'}"
    )
    project.write(
        "src/app.py",
        "import os\ndef handler(event, context):\n"
        "    print(os.environ['KEY'])\n    raise ValueError(os.environ['KEY'])\n",
    )
    summary = tmp_path / "summary.md"
    run = project.deploy(
        KEY=secret,
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_EVENT_NAME="push",
    )
    assert run.code == 1
    assert "ValueError: ***" in run.log
    for text in (run.out, run.log, json.dumps(run.report), summary.read_text()):
        assert secret not in text


def test_configuration_that_was_given_is_set_and_the_rest_is_left(
    project: Project, name: str, aws: Any
) -> None:
    project.edit(
        "lambda-deploy.yml",
        "    url: public\n",
        "    url: public\n    storage: 1024\n    tracing: active\n    tags: {team: orders}\n"
        "    logging: {format: json, level: warn, group: /orders}\n",
    )
    first = project.deploy()
    assert first.code == 0
    assert project.deploy().changes == []

    def state() -> Any:
        return aws.get_function(FunctionName=name, Qualifier="live")["Configuration"]

    assert state()["EphemeralStorage"]["Size"] == 1024
    assert state()["LoggingConfig"]["ApplicationLogLevel"] == "WARN"
    arn = first.function["arn"]
    aws.tag_resource(Resource=arn, Tags={"cost": "7"})
    project.edit("lambda-deploy.yml", "team: orders", "team: sales")
    tagged = project.deploy()
    assert tagged.changes == ["TagResource"]
    assert aws.list_tags(Resource=arn)["Tags"] == {"team": "sales", "cost": "7"}
    project.edit("lambda-deploy.yml", "level: warn", "level: info")
    project.edit("lambda-deploy.yml", "    storage: 1024\n", "")
    assert project.deploy().code == 0
    assert state()["LoggingConfig"]["ApplicationLogLevel"] == "INFO"
    assert state()["EphemeralStorage"]["Size"] == 1024
    assert state()["TracingConfig"]["Mode"] == "Active"
    project.edit("lambda-deploy.yml", "format: json, level: info", "format: text")
    assert project.deploy().code == 0
    assert state()["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/orders"}
    assert project.deploy().changes == []


@pytest.mark.parametrize("alias", ["live", "$LATEST"])
def test_the_key_of_the_code_and_the_ipv6_of_the_network_stay(
    project: Project, name: str, alias: str, aws: Any
) -> None:
    vpc = "    vpc: {subnets: [subnet-1], security-groups: [sg-1]}\n"
    named = f"    alias: {alias}\n"
    project.edit("lambda-deploy.yml", "    url: public\n", named + vpc)
    project.edit("lambda-deploy.yml", "faster-than: 2500ms, within: 5s", "within: 4s")
    assert project.deploy().code == 0

    def settled() -> tuple[str | None, bool, list[str]]:
        aws.get_waiter("function_updated_v2").wait(FunctionName=name)
        whole = aws.get_function(FunctionName=name)
        there = whole["Configuration"]["VpcConfig"]
        key = whole["Code"].get("SourceKMSKeyArn")
        return key, there.get("Ipv6AllowedForDualStack", False), there["SubnetIds"]

    key = "arn:aws:kms:us-east-1:000000000000:key/code"
    aws.update_function_code(
        FunctionName=name, ZipFile=archive({"app.py": "by hand"}), SourceKMSKeyArn=key
    )
    settled()
    aws.update_function_configuration(
        FunctionName=name,
        VpcConfig={
            "SubnetIds": ["subnet-1"],
            "SecurityGroupIds": ["sg-1"],
            "Ipv6AllowedForDualStack": True,
        },
    )
    assert settled() == (key, True, ["subnet-1"])
    project.write("src/app.py", GOOD.format(version="two"))
    project.edit("lambda-deploy.yml", "subnet-1", "subnet-2")
    assert project.deploy().code == 0
    assert settled() == (key, True, ["subnet-2"])
    project.write("src/app.py", BAD["answers 500"])
    project.edit("lambda-deploy.yml", "subnet-2", "subnet-3")
    assert project.deploy().function["outcome"] == "rolled-back"
    assert settled() == (key, True, ["subnet-2"])
    if alias == "live":
        project.write("src/app.py", GOOD.format(version="three"))
        project.edit("lambda-deploy.yml", "subnet-3", "subnet-4")
        assert project.deploy().code == 0
        assert project.run("rollback").code == 0
        assert settled() == (key, True, ["subnet-2"])


def test_a_change_by_somebody_else_is_told_with_who_and_when_and_left(
    project: Project, name: str, aws: Any
) -> None:
    project.deploy()
    project.edit("lambda-deploy.yml", "python3.11}", f"python3.11, layers: [{name}]}}")
    config = (project.root / "lambda-deploy.yml").read_text()
    layer = f"layers: {{{name}: {{requirements: [idna==3.10], runtime: python3.11}}}}\n"
    project.write("lambda-deploy.yml", config + layer)
    with project.deploying() as run:
        read_until(run, "uv resolves")  # everything has been observed by now
        aws.update_function_configuration(FunctionName=name, MemorySize=300)
        _, log = run.communicate()
    assert run.returncode == 1
    cause = log.partition("error: ")[2].splitlines()[0]
    assert re.search(
        rf"another deployment changed {name} at 20\d\d-.*\(version 1, .*deployed 20", cause
    )
    assert aws.get_function_configuration(FunctionName=name)["MemorySize"] == 300
    assert project.deploy().code == 0

"""Each check of the doctor, and how findings are put together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from lambda_fast_deploy.adapters.aws.identity import Caller
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.doctor.checks import (
    account,
    allowed_actions,
    buckets_and_alarms,
    checkout,
    functions,
    images,
    local_tools,
)
from lambda_fast_deploy.doctor.diagnose import unreadable
from lambda_fast_deploy.doctor.finding import (
    Check,
    Finding,
    Level,
    if_permitted,
    note,
    ok,
    run_check,
    sorted_findings,
    wrong,
)
from lambda_fast_deploy.errors import Invalid, NotPermitted, NotReady, Place, Problem
from lambda_fast_deploy.models import (
    Canary,
    Condition,
    DesiredImages,
    Event,
    Function,
    Settings,
    Stack,
    Store,
)
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.images.lifecycle_policy import POLICY
from tests.unit import make

LAYER = make.LAYER_ARN.rpartition(":")[0]
Stub = Callable[[str], Stubber]
ACCOUNT = "123456789012"
ROOT = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
USER = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ci")


def only(findings: Iterator[Finding], level: Level) -> list[str]:
    """What the findings of a level say."""
    return [f"{each.says} {each.remedy}".strip() for each in findings if each.level is level]


# ---------------------------------------------------------------- findings


def test_an_error_that_ends_a_check_is_a_finding_after_what_was_found() -> None:
    def check() -> Iterator[Finding]:
        yield ok("first")
        raise NotReady("second", remedy="do it")

    assert run_check(check) == [ok("first"), Finding(Level.WRONG, "second", "do it")]


def test_what_may_not_be_asked_is_a_note_if_a_deploy_does_not_ask_it() -> None:
    def check() -> Iterator[Finding]:
        raise NotPermitted("no permission for iam:GetRole", remedy="Allow it.")

    assert list(if_permitted(check, "The role")) == [
        note("The role could not be read: no permission for iam:GetRole", "Allow it.")
    ]
    assert run_check(check)[0].level is Level.WRONG


def test_every_problem_of_a_configuration_is_wrong() -> None:
    problems = [Problem("one", Place("f", 1)), Problem("two", Place("f", 2))]
    findings = unreadable(Invalid(problems))
    assert [(f.level, f.says) for f in findings[:2]] == [
        (Level.WRONG, "f:1: one"),
        (Level.WRONG, "f:2: two"),
    ]
    assert [f.level for f in findings[2:]] == [Level.NOTE]


def test_findings_are_in_order_said_once_in_a_line_and_without_secrets() -> None:
    said = [ok("fine"), note("hm"), wrong(NotReady("bad: hunter2hunter2\nand more")), note("hm")]
    assert sorted_findings(said, ["hunter2hunter2"]) == [
        Finding(Level.WRONG, "bad: *** and more"),
        note("hm"),
        ok("fine"),
    ]


# ---------------------------------------------------------------- account


@pytest.mark.parametrize(
    ("seconds", "level", "says"),
    [
        (0.3, Level.OK, "agrees with that of AWS within 2 s"),
        (-299.0, Level.OK, "agrees with that of AWS within 299 s"),
        (301.0, Level.WRONG, "0:05:01 ahead of"),
        (-3600.0, Level.WRONG, "1:00:00 behind"),
        (None, Level.NOTE, "could not be checked"),
    ],
)
def test_a_clock_is_wrong_beyond_five_minutes(
    seconds: float | None, level: Level, says: str
) -> None:
    (finding,) = account.clock({make.REGION: seconds})
    assert (finding.level, says in finding.says) == (level, True)


def test_the_clock_is_judged_by_the_region_that_is_farthest_off() -> None:
    (finding,) = account.clock({"a": 1.0, "b": None, "c": -900.0})
    assert "0:15:00 behind" in finding.says
    assert list(account.clock({})) == []


@pytest.mark.parametrize(("left", "level"), [(None, Level.OK), (3000, Level.OK), (60, Level.NOTE)])
def test_credentials_that_end_soon_are_a_note(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, left: float | None, level: Level
) -> None:
    monkeypatch.setattr(Aws, "expiry", lambda self: left)
    (finding,) = account.credentials(clients, USER)
    assert finding.level is level
    assert f"{USER.arn} (account {ACCOUNT})" in finding.says


@pytest.mark.parametrize(
    ("environ", "notes"),
    [
        ({}, 0),
        ({"GITHUB_ACTIONS": "true"}, 1),
        ({"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"}, 0),
    ],
)
def test_a_workflow_without_an_identity_is_told_of_id_token(
    environ: dict[str, str], notes: int
) -> None:
    findings = list(account.no_identity(NotReady("no AWS credentials"), environ))
    assert findings[0].level is Level.WRONG
    assert len(only(iter(findings), Level.NOTE)) == notes


@pytest.mark.parametrize(
    ("used", "unreserved", "levels"),
    [
        (90, 10, [Level.OK, Level.OK]),
        (91, 9, [Level.NOTE, Level.NOTE]),
        (100, 100, [Level.WRONG, Level.OK]),
    ],
)
def test_quotas_are_noted_above_nine_tenths(
    clients: Clients, stub: Stub, used: int, unreserved: int, levels: list[Level]
) -> None:
    limit = {"TotalCodeSize": 100, "ConcurrentExecutions": 100}
    limit["UnreservedConcurrentExecutions"] = unreserved
    stub("lambda").add_response(
        "get_account_settings", {"AccountLimit": limit, "AccountUsage": {"TotalCodeSize": used}}
    )
    assert [f.level for f in account.quotas(make.REGION, clients)] == levels


# ---------------------------------------------------------------- machine


def on_machine(clients: Clients, **changes: Any) -> list[Finding]:
    settings = make.settings(make.function(source=make.image_source(base=None)), **changes)
    return [f for check in checks_of(settings, clients) for f in run_check(check)]


def checks_of(settings: Settings, clients: Clients) -> list[Check]:
    return local_tools.checks(DesiredImages.of(settings), settings.dependencies, clients)


@pytest.fixture
def dockerfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Dockerfile.lambda").write_text("FROM scratch\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("dockerfile")
def test_an_image_needs_an_engine_and_a_zip_does_not(clients: Clients) -> None:
    said = [f.says for f in on_machine(clients) if f.level is Level.WRONG]
    assert said == ["no Docker engine answers at unix:///nowhere/docker.sock"]
    settings = make.settings(make.function(source=make.zip_source(layers=())))
    assert [f for check in checks_of(settings, clients) for f in run_check(check)] == []


@pytest.mark.usefixtures("dockerfile")
def test_a_build_secret_without_a_value_is_wrong(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = make.function(source=make.image_source(base=None, secrets={"npm": "NPM_TOKEN"}))
    (secrets, *_) = checks_of(make.settings(function), clients)
    assert "NPM_TOKEN (of secret npm)" in run_check(secrets)[0].says
    monkeypatch.setenv("NPM_TOKEN", "hunter2")
    assert run_check(secrets) == [ok("Build secrets have values: NPM_TOKEN")]


@pytest.mark.parametrize(("free", "level"), [(2 * 10**9, Level.OK), (2 * 10**9 - 1, Level.WRONG)])
def test_less_than_2_gb_free_is_wrong(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, free: int, level: Level
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    (room, _) = checks_of(make.settings(), clients)
    assert [f.level for f in run_check(room)] == [level]


def test_layers_need_npm_or_would_like_an_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "lambda_fast_deploy.doctor.checks.local_tools.why_not", lambda layer: "there is no 3.99"
    )
    deps = {"deps": make.layer(), "node": make.layer(name="node", runtime=Runtime("nodejs22.x"))}
    monkeypatch.setenv("PATH", "/nowhere")
    npm, python = local_tools.of_layers(deps.values())
    assert (npm.level, "actions/setup-node" in npm.remedy) == (Level.WRONG, True)
    assert (python.level, "there is no 3.99" in python.says) == (Level.NOTE, True)


# ---------------------------------------------------------------- workflow


@pytest.mark.parametrize(
    ("condition", "paths", "notes"),
    [
        (Condition(path=("src/*",)), None, 1),
        (Condition(path=("src/*",)), (), 0),
        (Condition(branch=("main",)), None, 0),
    ],
)
def test_a_clone_without_history_is_a_note_for_tests_that_ask_for_paths(
    condition: Condition, paths: tuple[str, ...] | None, notes: int
) -> None:
    test = make.STORAGE.__class__(
        name="storage", when=(condition,), bucket="b", path="/", prefix="", place=Place("f")
    )
    event = Event("push", paths=paths)
    of_function = make.settings(make.function(tests=(test,)), event=event)
    stack = Stack(Path("template.yaml"), "shop", tests={"Orders": (test,)})
    for settings in (of_function, make.settings(event=event, stack=stack)):
        assert len(only(checkout.history(settings), Level.NOTE)) == notes


# ---------------------------------------------------------------- stores


@pytest.mark.parametrize(("region", "level"), [(make.REGION, Level.OK), ("eu-west-1", Level.NOTE)])
def test_the_bucket_of_a_test_may_be_elsewhere(
    clients: Clients, stub: Stub, region: str, level: Level
) -> None:
    stub("sts").add_response("get_caller_identity", {"Account": "123456789012"})
    asked = {"Bucket": "files", "ExpectedBucketOwner": "123456789012"}
    stub("s3").add_response("head_bucket", {"BucketRegion": region}, asked)
    (finding,) = functions.needs_of_test(make.REGION, make.STORAGE, clients)
    assert finding.level is level


@pytest.mark.parametrize(
    ("region", "create", "level"),
    [
        (make.REGION, False, Level.OK),
        ("eu-west-1", False, Level.WRONG),
        (None, False, Level.WRONG),
        (None, True, Level.OK),
    ],
)
def test_the_bucket_of_zips_is_in_the_region_of_the_function(
    clients: Clients, stub: Stub, region: str | None, create: bool, level: Level
) -> None:
    owner = "210987654321"
    s3, asked = stub("s3"), {"Bucket": f"zips-{make.REGION}", "ExpectedBucketOwner": owner}
    if region:
        s3.add_response("head_bucket", {"BucketRegion": region}, asked)
    else:
        s3.add_client_error("head_bucket", "404", "", 404, expected_params=asked)
    store = Store("zips-{region}", create, owner)
    (finding,) = buckets_and_alarms.bucket_of_artifacts(make.REGION, store, clients)
    assert finding.level is level


def test_every_alarm_that_is_missing_is_named(clients: Clients, stub: Stub) -> None:
    alarm = {"AlarmName": "there", "StateValue": "OK"}
    stub("cloudwatch").add_response("describe_alarms", {"MetricAlarms": [alarm]})
    canary = Canary(0.1, 60.0, alarms=("there", "gone", "lost"), place=Place("f", 3))
    said = only(buckets_and_alarms.of_canary(make.REGION, canary, clients), Level.WRONG)
    assert [text.partition(" does")[0] for text in said] == [
        "f:3: alarm 'gone'",
        "f:3: alarm 'lost'",
    ]


@pytest.mark.parametrize(
    ("lasts", "says"),
    [
        (
            120.0,
            ["f:3: alarm 5xx goes off after 600 s at the earliest", "a canary of 120 s is short"],
        ),
        (300.0, ["f:3: alarm 5xx goes off after 600 s at the earliest"]),
        (600.0, []),
    ],
)
def test_a_canary_that_is_too_short_to_be_judged_is_noted(
    clients: Clients, stub: Stub, lasts: float, says: list[str]
) -> None:
    slow = {"Period": 300, "EvaluationPeriods": 3, "DatapointsToAlarm": 2}
    alarms = [
        {"AlarmName": "5xx", "StateValue": "OK", **slow},
        {"AlarmName": "late", "StateValue": "OK", "Period": 60, "EvaluationPeriods": 1},
    ]
    every = {"AlarmName": "every", "StateValue": "OK", "AlarmRule": "ALARM(5xx) AND ALARM(late)"}
    answer = {"MetricAlarms": alarms, "CompositeAlarms": [every]}
    stub("cloudwatch").add_response("describe_alarms", answer)
    canary = Canary(0.1, lasts, alarms=("5xx", "late", "every"), place=Place("f", 3))
    found = only(buckets_and_alarms.of_canary(make.REGION, canary, clients), Level.NOTE)
    assert len(found) == len(says)
    for text, part in zip(found, says, strict=True):
        assert part in text


# ---------------------------------------------------------------- functions


def answer(**changes: Any) -> dict[str, Any]:
    configuration = {
        "FunctionName": "orders",
        "FunctionArn": make.ARN,
        "Role": make.ROLE,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Version": "$LATEST",
    }
    return {"Configuration": configuration | changes}


def checked(clients: Clients, stub: Stub, configuration: Any, **changes: Any) -> list[Finding]:
    """The findings about a function that users call by $LATEST."""
    service = stub("lambda")
    if configuration is None:
        service.add_client_error("get_function", "ResourceNotFoundException", "no", 404)
    else:
        service.add_response("get_function", configuration)
        state = configuration["Configuration"]["State"]
        if state == "Active" and configuration["Configuration"].get("PackageType") != "Image":
            service.add_response(
                "update_function_code",
                {},
                {
                    "FunctionName": "orders",
                    "Architectures": ["x86_64"],
                    "DryRun": True,
                    "ZipFile": ANY,
                },
            )
    function = make.function(alias="$LATEST", **changes)
    return _found_of(function, clients)


def _found_of(function: Function, clients: Clients) -> list[Finding]:
    settings = make.settings(function)
    return run_check(
        lambda: functions.check(make.REGION, function, settings, ROOT, clients, rehearses=True)
    )


def test_layers_of_others_count(clients: Clients, stub: Stub) -> None:
    theirs = [f"arn:aws:lambda:{make.REGION}:210987654321:layer:v{n}:1" for n in range(5)]
    attached = answer(PackageType="Zip", Layers=[{"Arn": arn} for arn in theirs])
    stub("lambda").add_response("get_function", attached)
    (finding,) = _found_of(make.function(alias="$LATEST"), clients)
    assert finding.level is Level.WRONG
    assert "orders would have 6 layers" in finding.says


def test_an_update_is_rehearsed(clients: Clients, stub: Stub) -> None:
    assert [f.level for f in checked(clients, stub, answer())] == [Level.OK]


@pytest.mark.parametrize(
    ("changes", "level", "says"),
    [
        (
            {"State": "Failed", "StateReasonCode": "ImageDeleted", "StateReason": "gone"},
            Level.WRONG,
            "gone (ImageDeleted) Lambda cannot update such a function. Delete it",
        ),
        ({"State": "Inactive", "StateReasonCode": "Idle"}, Level.NOTE, "is Inactive (Idle)"),
        ({"State": "Pending"}, Level.NOTE, "is Pending A deploy waits until that is finished"),
        ({"PackageType": "Image"}, Level.WRONG, "cannot change that to Zip"),
    ],
)
def test_a_function_that_cannot_be_updated_now_is_told_why(
    clients: Clients, stub: Stub, changes: dict[str, str], level: Level, says: str
) -> None:
    findings = checked(clients, stub, answer(**changes))
    assert [f.level for f in findings] == [level]
    assert says in only(iter(findings), level)[0]


def test_a_function_is_created_with_a_role_only(clients: Clients, stub: Stub) -> None:
    (finding,) = checked(clients, stub, None, role=None)
    assert (finding.level, "needs a role" in finding.says) == (Level.WRONG, True)


def test_a_role_of_another_account_is_wrong(clients: Clients, stub: Stub) -> None:
    elsewhere = make.ROLE.replace(ACCOUNT, "210987654321")
    findings = checked(clients, stub, None, role=elsewhere)
    assert "is in account 210987654321" in only(iter(findings), Level.WRONG)[0]


@pytest.mark.parametrize(
    ("code", "level", "says"),
    [
        ("NoSuchEntity", Level.WRONG, "does not exist"),
        ("AccessDenied", Level.NOTE, "could not be read: no permission for iam:GetRole"),
    ],
)
def test_a_role_is_looked_at_if_it_may_be(
    clients: Clients, stub: Stub, code: str, level: Level, says: str
) -> None:
    stub("iam").add_client_error("get_role", code, "", 403)
    findings = checked(clients, stub, None)
    assert says in only(iter(findings), level)[0]


@pytest.mark.parametrize(
    ("numbers", "says"), [([], "it will be published"), ([9, 8], "its newest version is 9")]
)
def test_versions_of_a_layer_are_looked_up(
    clients: Clients, stub: Stub, numbers: list[int], says: str
) -> None:
    mark = "lambda-fast-deploy 0123456789abcdef aa of aa.bb, 1234 bytes"
    versions = [{"LayerVersionArn": f"{LAYER}:{n}", "Description": mark} for n in numbers]
    stub("lambda").add_response("list_layer_versions", {"LayerVersions": versions})
    (finding,) = functions.layer(make.REGION, "deps", clients)
    assert (finding.level, says in finding.says) == (Level.OK, True)


# ---------------------------------------------------------------- images


def repository(clients: Clients, stub: Stub, policy: str | None, **changes: Any) -> list[Finding]:
    ecr, name = stub("ecr"), "orders"
    there = {"repositoryUri": f"{make.REGISTRY}/{name}", "repositoryArn": "arn:x"} | changes
    ecr.add_response("describe_repositories", {"repositories": [there]})
    ecr.add_client_error("describe_images", "ImageNotFoundException", "", 400)
    if policy is None:
        ecr.add_client_error("get_lifecycle_policy", "LifecyclePolicyNotFoundException", "", 400)
    else:
        ecr.add_response("get_lifecycle_policy", {"lifecyclePolicyText": policy})
    return run_check(lambda: images.repository(make.REGION, name, "orders", ROOT, clients))


def rule(**selection: Any) -> str:
    made = {"rulePriority": 7, "selection": selection, "action": {"type": "expire"}}
    return json.dumps({"rules": [made]}).ljust(100)  # AWS has none that is shorter


@pytest.mark.parametrize(
    ("policy", "threatens"),
    [
        (None, False),
        (POLICY, False),
        (rule(tagStatus="any"), True),
        (rule(tagStatus="tagged", tagPrefixList=["app-"]), True),
        (rule(tagStatus="tagged", tagPatternList=["kept-*"]), True),
        (rule(tagStatus="tagged", tagPrefixList=["release-"]), False),
    ],
)
def test_a_policy_that_could_expire_what_functions_use_is_noted(
    clients: Clients, stub: Stub, policy: str | None, threatens: bool
) -> None:
    said = only(iter(repository(clients, stub, policy)), Level.NOTE)
    assert [("rule 7" in text, POLICY in text) for text in said] == [(True, True)] * threatens


def test_an_immutable_repository_has_no_cache(clients: Clients, stub: Stub) -> None:
    findings = repository(clients, stub, None, imageTagMutability="IMMUTABLE")
    assert "IMMUTABLE_WITH_EXCLUSION with filter buildcache" in only(iter(findings), Level.NOTE)[0]


def test_an_absent_repository_will_be_created(clients: Clients, stub: Stub) -> None:
    stub("ecr").add_client_error("describe_repositories", "RepositoryNotFoundException", "", 400)
    (finding,) = images.repository(make.REGION, "orders", "orders", ROOT, clients)
    assert (finding.level, "will be created" in finding.says) == (Level.OK, True)


# ---------------------------------------------------------------- permissions


def actions(needs: allowed_actions.Needs) -> set[str]:
    return {action for each in needs.values() for action in each}


def test_a_new_function_needs_more_than_one_that_is_there() -> None:
    function = make.function(tests=(make.HEALTH,))
    new = allowed_actions.of_function(function, None, make.REGION, USER)
    there = allowed_actions.of_function(function, make.existing(make.state()), make.REGION, USER)
    assert new[make.ROLE] == ("iam:PassRole",)
    assert actions(new) - actions(there) == {
        "lambda:CreateFunction",
        "lambda:CreateAlias",
        "iam:PassRole",
    }
    assert actions(there) - actions(new) == {"lambda:UpdateAlias"}
    assert set(there) == {make.ARN, f"{make.ARN}:1"}


def test_a_test_by_s3_needs_its_bucket_and_a_repository_is_made_once() -> None:
    function = make.function(tests=(make.STORAGE,))
    needs = allowed_actions.of_function(function, None, make.REGION, USER)
    assert "s3:DeleteObject" in needs["arn:aws:s3:::files/objects/lambda-fast-deploy-key"]
    of = partial(allowed_actions.of_repository, "orders", make.REGION, USER)
    made, there = of(exists=False, deployed=False), of(exists=True, deployed=False)
    assert "ecr:CreateRepository" in actions(made) - actions(there)
    assert {"ecr:PutImage", "ecr:BatchDeleteImage"} <= actions(there)
    assert actions(of(exists=True, deployed=True)) - actions(there) == {
        "ecr:GetRepositoryPolicy",
        "ecr:SetRepositoryPolicy",
        "ecr:GetLifecyclePolicy",
        "ecr:ListTagsForResource",
    }


@pytest.mark.parametrize(
    ("caller", "whose"),
    [
        (
            USER,
            f"The policies of {USER.arn} allow the changes of a deploy of orders in {make.REGION}",
        ),
        (
            Caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run"),
            "The policies of role deploy allow the changes of a deploy of orders in "
            f"{make.REGION}, unless a session policy denies them",
        ),
    ],
)
def test_whose_policies_were_asked_is_told(
    clients: Clients, stub: Stub, caller: Caller, whose: str
) -> None:
    iam = stub("iam")
    if caller.role:
        iam.add_client_error("get_role", "AccessDenied", "", 403)
    result = {"EvalActionName": "lambda:UpdateAlias", "EvalDecision": "allowed"}
    iam.add_response("simulate_principal_policy", {"EvaluationResults": [result]})
    needs = {"arn:a": ("lambda:UpdateAlias",)}
    (finding,) = allowed_actions.permitted("orders", needs, make.REGION, caller, clients)
    assert finding.says == whose


def test_what_is_denied_is_wrong_and_what_may_not_be_asked_is_a_note(
    clients: Clients, stub: Stub
) -> None:
    needs = {"arn:a": ("lambda:UpdateAlias",), "arn:b": ("iam:PassRole",)}
    iam = stub("iam")
    for action, decision in (("lambda:UpdateAlias", "allowed"), ("iam:PassRole", "implicitDeny")):
        result = {"EvalActionName": action, "EvalDecision": decision}
        iam.add_response("simulate_principal_policy", {"EvaluationResults": [result]})
    findings = list(allowed_actions.permitted("orders", needs, make.REGION, USER, clients))
    assert [f.says for f in findings] == ["no permission for iam:PassRole on arn:b"]
    assert USER.arn in findings[0].remedy
    iam.add_client_error("simulate_principal_policy", "AccessDenied", "", 403)
    (finding,) = allowed_actions.permitted("orders", needs, make.REGION, USER, clients)
    assert (finding.level, "iam:SimulatePrincipalPolicy" in finding.says) == (Level.NOTE, True)
    assert list(allowed_actions.permitted("orders", needs, make.REGION, ROOT, clients)) == []


# ---------------------------------------------------------------- Docker


def with_image(root: Path, *lines: str) -> DesiredImages:
    """The image of a Dockerfile."""
    (root / "app").mkdir()
    (root / "app/main.py").touch()
    (root / "Dockerfile").write_text("\n".join(("FROM scratch", *lines)) + "\n")
    source = make.image_source(dockerfile=root / "Dockerfile", context=root, base=None)
    return DesiredImages({}, (make.image_request(source),), make.REGION, Event("push"))


@pytest.mark.parametrize(
    ("lines", "level", "says"),
    [
        (
            ("RUN true", "COPY app /app", 'CMD ["x"]'),
            Level.OK,
            "Changes of orders need Docker, except changes of what the last lines of Dockerfile "
            "copy (line 3) and set",
        ),
        (
            ("COPY app /app", "RUN true"),
            Level.NOTE,
            "Every change of orders needs Docker: RUN in line 3 comes after COPY in line 2 Move "
            "COPY in line 2 below it.",
        ),
        (
            ("RUN true",),
            Level.OK,
            "Every change of orders needs Docker: its last stage copies nothing from the context",
        ),
    ],
)
def test_the_changes_that_need_docker_are_said(
    tmp_path: Path, lines: tuple[str, ...], level: Level, says: str
) -> None:
    assert only(local_tools.changes(with_image(tmp_path, *lines)), level) == [says]


@pytest.mark.parametrize(
    ("lines", "level"),
    [(("COPY app /app",), Level.NOTE), (("COPY app /app", "RUN true"), Level.WRONG)],
)
def test_without_docker_only_code_changes_are_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...], level: Level
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    images, clients = with_image(tmp_path, *lines), Clients(Aws())
    (_, builders, *_) = local_tools.checks(images, {}, clients)
    (found,) = run_check(builders)
    assert found.level is level
    assert found.says.startswith("no Docker engine answers")
    assert ("so only code changes can be deployed" in found.says) is (level is Level.NOTE)

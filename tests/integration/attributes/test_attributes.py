"""Attributes of a function: created, changed, unchanged, rolled back, and told by the plan."""

from __future__ import annotations

from typing import Any, NamedTuple

import boto3
import pytest

from tests.integration.attributes.conftest import ACCESS_POINT, BROKEN, CODE, KEY, QUEUE, give
from tests.support import Project


def vpc(subnet: str) -> dict[str, Any]:
    """A VpcConfig of the API."""
    return {"SubnetIds": [subnet], "SecurityGroupIds": ["sg-1"]}


def configuration(aws: Any, name: str, qualifier: str = "live") -> dict[str, Any]:
    found: dict[str, Any] = aws.get_function(FunctionName=name, Qualifier=qualifier)
    return {**found["Configuration"], "CodeKey": found["Code"].get("SourceKMSKeyArn", "")}


class Case(NamedTuple):
    """An attribute: its member, three values of its key, what the plan says of the first two."""

    member: str
    keys: tuple[str, str, str]
    words: tuple[str, str]
    values: tuple[Any, Any, Any]


CASES = {
    "file-systems": Case(
        "FileSystemConfigs",
        (
            f"file-systems: {{/mnt/data: {ACCESS_POINT}}}",
            f"file-systems: {{/mnt/more: {ACCESS_POINT}}}",
            "file-systems: {}",
        ),
        ("file-systems +/mnt/data", "file-systems +/mnt/more −/mnt/data"),
        (
            [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/data"}],
            [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/more"}],
            [],
        ),
    ),
    "dead-letters": Case(
        "DeadLetterConfig",
        (f"dead-letters: {QUEUE}", f"dead-letters: {QUEUE}-2", "dead-letters: none"),
        (f"dead-letters none → {QUEUE}", f"dead-letters {QUEUE} → {QUEUE}-2"),
        ({"TargetArn": QUEUE}, {"TargetArn": f"{QUEUE}-2"}, None),
    ),
    "environment-key": Case(
        "KMSKeyArn",
        (f"environment-key: {KEY}", f"environment-key: {KEY}-2", "environment-key: none"),
        (f"environment-key none → {KEY}", f"environment-key {KEY} → {KEY}-2"),
        (KEY, f"{KEY}-2", ""),
    ),
    "ipv6": Case(
        "VpcConfig",
        (
            "vpc: {subnets: [subnet-1], security-groups: [sg-1], ipv6: true}",
            "vpc: {subnets: [subnet-2], security-groups: [sg-1]}",
            "vpc: {subnets: [subnet-2], security-groups: [sg-1], ipv6: false}",
        ),
        ("vpc +ipv6 +sg-1 +subnet-1", "vpc +subnet-2 −subnet-1"),
        (
            {**vpc("subnet-1"), "Ipv6AllowedForDualStack": True},
            {**vpc("subnet-2"), "Ipv6AllowedForDualStack": True},
            vpc("subnet-2"),
        ),
    ),
    "snap-start": Case(
        "SnapStart",
        ("snap-start: true", "snap-start: true\nmemory: 256", "snap-start: false"),
        ("snap-start false → true", "memory 128 MB → 256 MB"),
        (
            {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"},
            {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"},
            {"ApplyOn": "None", "OptimizationStatus": "Off"},
        ),
    ),
}


@pytest.mark.parametrize("cases", [[*CASES][:-1], ["snap-start"]], ids=["all", "snap-start"])
def test_attributes_are_set_changed_kept_and_rolled_back(
    project: Project, name: str, aws: Any, cases: list[str]
) -> None:
    def observed(qualifier: str = "live") -> dict[str, Any]:
        found = configuration(aws, name, qualifier)
        found["VpcConfig"].pop("VpcId")
        return {CASES[case].member: found.get(CASES[case].member) for case in cases}

    def given(stage: int) -> None:
        give(project, "\n".join(CASES[case].keys[stage] for case in cases))

    def values(stage: int) -> dict[str, Any]:
        return {CASES[case].member: CASES[case].values[stage] for case in cases}

    assert project.deploy().code == 0
    for stage in (0, 1):
        given(stage)
        plan = project.run("plan")
        assert all(CASES[case].words[stage] in plan.out for case in cases)
        run = project.deploy()
        assert run.code == 0
        assert all(CASES[case].words[stage] in run.log for case in cases)
        assert observed() == values(stage)
        assert project.deploy().changes == []
    assert "differs" not in project.run("status").out
    before = observed("$LATEST")
    given(2)
    project.write("src/app.py", BROKEN)
    run = project.deploy()
    assert (run.code, run.function["outcome"]) == (1, "rolled-back")
    assert (observed(), observed("$LATEST")) == (values(1), before)
    project.write("src/app.py", CODE)
    assert project.deploy().code == 0
    assert observed() == values(2)
    assert project.deploy().changes == []


def test_a_function_is_created_with_its_attributes(project: Project, name: str, aws: Any) -> None:
    keys = (
        CASES[case].keys[0] for case in ("file-systems", "dead-letters", "environment-key", "ipv6")
    )
    give(project, "\n".join(keys))
    project.edit("lambda-deploy.yml", "runtime: python3.12", f"runtime: python3.12, key: {KEY}")
    assert project.deploy().code == 0
    found = configuration(aws, name)
    assert found["FileSystemConfigs"] == CASES["file-systems"].values[0]
    assert (found["KMSKeyArn"], found["CodeKey"]) == (KEY, KEY)
    assert found["DeadLetterConfig"] == {"TargetArn": QUEUE}
    assert found["VpcConfig"]["Ipv6AllowedForDualStack"]
    assert project.deploy().changes == []


def test_the_key_of_the_code_belongs_to_the_code(project: Project, name: str, aws: Any) -> None:
    assert project.deploy().code == 0
    project.edit("lambda-deploy.yml", "runtime: python3.12", f"runtime: python3.12, key: {KEY}")
    steps = project.run("plan").report["plan"]["steps"]
    (step,) = (each for each in steps if each["id"] == f"code:{name}")
    change = {"attribute": "zip.key", "before": "none", "after": KEY}
    assert change.items() <= step["changes"][0].items()
    assert project.deploy().code == 0
    assert configuration(aws, name, "$LATEST")["CodeKey"] == KEY
    assert project.deploy().changes == []
    project.edit("lambda-deploy.yml", KEY, "none")
    project.write("src/app.py", BROKEN)
    assert project.deploy().code == 1
    assert configuration(aws, name, "$LATEST")["CodeKey"] == KEY
    project.write("src/app.py", CODE)
    assert project.deploy().code == 0
    assert configuration(aws, name, "$LATEST")["CodeKey"] == ""


def test_variables_and_tags_are_removed_and_come_back(
    project: Project, name: str, aws: Any
) -> None:
    give(project, "environment: {OLD: x, LEVEL: info}\ntags: {team: shop, old: x}")
    assert project.deploy().code == 0
    arn = aws.get_function(FunctionName=name)["Configuration"]["FunctionArn"]

    def both() -> tuple[dict[str, str], dict[str, str]]:
        variables = configuration(aws, name, "$LATEST").get("Environment", {}).get("Variables", {})
        tags = aws.list_tags(Resource=arn)["Tags"]
        return variables, {k: v for k, v in tags.items() if not k.startswith("lambda-fast-deploy")}

    whole = both()
    assert whole == ({"OLD": "x", "LEVEL": "info"}, {"team": "shop", "old": "x"})
    give(project, "environment: {OLD: null, NEVER: null}\ntags: {old: null, never: null}")
    plan = project.run("plan")
    assert "environment −OLD" in plan.out
    assert "tags −old" in plan.out
    project.write("src/app.py", BROKEN)
    assert project.deploy().code == 1
    assert both() == whole
    project.write("src/app.py", CODE)
    assert project.deploy().code == 0
    assert both() == ({"LEVEL": "info"}, {"team": "shop"})
    assert project.deploy().changes == []
    give(project, "environment:\n  OLD:")
    run = project.deploy()
    assert run.code == 2
    assert "lambda-deploy.yml:6: OLD: expected text, or null to remove it, got nothing" in run.log


def test_the_printed_policy_suffices(project: Project, name: str) -> None:
    give(
        project,
        "\n".join(
            CASES[case].keys[0] for case in ("file-systems", "dead-letters", "environment-key")
        )
        + "\nconcurrency: {reserved: 5, provisioned: 1}\nasync: {retries: 0}\ntimeout: 10"
        + "\nlogging: {retention: 30}\nalarms: {errors: 1, duration: 90%}\ntags: {a: b}",
    )
    project.edit("lambda-deploy.yml", "runtime: python3.12", f"runtime: python3.12, key: {KEY}")
    iam, user = boto3.client("iam"), f"{name}-deployer"
    iam.create_user(UserName=user)
    printed = project.run("policy").out
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=printed)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    deployer = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    assert project.deploy(**deployer).code == 0
    project.write("src/app.py", BROKEN)
    give(
        project,
        "dead-letters: none\nconcurrency: {reserved: none, provisioned: none}"
        "\nasync: {retries: 2}\nlogging: {retention: none}\nalarms: {}\ntags: {a: null}",
    )
    assert project.deploy(**deployer).code == 1
    project.write("src/app.py", CODE)
    assert project.deploy(**deployer).code == 0

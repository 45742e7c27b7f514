"""Lambda functions: what is refused, and one change at a time."""

from __future__ import annotations

import os
import urllib.request
from typing import Any

import pytest

from tests.lab.making import REGION, Function, account, archive, code, fetch, refused

LIMIT = 50 * 1024 * 1024


def test_a_new_function_is_pending_then_active(function: Function) -> None:
    made = function.create()
    assert (made["State"], made["LastUpdateStatus"]) == ("Pending", "InProgress")


def test_an_update_is_in_progress_and_a_second_one_conflicts(live: Function) -> None:
    answer = live.api.update_function_code(FunctionName=live.name, ZipFile=code("two"))
    assert (answer["State"], answer["LastUpdateStatus"]) == ("Active", "InProgress")
    busy = ("ResourceConflictException", 409)
    name = live.name
    assert refused(live.api.update_function_configuration, FunctionName=name, Timeout=9) == busy
    assert refused(live.api.update_function_code, FunctionName=name, ZipFile=code("x")) == busy
    assert refused(live.api.publish_version, FunctionName=name) == busy
    assert live.settle() == [("Active", "InProgress"), ("Active", "Successful")]
    assert live.call()[1]["body"] == "two"


def test_a_configuration_update_is_in_progress_too(live: Function) -> None:
    answer = live.api.update_function_configuration(FunctionName=live.name, Timeout=9)
    assert (answer["State"], answer["LastUpdateStatus"]) == ("Active", "InProgress")
    assert refused(live.api.update_function_code, FunctionName=live.name, ZipFile=code("x")) == (
        "ResourceConflictException",
        409,
    )


def test_an_update_that_changes_nothing_renews_the_revision(live: Function) -> None:
    before = live.api.get_function_configuration(FunctionName=live.name)
    same = {"FunctionName": live.name, "Description": before["Description"]}
    live.api.update_function_configuration(**same, RevisionId=before["RevisionId"])
    live.settle()
    update = live.api.update_function_configuration
    stale = refused(update, **same, RevisionId=before["RevisionId"])
    assert stale == ("PreconditionFailedException", 412)


def test_a_stale_revision_is_refused(live: Function) -> None:
    stale = {"FunctionName": live.name, "RevisionId": "0" * 36}
    wanted = ("PreconditionFailedException", 412)
    assert refused(live.api.update_function_code, ZipFile=code("x"), **stale) == wanted
    assert refused(live.api.update_function_configuration, Timeout=9, **stale) == wanted


def test_a_dry_run_stores_nothing(live: Function) -> None:
    before = live.api.get_function_configuration(FunctionName=live.name)
    answer = live.api.update_function_code(FunctionName=live.name, ZipFile=code("two"), DryRun=True)
    after = live.api.get_function_configuration(FunctionName=live.name)
    assert answer["CodeSha256"] != before["CodeSha256"]
    assert after["CodeSha256"] == before["CodeSha256"]
    assert after["RevisionId"] == before["RevisionId"]
    assert live.call()[1]["body"] == "one"


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"Runtime": "python2.0"}, "InvalidParameterValueException"),
        ({"Runtime": "python2.7"}, "InvalidParameterValueException"),
        ({"Architectures": ["x86_64", "arm64"]}, "ValidationException"),
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException"),
        ({"Role": f"{os.environ.get('LAB_ROLE_ARN')}-0"}, "InvalidParameterValueException"),
        ({"Code": {"ImageUri": "docker.io/library/x:1"}}, "InvalidParameterValueException"),
        ({"Code": {"ImageUri": "127.0.0.1:1/none:x"}}, "InvalidParameterValueException"),
    ],
)
def test_create_refuses(function: Function, settings: dict[str, Any], wanted: str) -> None:
    assert refused(function.create, **settings)[0] == wanted


def test_code_of_the_other_package_type_is_refused(live: Function) -> None:
    uri = f"{account()}.dkr.ecr.{REGION}.amazonaws.com/app:x"
    assert refused(live.api.update_function_code, FunctionName=live.name, ImageUri=uri) == (
        "InvalidParameterValueException",
        400,
    )


def test_a_zip_above_50_mb_must_come_from_s3(live: Function) -> None:
    large = archive({"app.py": "", "noise": os.urandom(LIMIT + 1024 * 1024)})
    assert refused(live.api.update_function_code, FunctionName=live.name, ZipFile=large) == (
        "RequestEntityTooLargeException",
        413,
    )


def test_layers_that_cannot_be_attached(live: Function) -> None:
    def publish(layer: str) -> str:
        content = {"ZipFile": archive({f"python/{layer.replace('-', '_')}.py": "x = 1"})}
        published = live.api.publish_layer_version(LayerName=layer, Content=content)
        return str(published["LayerVersionArn"])

    def attach(*arns: str) -> tuple[str, int]:
        return refused(
            live.api.update_function_configuration, FunctionName=live.name, Layers=list(arns)
        )

    first, second = publish(live.name), publish(live.name)
    invalid = ("InvalidParameterValueException", 400)
    assert attach(first, second) == invalid
    assert attach(first.rsplit(":", 1)[0] + ":99") == invalid
    assert attach(*(publish(f"{live.name}-{number}") for number in range(6))) == invalid


def test_the_location_of_code_serves_each_versions_zip(live: Function) -> None:
    version = live.publish()
    live.update("two")

    def downloaded(**qualifier: str) -> bytes:
        found = live.api.get_function(FunctionName=live.name, **qualifier)
        with urllib.request.urlopen(found["Code"]["Location"]) as answer:
            return bytes(answer.read())

    assert downloaded() == code("two")
    assert downloaded(Qualifier=version) == code("one")
    assert downloaded(Qualifier="$LATEST") == code("two")


def test_deleting_a_function_takes_its_urls_along(live: Function) -> None:
    url = live.open_url()
    assert fetch(url)[0] == 200
    live.api.delete_function(FunctionName=live.name)
    assert fetch(url)[0] != 200
    live.create()
    assert live.open_url() != url

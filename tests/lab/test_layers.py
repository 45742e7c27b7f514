"""Layers: versions by the ARN of a layer, of the own account and of another; who may use one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.lab.making import Function, archive, refused

OTHER = "111111111111"


@pytest.fixture
def api() -> Any:
    return boto3.client("lambda")


@pytest.fixture
def layer(api: Any, name: str) -> Callable[[], dict[str, Any]]:
    """Publishes a version of a layer."""
    content = {"ZipFile": archive({"python/shared.py": "x = 1"})}
    return lambda: api.publish_layer_version(LayerName=name, Content=content)


def test_a_layer_is_listed_by_its_arn(api: Any, layer: Callable[[], dict[str, Any]]) -> None:
    """API: ListLayerVersions, LayerName: "The name or Amazon Resource Name (ARN) of the layer"."""
    made = [layer() for _ in range(2)]
    listed = api.list_layer_versions(LayerName=made[0]["LayerArn"])["LayerVersions"]
    assert [each["LayerVersionArn"] for each in listed] == [
        each["LayerVersionArn"] for each in reversed(made)
    ]
    absent = f"{made[0]['LayerArn']}-absent"
    assert api.list_layer_versions(LayerName=absent)["LayerVersions"] == []


@pytest.mark.lab  # AWS would take a second account
def test_the_versions_of_anothers_layer_are_not_listed(api: Any, name: str) -> None:
    """API: AddLayerVersionPermission, Action: only lambda:GetLayerVersion can be granted."""
    theirs = boto3.Session(OTHER, "x", region_name="us-east-1").client("lambda")
    content = {"ZipFile": archive({"python/theirs.py": "x = 1"})}
    made = theirs.publish_layer_version(LayerName=name, Content=content)
    share = {"LayerName": name, "VersionNumber": 1, "StatementId": "all", "Principal": "*"}
    assert refused(
        theirs.add_layer_version_permission, **share, Action="lambda:ListLayerVersions"
    ) == ("ValidationException", 400)
    theirs.add_layer_version_permission(**share, Action="lambda:GetLayerVersion")
    assert api.get_layer_version_by_arn(Arn=made["LayerVersionArn"])["Version"] == 1
    denied = refused(api.list_layer_versions, LayerName=made["LayerArn"])
    assert denied == ("AccessDeniedException", 403)


def test_a_layer_of_another_region_is_not_attached(live: Function, name: str) -> None:
    """Lambda's own words: "Layers are not in the same region as the function"."""
    elsewhere = boto3.client("lambda", region_name="eu-west-1")
    content = {"ZipFile": archive({"python/shared.py": "x = 1"})}
    arn = elsewhere.publish_layer_version(LayerName=name, Content=content)["LayerVersionArn"]
    update = live.api.update_function_configuration
    assert refused(update, FunctionName=name, Layers=[arn])[0] == "InvalidParameterValueException"


def test_a_version_is_shared_by_statements_with_accounts_or_an_organisation(
    api: Any, name: str, layer: Callable[[], dict[str, Any]]
) -> None:
    """API: AddLayerVersionPermission, RemoveLayerVersionPermission, GetLayerVersionPolicy."""
    layer()
    version = {"LayerName": name, "VersionNumber": 1}
    absent = ("ResourceNotFoundException", 404)
    assert refused(api.get_layer_version_policy, **version) == absent  # nobody may use it
    share = {**version, "Action": "lambda:GetLayerVersion"}
    api.add_layer_version_permission(**share, StatementId="one", Principal=OTHER)
    again = refused(api.add_layer_version_permission, **share, StatementId="one", Principal=OTHER)
    assert again == ("ResourceConflictException", 409)
    organisation = "o-a1b2c3d4e5"
    api.add_layer_version_permission(
        **share, StatementId="two", Principal="*", OrganizationId=organisation
    )
    policy = json.loads(api.get_layer_version_policy(**version)["Policy"])
    one, two = policy["Statement"]
    assert (one["Sid"], one["Principal"]) == ("one", {"AWS": f"arn:aws:iam::{OTHER}:root"})
    assert (two["Sid"], two["Principal"]) == ("two", "*")
    assert two["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": organisation}}
    api.remove_layer_version_permission(**version, StatementId="one")
    assert refused(api.remove_layer_version_permission, **version, StatementId="one") == absent
    layer()  # permissions are those of one version
    assert refused(api.get_layer_version_policy, LayerName=name, VersionNumber=2) == absent

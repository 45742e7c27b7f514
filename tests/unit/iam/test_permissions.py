"""The one list of IAM actions, which no other place adds to."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import lambda_fast_deploy
from lambda_fast_deploy.iam import permissions
from lambda_fast_deploy.iam.permissions import FEATURES, LISTED

PACKAGE = Path(lambda_fast_deploy.__file__).parent
ACTION = re.compile(
    r"(?:lambda|ecr|s3|iam|sts|kms|ec2|cloudwatch|cloudformation|execute-api):[A-Z]\w+"
)
# Of others: execution roles, GitHub's identity provider, conditions of policies, and calls whose
# actions have other names.
OF_OTHERS = {
    "ec2:CreateNetworkInterface",
    *("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "iam:PassedToService"),
    *("s3:HeadBucket", "s3:HeadObject", "lambda:GetAccountSettings"),
}


def test_every_action_that_is_named_is_on_the_list() -> None:
    named = {
        action
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for action in ACTION.findall(node.value)
    }
    assert named - LISTED == OF_OTHERS


def test_no_feature_names_an_action_twice() -> None:
    for feature in FEATURES:
        assert len(set(feature.actions)) == len(feature.actions)


def test_what_exists_decides_what_doctor_asks_for() -> None:
    feature = permissions.RELEASE_VERSIONS
    publish, create, update = (f"lambda:{name}" for name in _RELEASES)
    assert feature.changes(exists=False) == (publish, create)
    assert feature.changes(exists=True) == (publish, update)


_RELEASES = ("PublishVersion", "CreateAlias", "UpdateAlias")

"""Statements of a policy: one sid is one statement."""

from __future__ import annotations

from lambda_fast_deploy.iam.statement import Statement, merged


def test_statements_with_one_sid_are_one_where_the_first_stands() -> None:
    find, rest = Statement("Find", ("s3:ListBucket",), ["a"]), Statement("Rest", ("x:Y",), ["*"])
    statements = merged([find, rest, Statement("Find", ("s3:ListBucket",), ["b", "a"])])
    assert [(each.sid, each.resources) for each in statements] == [
        ("Find", ["a", "b", "a"]),
        ("Rest", ["*"]),
    ]
    assert statements[0].document()["Resource"] == ["a", "b"]

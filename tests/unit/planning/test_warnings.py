"""What people may not expect is said before it is done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambda_fast_deploy.models import Function, FunctionState, ObservedFunction, Store
from lambda_fast_deploy.planning.planner import make_plan
from lambda_fast_deploy.planning.warnings import cautions
from tests.unit import make

OTHER = make.state(code_sha256="other-sha")
LARGE = replace(OTHER, code_size=80_000_000)


def said(function: Function, there: ObservedFunction | None, store: Store | None = None) -> str:
    observed = make.observed({"orders": there} if there else {})
    plan = make_plan(make.settings(function), make.fingerprints(), observed)
    return " ".join(cautions(function, make.REGION, plan, observed[make.REGION], store))


def test_callers_of_the_bare_name_are_told_of_where_the_alias_alone_is_new() -> None:
    bare = ObservedFunction(OTHER, None, None)
    says = said(make.function(), bare)
    assert "Callers of orders without alias get $LATEST, which changes before the tests" in says
    assert "Change them to call orders:live, or set alias: $LATEST" in says
    assert said(make.function(), None) == ""
    assert said(make.function(), make.existing(OTHER)) == ""
    assert said(make.function(alias="$LATEST"), bare) == ""


@pytest.mark.parametrize(
    ("there", "store", "is_said"),
    [
        (LARGE, None, True),
        (LARGE, Store("zips"), False),
        (OTHER, None, False),
        (make.state(code_size=80_000_000), None, False),
    ],
)
def test_large_code_needs_a_bucket_to_be_put_back(
    there: FunctionState, store: Store | None, is_said: bool
) -> None:
    says = said(make.function(), make.existing(there), store)
    assert ("is 80.0 MB zipped, so a rollback needs a bucket" in says) is is_said

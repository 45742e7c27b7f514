"""What a plan says where Lambda stores no more code."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lambda_fast_deploy.adapters.aws.account_limits import Account
from lambda_fast_deploy.errors import NotPermitted
from lambda_fast_deploy.models import Archive, FunctionState
from lambda_fast_deploy.planning.code_storage import full_storage
from lambda_fast_deploy.planning.planner import make_plan
from tests.unit import make

LIMIT = 80_530_636_800  # bytes
PRINTS = make.fingerprints(archives={"orders": Archive(bytes(40_000), "wanted-sha", 0)})


def said(used: int, there: FunctionState, *, asked: list[str] | None = None) -> list[str]:
    def account() -> Account:
        if asked is not None:
            asked.append("account")
        if used < 0:
            raise NotPermitted("no permission for lambda:GetAccountSettings")
        return Account(used, LIMIT, 1000, 1000)

    clients: Any = SimpleNamespace(functions=lambda _: SimpleNamespace(account=account))
    settings, observed = make.settings(), make.observed({"orders": make.existing(there)})
    return list(full_storage(settings, make_plan(settings, PRINTS, observed), PRINTS, clients))


def test_what_does_not_fit_is_told_with_a_remedy() -> None:
    (says,) = said(LIMIT - 39_999, make.state(code_sha256="other"))
    assert "take 80.5 GB of 80.5 GB; 40.0 kB more do not fit" in says
    assert "keep: N" in says
    assert "layers prune" in says


@pytest.mark.parametrize("used", [LIMIT - 40_000, -1])
def test_what_fits_or_is_not_known_is_not_told(used: int) -> None:
    assert said(used, make.state(code_sha256="other")) == []


def test_nobody_is_asked_where_nothing_is_uploaded() -> None:
    asked: list[str] = []
    assert said(LIMIT, make.state(), asked=asked) == []
    assert asked == []

"""What no version has is set as planned, and taken back as far as it is still so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambda_fast_deploy.release.function_settings import apply_settings, has_settings_to_apply
from lambda_fast_deploy.release.undo import UndoReport
from tests.unit import make
from tests.unit.release.fakes import FakeLambda, context


def test_tags_are_set_and_taken_back() -> None:
    configuration = replace(make.function().configuration, tags={"team": "orders"})
    live = make.state(version="1", tags={"team": "shop"})
    api = FakeLambda(live, live)
    function, observed = make.function(configuration=configuration), make.existing(live)
    release = context(api, function, observed, "tags")
    assert has_settings_to_apply(release)
    apply_settings(release, make.ARN)
    assert api.latest
    assert api.latest.tags == {"team": "orders"}
    assert release.undo.undo().undone == ("tags of orders",)
    assert api.latest.tags == {"team": "shop"}
    unchanged = context(api, function, observed, "")
    assert not has_settings_to_apply(unchanged)
    apply_settings(unchanged, make.ARN)
    assert api.latest.tags == {"team": "shop"}


@pytest.mark.parametrize("is_gone_at", ["look", "write"])
def test_tags_of_a_function_that_is_gone_need_no_undo(is_gone_at: str) -> None:
    configuration = replace(make.function().configuration, tags={"team": "orders"})
    live = make.state(version="1", tags={})
    api = FakeLambda(live, live)
    function, observed = make.function(configuration=configuration), make.existing(live)
    release = context(api, function, observed, "tags")
    apply_settings(release, make.ARN)
    if is_gone_at == "look":
        api.latest = None
    else:
        api.meanwhile = [lambda: setattr(api, "latest", None)]
    assert release.undo.undo() == UndoReport()

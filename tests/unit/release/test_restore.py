"""What ``$LATEST`` was before is put back: only what this run wrote, and nobody changed since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lambda_fast_deploy.errors import Conflict, DeployFailed
from lambda_fast_deploy.models import LATEST, FunctionState, ObservedFunction
from lambda_fast_deploy.models.function_attributes import TAGS
from lambda_fast_deploy.models.function_settings import SettingTarget
from lambda_fast_deploy.planning import configuration
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.function_settings import restore_setting
from lambda_fast_deploy.release.restore import (
    is_live,
    is_same,
    restore_code,
    restore_configuration,
    under_test,
    was_live,
)
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.state import marks
from tests.unit import make
from tests.unit.release.fakes import FakeLambda, context, sha256_of
from tests.unit.sockets import serving

BEFORE, MINE, THEIRS = b"before", b"mine", b"theirs"


def has(content: bytes) -> str:
    return sha256_of(content)


@pytest.fixture
def place() -> Iterator[str]:
    """Where AWS keeps the zip of what was before."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BEFORE), BEFORE)
    with serving(answer) as server:
        yield server.url


def found(place: str = "", **changes: Any) -> FunctionState:
    """``$LATEST`` as the run has found it."""
    state = make.state(
        version=LATEST, code_sha256=has(BEFORE), code_location=place, layers=(), revision="r-1"
    )
    return replace(state, **changes)


def live(state: FunctionState) -> FunctionState:
    return replace(state, version="1", revision="r-v1")


def with_alias(state: FunctionState, serves: FunctionState | None = None) -> ReleaseContext:
    """The order of a run whose users call an alias, and the API that it changes."""
    serves = serves or live(state)
    api = FakeLambda(state, serves)
    api.leads("live", serves.version)
    return context(api, observed=make.existing(serves, state))


def without_alias(state: FunctionState) -> ReleaseContext:
    function = make.function(alias=LATEST, source=make.zip_source(layers=()), tests=(make.HEALTH,))
    return context(FakeLambda(state), function, ObservedFunction(state, None, None))


def api_of(release: ReleaseContext) -> FakeLambda:
    api = release.clients.functions(make.REGION)
    assert isinstance(api, FakeLambda)
    return api


def is_mine(now: FunctionState) -> bool:
    return now.code_sha256 == has(MINE)


# ---------------------------------------------------------------- code


def test_code_goes_back_to_what_it_was(place: str) -> None:
    release = with_alias(found(place))
    api_of(release).changes(code_sha256=has(MINE))
    assert restore_code(release, is_mine) is None
    latest = api_of(release).latest
    assert latest
    assert latest.code_sha256 == has(BEFORE)
    assert marks.LOCK not in api_of(release).there


@pytest.mark.parametrize(
    ("now", "came"),
    [
        ({}, UndoResult.NEEDLESS),  # the upload was refused
        ({"update_status": "Failed"}, UndoResult.NEEDLESS),  # later, and the code stayed
        ({"code_sha256": has(THEIRS)}, UndoResult.THEIRS),
    ],
)
def test_code_that_this_run_has_not_put_there_stays(
    place: str, now: dict[str, Any], came: UndoResult
) -> None:
    release = with_alias(found(place))
    api_of(release).changes(**now)
    assert restore_code(release, is_mine) is came
    assert api_of(release).calls == []


@pytest.mark.parametrize(
    "now",
    [
        {"code_sha256": has(MINE), "update_status": "Failed"},  # though it never came to be
        {"update_status": "InProgress"},  # and it may come yet
    ],
)
def test_code_of_an_update_that_failed_or_is_under_way_goes_back(
    place: str, now: dict[str, Any]
) -> None:
    release = with_alias(found(place))
    api_of(release).changes(**now)
    assert restore_code(release, is_mine) is None
    latest = api_of(release).latest
    assert latest
    assert latest.code_sha256 == has(BEFORE)
    assert api_of(release).calls == ["update_code"]


def test_code_that_users_of_another_alias_have_by_now_stays(place: str) -> None:
    release = with_alias(found(place))
    api = api_of(release)
    api.changes(code_sha256=has(MINE))
    assert api.latest
    api.versions["2"] = replace(api.latest, version="2")
    api.leads("beta", "2")
    assert restore_code(release, is_mine) is UndoResult.THEIRS


def test_code_of_a_function_that_is_gone_needs_no_way_back(place: str) -> None:
    release = with_alias(found(place))
    api_of(release).latest = None
    assert restore_code(release, is_mine) is UndoResult.NEEDLESS


def test_a_write_that_another_one_stops_is_decided_anew(place: str) -> None:
    release = with_alias(found(place))
    api = api_of(release)
    api.changes(code_sha256=has(MINE))
    api.meanwhile = [lambda: api.changes(memory=1024)]
    assert restore_code(release, is_mine) is None
    assert api.latest
    assert (api.latest.code_sha256, api.latest.memory) == (has(BEFORE), 1024)


def test_a_write_that_others_stop_every_time_is_given_up(place: str) -> None:
    release = with_alias(found(place))
    api = api_of(release)
    api.changes(code_sha256=has(MINE))
    api.meanwhile = [lambda: api.changes()] * 9
    with pytest.raises(Conflict):
        restore_code(release, is_mine)
    assert api.calls == ["update_code"] * 5
    assert marks.LOCK not in api.there


def test_code_that_is_another_one_by_now_is_not_put_back(place: str) -> None:
    before = found(place, code_sha256=has(b"what the place had once"))
    release = with_alias(before)
    api_of(release).changes(code_sha256=has(MINE))
    with pytest.raises(DeployFailed, match="cannot be downloaded"):
        restore_code(release, is_mine)


def test_an_image_goes_back_by_its_digest() -> None:
    before = make.image_state(version=LATEST, revision="r-1")
    release = with_alias(before)
    api_of(release).changes(
        code_sha256="2" * 64, image_digest="sha256:2", code_location="x@sha256:2"
    )
    restore_code(release, lambda now: now.image_digest == "sha256:2")
    latest = api_of(release).latest
    assert latest
    assert latest.code_location == before.code_location


# ---------------------------------------------------------------- where it goes back to


def test_what_no_version_has_and_no_test_has_passed_is_not_put_back(place: str) -> None:
    """It was of a run that failed, or was killed: users have something else."""
    serves = live(found(place))
    release = with_alias(found(code_sha256=has(THEIRS)), serves)
    api_of(release).changes(code_sha256=has(MINE))
    assert restore_code(release, is_mine) is None
    latest = api_of(release).latest
    assert latest
    assert latest.code_sha256 == serves.code_sha256


@pytest.mark.parametrize("is_published", [False, True], ids=["tested", "published"])
def test_what_is_known_of_others_is_put_back(place: str, is_published: bool) -> None:
    before = found(place, memory=1024)
    if not is_published:
        before = replace(before, tags={marks.TESTED: configuration.tested_mark(before)})
    release = with_alias(before, live(found(code_sha256=has(THEIRS))))
    api = api_of(release)
    if is_published:
        api.versions["2"] = replace(before, version="2")
    api.changes(code_sha256=has(MINE))
    assert restore_code(release, is_mine) is None
    assert api.latest
    assert api.latest.code_sha256 == has(BEFORE)


# ---------------------------------------------------------------- another run's on top of it


def test_what_another_run_tests_on_top_is_taken_back_too(place: str) -> None:
    before = found(place)
    release = without_alias(replace(before, tags={marks.TESTED: configuration.tested_mark(before)}))
    tag = {marks.TESTED: f"{marks.UNDER_TEST}another"}
    api_of(release).changes(code_sha256=has(THEIRS), tags=tag)
    assert restore_code(release, is_mine) is None
    latest = api_of(release).latest
    assert latest
    assert latest.code_sha256 == has(BEFORE)


def test_what_another_run_has_proved_on_top_stays(place: str) -> None:
    release = without_alias(found(place))
    theirs = found(place, code_sha256=has(THEIRS))
    api_of(release).changes(
        code_sha256=has(THEIRS), tags={marks.TESTED: configuration.tested_mark(theirs)}
    )
    assert restore_code(release, is_mine) is UndoResult.THEIRS


@pytest.mark.parametrize("tag", ["of what passed once", f"{marks.UNDER_TEST}a third"])
def test_a_run_that_does_not_know_what_users_had_leaves_it_to_the_one_that_does(
    place: str, tag: str
) -> None:
    release = without_alias(found(place, tags={marks.TESTED: tag}))
    on_top = {marks.TESTED: f"{marks.UNDER_TEST}another"}
    api_of(release).changes(code_sha256=has(THEIRS), tags=on_top)
    assert restore_code(release, is_mine) is UndoResult.THEIRS


def test_the_mark_of_its_own_test_makes_nothing_another_runs(place: str) -> None:
    release = without_alias(found(place))
    api_of(release).changes(code_sha256=has(THEIRS), tags={marks.TESTED: under_test(release)})
    assert restore_code(release, is_mine) is UndoResult.THEIRS


def test_settings_that_another_run_tests_on_top_are_taken_back_too() -> None:
    release = with_alias(found(memory=128, environment={"A": "1", "C": "3"}))
    variables = {"A": "5", "C": "3", "D": "4"}
    tags = {marks.TESTED: f"{marks.UNDER_TEST}another"}
    api_of(release).changes(memory=512, environment=variables, timeout=9, tags=tags)
    changes = {"MemorySize": 256, "Environment": {"Variables": {"A": "2", "B": "2"}}}
    assert restore_configuration(release, changes) is None
    latest = api_of(release).latest
    assert latest
    assert (latest.memory, latest.timeout) == (128, 9)  # it has set no timeout itself
    assert latest.environment == {"A": "1", "C": "3", "D": "4"}


# ---------------------------------------------------------------- configuration


def test_a_configuration_goes_back_key_by_key_and_variable_by_variable() -> None:
    release = with_alias(found(memory=128, timeout=3, environment={"A": "1", "B": "1"}))
    ours = {"A": "2", "B": "2", "NEW": "2"}
    changes = {"MemorySize": 256, "Timeout": 30, "Environment": {"Variables": ours}}
    now = {"A": "2", "B": "by hand", "NEW": "2", "HAND": "set"}
    api_of(release).changes(memory=256, timeout=60, environment=now)
    assert restore_configuration(release, changes) is None
    latest = api_of(release).latest
    assert latest
    assert (latest.memory, latest.timeout) == (128, 60)
    assert latest.environment == {"A": "1", "B": "by hand", "HAND": "set"}


def test_a_draft_of_others_stays() -> None:
    """A variable and a layer that no version has yet, and that were sent with what changed."""
    vendor = "arn:aws:lambda:eu-central-1:464622532012:layer:vendor:7"
    old, new = (f"{make.LAYER_ARN[:-1]}{number}" for number in "34")
    users = live(found(environment={"A": "1"}, layers=(old,)))
    draft = found(environment={"A": "1", "HAND": "set"}, layers=(old, vendor))
    release = with_alias(draft, users)
    assert release.observed
    release = replace(release, observed=replace(release.observed, foreign=frozenset([vendor])))
    sent = {"A": "2", "HAND": "set"}
    api_of(release).changes(environment=sent, layers=(new, vendor))
    changes = {"Environment": {"Variables": sent}, "Layers": [new, vendor]}
    assert restore_configuration(release, changes) is None
    latest = api_of(release).latest
    assert latest
    assert (latest.environment, latest.layers) == (draft.environment, draft.layers)


def test_a_configuration_that_was_not_changed_needs_no_way_back() -> None:
    release = with_alias(found(memory=128))
    assert restore_configuration(release, {"MemorySize": 256}) is UndoResult.NEEDLESS
    assert api_of(release).calls == []


def test_a_configuration_that_users_have_by_now_stays() -> None:
    release = with_alias(found(memory=128))
    api = api_of(release)
    api.changes(memory=256)
    assert api.latest
    api.versions["2"] = replace(api.latest, version="2")
    api.leads("beta", "2")
    assert restore_configuration(release, {"MemorySize": 256}) is UndoResult.THEIRS


# ---------------------------------------------------------------- what users have


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"version": "9", "revision": "r-9", "description": "another"}, True),
        ({"tags": {"team": "orders"}, "modified": "later"}, True),
        ({"code_sha256": "another"}, False),
        ({"memory": 1024}, False),
        ({"environment": {"A": "1"}}, False),
    ],
)
def test_two_states_are_the_same_but_for_what_is_a_versions_own(
    changes: dict[str, Any], same: bool
) -> None:
    assert is_same(found(), found(**changes)) is same


def test_users_have_what_an_alias_leads_to_or_what_has_passed_its_tests() -> None:
    release = with_alias(found())
    assert is_live(release, found())
    assert not is_live(release, found(memory=1024))
    tested = found(memory=1024)
    assert is_live(release, replace(tested, tags={marks.TESTED: configuration.tested_mark(tested)}))


def test_the_lock_of_a_run_is_no_users_alias() -> None:
    release = with_alias(found())
    api_of(release).changes(memory=1024)
    api_of(release).leads(marks.LOCK, LATEST)
    assert not is_live(release, found(memory=1024))


def test_whether_no_other_run_was_at_work_when_this_one_began() -> None:
    state, other = found(), found(memory=1024)
    assert was_live(with_alias(state))
    assert not was_live(with_alias(other, live(state)))
    assert not was_live(without_alias(state))
    assert was_live(
        without_alias(replace(state, tags={marks.TESTED: configuration.tested_mark(state)}))
    )
    assert not was_live(context(FakeLambda(None)))


# ---------------------------------------------------------------- tags


@pytest.mark.parametrize(
    ("before", "ours", "now", "came", "then"),
    [
        ({"team": "a"}, {"team": "b"}, {"team": "b"}, None, {"team": "a"}),
        ({}, {"team": "b"}, {"team": "b", "x": "y"}, None, {"x": "y"}),
        ({"team": "a"}, {"team": "b"}, {"team": "c"}, UndoResult.NEEDLESS, {"team": "c"}),
        ({"team": "a"}, {"team": "b"}, {}, UndoResult.NEEDLESS, {}),
    ],
)
def test_tags_go_back_as_far_as_this_run_has_set_them(
    before: dict[str, str],
    ours: dict[str, str],
    now: dict[str, str],
    came: UndoResult | None,
    then: dict[str, str],
) -> None:
    release = with_alias(found(tags=before))
    api = api_of(release)
    api.changes(tags=now)
    functions = release.clients.functions(make.REGION)
    assert (
        restore_setting(functions, TAGS, SettingTarget(release.function, make.ARN), ours, before)
        is came
    )
    assert api.latest
    assert api.latest.tags == then

"""``$LATEST`` becomes what is wanted, and a version: nobody else's change is written over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambda_fast_deploy.errors import (
    ChangedMeanwhile,
    Conflict,
    ContentMismatch,
    ImageRefused,
    NotFound,
    Refused,
)
from lambda_fast_deploy.models import (
    LATEST,
    Archive,
    FunctionState,
    LayerVersion,
    ObservedFunction,
)
from lambda_fast_deploy.release import ownership
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.function_update import NewVersion, stage
from lambda_fast_deploy.release.undo import UndoReport, UndoResult
from lambda_fast_deploy.state import marks
from tests.unit import make
from tests.unit.release.fakes import FakeLambda, context, sha256_of

LABEL = "commit 1234 deployed now"
CODE = b"the new code"
ARCHIVE = Archive(CODE, sha256_of(CODE), 3)
THEIRS = "kept, because another deployment has changed it since"
GZIP = f"{make.REGISTRY}/orders@sha256:{'2' * 64}"


def was(code: str = "before", **changes: Any) -> FunctionState:
    """A version that is what users have before the run."""
    state = make.state(version="1", code_sha256=code, layers=(), revision="r-1", code_location="")
    return replace(state, **changes)


def zipped(
    api: FakeLambda, found: ObservedFunction | None = None, **changes: Any
) -> ReleaseContext:
    """The order to release a zip with another handler and other code."""
    source = make.zip_source(handler="app.new", layers=())
    function = make.function(source=source, **changes.pop("function", {}))
    kinds = changes.pop("changing", "configuration code version")
    archives = {"orders": ARCHIVE}
    code = {"orders": {"ZipFile": CODE}}
    return context(api, function, found, kinds, archives=archives, code=code, **changes)


def existing(**changes: Any) -> tuple[FakeLambda, ReleaseContext]:
    """A function that is there, and the order to release it."""
    live = was()
    api = FakeLambda(live, live)
    api.leads("live", "1")
    return api, zipped(api, make.existing(live), **changes)


def image(api: FakeLambda, found: FunctionState | None, **artifacts: Any) -> ReleaseContext:
    """The order to release another image."""
    function = make.function(source=make.image_source())
    observed = make.existing(found) if found else None
    return context(api, function, observed, "function code version", **artifacts)


def undone(release: ReleaseContext) -> UndoReport:
    return release.undo.undo()


# ---------------------------------------------------------------- a new function


def test_a_new_function_is_created_and_published() -> None:
    api = FakeLambda(None)
    staged = stage(zipped(api, changing="function version"), LABEL)
    assert api.calls == ["create", "publish"]
    assert staged.state.version == "1"
    assert (staged.state.code_sha256, staged.state.description) == (ARCHIVE.sha256, LABEL)
    assert not staged.is_shared


def test_a_new_function_is_deleted_again_and_its_version_with_it() -> None:
    api = FakeLambda(None)
    release = zipped(api, changing="function version")
    stage(release, LABEL)
    assert undone(release) == UndoReport(("creation of function orders",))
    assert api.latest is None


@pytest.mark.parametrize(
    ("refusal", "error", "says"),
    [
        (Conflict("exists"), ChangedMeanwhile, "another deployment created orders"),
        (Refused("no such role"), Refused, "no such role"),
    ],
)
def test_a_function_that_was_not_created_is_nobody_to_delete(
    refusal: Exception, error: type[Exception], says: str
) -> None:
    api = FakeLambda(None)
    api.refusals = [refusal]
    release = zipped(api, changing="function version")
    with pytest.raises(error, match=says):
        stage(release, LABEL)
    assert not release.undo


def test_a_new_image_that_lambda_cannot_read_is_built_in_gzip() -> None:
    api = FakeLambda(None)
    api.refusals = [ImageRefused("zstd")]
    uri = f"{make.REGISTRY}/orders@{make.DIGEST}"
    release = image(api, None, images={"orders": uri}, in_gzip={"orders": lambda: GZIP})
    created = api.create

    def create(name: str, run: str, sha256: str = "", **parameters: Any) -> FunctionState:
        made = created(name, run, sha256, **parameters)
        api.changes(image_digest=parameters["Code"]["ImageUri"].partition("@")[2])
        return made

    api.create = create  # type: ignore[method-assign]
    staged = stage(release, LABEL)
    assert api.calls == ["create", "create", "publish"]
    assert staged.state.code_location == GZIP
    assert undone(release).undone == ("creation of function orders",)


# ---------------------------------------------------------------- changes


def test_configuration_code_and_version_are_what_the_plan_says() -> None:
    api, release = existing()
    staged = stage(release, LABEL)
    assert api.calls == ["configure", "update_code", "publish"]
    assert (staged.state.handler, staged.state.code_sha256) == ("app.new", ARCHIVE.sha256)
    assert staged.state.version == "2"
    assert not staged.is_shared
    details = {entry.id: entry.detail for entry in release.run_log.entries}
    assert details["configuration:orders"] == "handler app.handler → app.new"
    assert details["version:orders"] == "version 2"


def test_what_the_plan_skips_is_not_done() -> None:
    live = was(code=ARCHIVE.sha256)
    api = FakeLambda(live, live)
    stage(zipped(api, make.existing(live), changing="version"), LABEL)
    assert api.calls == ["publish"]


def test_a_configuration_that_is_equal_once_the_layers_are_known_is_not_sent() -> None:
    live = was(handler="app.new")
    api = FakeLambda(live, live)
    release = zipped(api, make.existing(live))
    stage(release, LABEL)
    assert "configure" not in api.calls
    assert release.run_log.entries[0].detail == "unchanged: the layers have the same content"


@pytest.mark.parametrize("number", [0, 1, 2], ids=["configuration", "code", "version"])
def test_a_change_by_somebody_else_is_not_written_over(number: int) -> None:
    api, release = existing()
    api.meanwhile = [None] * number + [lambda: api.changes(timeout=77)]
    with pytest.raises(Conflict, match="another deployment changed orders") as caught:
        stage(release, LABEL)
    assert not isinstance(caught.value, ChangedMeanwhile)
    assert api.latest
    assert api.latest.timeout == 77
    undone(release)
    assert (api.latest.timeout, api.latest.handler) == (77, "app.handler")


@pytest.mark.parametrize(
    ("version", "error"), [("1", ChangedMeanwhile), ("2", Conflict)], ids=["failed", "released"]
)
def test_what_another_run_takes_back_is_looked_at_again(version: str, error: type) -> None:
    live, latest = was(), was(timeout=77)
    api = FakeLambda(latest, live)
    release = zipped(api, make.existing(live, replace(latest, version=LATEST)))

    def ends() -> None:
        api.changes(timeout=live.timeout)
        api.leads("live", version)

    api.meanwhile = [None, None, ends]
    with pytest.raises(Conflict, match="another deployment changed orders") as caught:
        stage(release, LABEL)
    assert type(caught.value) is error


def test_the_same_change_by_somebody_else_is_theirs() -> None:
    api, release = existing()
    api.meanwhile = [lambda: api.changes(handler="app.new")]
    staged = stage(release, LABEL)
    assert staged.is_shared
    undone(release)
    assert api.latest
    assert api.latest.handler == "app.new"


def test_the_same_change_with_another_one_beside_it_is_not_overwritten() -> None:
    api, release = existing()
    api.meanwhile = [lambda: api.changes(handler="app.new", role="arn:another")]
    with pytest.raises(Conflict, match="another deployment changed orders"):
        stage(release, LABEL)


def test_the_same_change_by_this_run_whose_answer_was_lost_is_its_own() -> None:
    api, release = existing()
    lost = Conflict("the RevisionId is another one")
    lost.repeated = True
    api.meanwhile, api.refusals = [lambda: api.changes(handler="app.new")], [lost]
    staged = stage(release, LABEL)
    assert not staged.is_shared
    assert "configuration of orders" in undone(release).undone


@pytest.mark.parametrize("number", [0, 1, 2], ids=["configuration", "code", "version"])
def test_a_function_that_is_gone_is_told_as_that(number: int) -> None:
    api, release = existing()
    api.refusals = [None] * number + [NotFound("no function")]
    with pytest.raises(ChangedMeanwhile, match="orders was deleted"):
        stage(release, LABEL)


def test_a_layer_version_that_was_deleted_meanwhile_is_looked_for_again() -> None:
    live = replace(was(), layers=("arn:old",))
    api = FakeLambda(live, live)
    api.refusals = [Refused(f"Layer version {make.LAYER_ARN} does not exist.")]
    release = context(
        api,
        make.function(),
        make.existing(live),
        "configuration version",
        layers={"deps": LayerVersion(make.LAYER_ARN, 10)},
    )
    with pytest.raises(
        ChangedMeanwhile,
        match=f"layer version {make.LAYER_ARN} was deleted while this run was deploying",
    ):
        stage(release, LABEL)


def test_what_lambda_took_for_the_zip_is_taken_back() -> None:
    api, release = existing(changing="code version")
    api.meanwhile = [lambda: api.changes(code_sha256="exchanged")]
    api.refusals = [ContentMismatch("the code", ARCHIVE.sha256, "exchanged")]
    with pytest.raises(ContentMismatch):
        stage(release, LABEL)
    came = undone(release)
    assert came.left[0].startswith("code of orders: the previous code of orders")  # has no place


def test_an_image_that_lambda_cannot_read_is_built_in_gzip() -> None:
    live = make.image_state(version="1", revision="r-1")
    api = FakeLambda(live, live)
    api.refusals = [ImageRefused("zstd")]
    uri = f"{make.REGISTRY}/orders@sha256:{'3' * 64}"
    release = image(api, live, images={"orders": uri}, in_gzip={"orders": lambda: GZIP})
    staged = stage(release, LABEL)
    assert api.calls == ["update_code", "update_code", "publish"]
    assert staged.state.image_digest == GZIP.partition("@")[2]


def test_an_image_whose_compression_the_user_has_settled_is_not_built_again() -> None:
    live = make.image_state(version="1", revision="r-1")
    api = FakeLambda(live, live)
    api.refusals = [ImageRefused("zstd")]
    with pytest.raises(ImageRefused):
        stage(image(api, live, images={"orders": GZIP}), LABEL)


# ---------------------------------------------------------------- what Lambda is busy with


def busy() -> tuple[FakeLambda, ReleaseContext]:
    """A function that is there and was being updated when the run looked at it."""
    live = was()
    api = FakeLambda(live, live)
    api.leads("live", "1")
    assert api.latest
    found = make.existing(live, replace(api.latest, update_status="InProgress"))
    return api, zipped(api, found)


def test_what_is_under_way_is_waited_for_and_its_revision_is_another_one() -> None:
    api, release = busy()
    api.changes()
    assert stage(release, LABEL).state.version == "2"
    assert api.calls == ["configure", "update_code", "publish"]


def test_a_function_is_adopted_whose_lock_a_killed_run_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ownership, "LEASE", -1.0)
    live = was(tags={marks.CREATED_BY: "a run that was killed"})
    api = FakeLambda(live, live)
    api.leads("live", "1")
    api.leads(marks.LOCK, LATEST, "taken by run a run that was killed")
    stage(zipped(api, make.existing(live)), LABEL)
    assert api.latest
    assert (api.latest.handler, api.latest.code_sha256) == ("app.new", ARCHIVE.sha256)


def test_a_function_that_is_another_one_after_the_wait_is_looked_at_again() -> None:
    api, release = busy()
    api.changes(memory=1024)
    with pytest.raises(ChangedMeanwhile, match="was being updated, and now differs"):
        stage(release, LABEL)
    assert api.calls == []


def test_a_function_that_is_gone_after_the_wait_is_looked_at_again() -> None:
    api, release = busy()
    api.latest = None
    with pytest.raises(ChangedMeanwhile, match="orders was deleted"):
        stage(release, LABEL)


def test_a_new_function_that_lambda_cannot_finish_is_made_anew() -> None:
    api = FakeLambda(None)
    release = image(api, None, images={"orders": "zstd"}, in_gzip={"orders": lambda: GZIP})
    created, refusals = api.create, [ImageRefused("zstd")]

    def create(name: str, run: str, sha256: str = "", **parameters: Any) -> FunctionState:
        made = created(name, run, sha256, **parameters)
        api.changes(image_digest=parameters["Code"]["ImageUri"].partition("@")[2])
        return made

    def settled(name: str, version: str = "", *, is_new: bool = False) -> FunctionState:
        if refusals:
            raise refusals.pop()
        return api.at_rest(name, version)

    api.create, api.settled = create, settled  # type: ignore[method-assign]
    assert stage(release, LABEL).state.code_location == GZIP
    assert api.calls == ["create", "delete", "create", "publish"]
    assert undone(release) == UndoReport(("creation of function orders",))


# ---------------------------------------------------------------- a version


def test_where_users_call_latest_nothing_is_published() -> None:
    state = replace(was(), version=LATEST)
    api = FakeLambda(state)
    function = {"alias": LATEST, "tests": (make.HEALTH,)}
    staged = stage(zipped(api, ObservedFunction(state, None, None), function=function), LABEL)
    assert api.calls == ["configure", "update_code"]
    assert (staged.state.version, staged.is_shared) == (LATEST, True)  # no tag says it was tested


def test_what_users_did_not_have_when_the_run_began_is_shared() -> None:
    live = was()
    api = FakeLambda(replace(live, memory=1024, version=LATEST), live)
    assert api.latest
    assert stage(zipped(api, make.existing(live, api.latest)), LABEL).is_shared


def test_a_version_whose_answer_was_lost_is_this_runs() -> None:
    api, release = existing()
    published = replace(was(), version="2", description=LABEL)
    api.meanwhile = [None, None, lambda: api.versions.update({"2": published})]
    api.refusals = [None, None, Conflict("the RevisionId is another one")]
    assert stage(release, LABEL).state == replace(published, code_location="")


def test_a_version_that_lambda_gives_once_more_is_not_this_runs() -> None:
    api, release = existing(changing="version")
    api.publish = lambda *_: api.versions["1"]  # type: ignore[method-assign]
    assert stage(release, LABEL).state.version == "1"
    assert not release.undo


def test_an_image_is_published_by_the_hash_that_lambda_has_of_it() -> None:
    live = make.image_state(version="1", revision="r-1")
    api = FakeLambda(live, live)
    release = image(api, live, images={"orders": GZIP})
    assert stage(release, LABEL).state.code_sha256 == live.code_sha256
    api = FakeLambda(live, live)
    api.update_code = lambda *_: live  # type: ignore[method-assign]
    with pytest.raises(Conflict, match="another deployment changed the code of orders"):
        stage(image(api, live, images={"orders": GZIP}), LABEL)


def test_what_another_run_changes_after_an_update_of_the_image_is_not_published() -> None:
    live = make.image_state(version="1", revision="r-1")
    api = FakeLambda(live, live)
    update_code = api.update_code

    def overtaken(*settings: Any) -> FunctionState:
        state = update_code(*settings)
        api.changes(memory=1024)
        return state

    api.update_code = overtaken  # type: ignore[assignment, method-assign]
    with pytest.raises(Conflict, match="another deployment changed orders"):
        stage(image(api, live, images={"orders": GZIP}), LABEL)


# ---------------------------------------------------------------- a version's way back


def published() -> tuple[FakeLambda, ReleaseContext, NewVersion]:
    live = was(code=ARCHIVE.sha256)
    api = FakeLambda(live, live)
    release = zipped(api, make.existing(live), changing="version")
    return api, release, stage(release, LABEL)


def test_a_version_of_this_run_is_deleted() -> None:
    api, release, _ = published()
    assert undone(release).undone == ("version 2 of orders",)
    assert list(api.versions) == ["1"]


def test_a_version_that_is_gone_needs_no_way_back() -> None:
    api, release, _ = published()
    del api.versions["2"]
    assert undone(release) == UndoReport()


def test_a_version_that_another_run_leads_users_to_stays() -> None:
    api, release, _ = published()
    api.leads("live", "2", f"{marks.UNDER_TEST}another")
    assert undone(release).spared == (f"version 2 of orders: {THEIRS}",)
    assert "2" in api.versions


def test_a_version_that_this_run_could_not_lead_users_from_is_left() -> None:
    api, release, _ = published()
    api.leads("live", "2", f"{marks.UNDER_TEST}{release.run_log.run}, back to version 1")
    assert undone(release).left == ("version 2 of orders: an alias points to it",)


@pytest.mark.parametrize("lets_go", [True, False])
def test_a_version_that_serves_until_another_can_is_deleted_if_that_is_waited_for(
    *, lets_go: bool
) -> None:
    api, release, _ = published()
    api.leads("live", "1")
    api.there["live"] = replace(api.there["live"], weights={"2": 1.0})
    api.lets_go = lets_go  # a run that is cancelled does not wait
    came = undone(release)
    assert ("2" in api.versions) != lets_go
    assert came.undone == (("version 2 of orders",) if lets_go else ())
    assert came.spared == (() if lets_go else (f"version 2 of orders: {UndoResult.SERVES.value}",))

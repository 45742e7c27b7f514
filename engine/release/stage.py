"""What was asked for, in ``$LATEST`` and published as a version; no user has met it yet."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.adapters.aws.states import under_way
from engine.errors import Conflict, Exchanged, ImageRefused, NotFound, Overtaken, Refused
from engine.model import FunctionState, ZipSource
from engine.plan.configuration import creation, summary, update
from engine.plan.problems import unusable
from engine.release.before import (
    is_had_as_found,
    is_same,
    restore_code,
    restore_configuration,
    restore_tags,
)
from engine.release.order import Order
from engine.release.ownership import adopt, is_of_a_run, take_back_creation
from engine.release.undo import Back
from engine.release.version import publish


@dataclass(frozen=True, slots=True)
class Staged:
    """What users are to have; its ``code_location`` is the image's URI, if it is one.

    ``is_shared``: ``$LATEST`` was not what users had when this run found it, so another one may
    take a part of it back.
    """

    state: FunctionState
    is_shared: bool


def stage(order: Order, label: str) -> Staged:
    """Bring ``$LATEST`` to what is wanted, and publish it if users call an alias.

    Args:
        order: the function.
        label: description of the version; unlike that of any other run, so that a version
            which AWS found to exist already can be told from a new one.

    Raises:
        DeployError: AWS refused; what was changed so far is in the order's undo.
    """
    return _Stage(order).publish(label)


def retag(order: Order) -> None:
    """Give the function its tags, if the plan says so; they belong to no version."""
    if order.observed is None or not order.function.configuration.tags or not order.wanted("tags"):
        return
    before, functions = order.observed.latest, order.world.functions(order.region)
    tags = order.function.configuration.tags
    with order.working("tags") as detail:
        order.undo.record(f"tags of {order.name}", lambda: restore_tags(functions, before, tags))
        functions.tag(before.arn, tags)
        detail(", ".join(sorted(tags)))


class _Stage:
    """One function on its way into a version; ``_revision`` is as this run left it last."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._functions = order.world.functions(order.region)
        self._image = order.artifacts.images.get(order.name, "")
        self._is_theirs = False  # whether others have made a change that this run was to make
        self._exchanged = ""  # of what Lambda took for the zip of this run
        self._revision = order.observed.latest.revision if order.observed else ""
        self._foreign = order.observed.foreign if order.observed else frozenset()

    def publish(self, label: str) -> Staged:
        order = self._order
        if order.observed is None:
            self._create()
        else:
            self._wait(order.observed.latest)
            if is_of_a_run(order):
                self._adopt(order.observed.latest)
            if order.wanted("configuration"):
                self._configure(order.observed.latest)
            if order.wanted("code"):
                self._upload()
        if order.function.has_alias:
            sha256 = self._wanted_sha256()
            state = publish(order, label, sha256, self._revision)
        else:
            order.journal.check()  # a run that is cancelled has not waited for Lambda
            found = self._functions.read(order.name)
            if found is None:
                raise Overtaken(f"{order.name} is gone")
            state = found
        is_shared = self._is_theirs or (order.observed is not None and not is_had_as_found(order))
        return Staged(replace(state, code_location=self._image), is_shared)

    def _wait(self, found: FunctionState) -> None:
        """Let a change end that was under way when this run looked at the function.

        Raises:
            Overtaken: the function is another one after it.
            NotReady: it has failed, so that it takes no change.
        """
        order, doing = self._order, under_way(found)
        if not doing:
            return
        says = f"{order.name} is {doing}"
        with order.journal.work(f"function:{order.name}", "read", says, order.region) as detail:
            try:
                now = self._functions.at_rest(order.name)
            except NotFound:
                raise Overtaken(f"{order.name} is gone") from None
            if problem := unusable(order.name, now, order.region):
                raise problem
            if not is_same(now, found):
                raise Overtaken(
                    f"{order.name} was being updated, and differs now from what was planned for"
                )
            self._revision = now.revision
            detail(f"{order.name} is {now.state}")

    def _adopt(self, found: FunctionState) -> None:
        """Take the function over from the run that is creating it, or was killed."""
        now = adopt(self._order)
        if is_same(now, found):
            self._revision = now.revision

    # ------------------------------------------------------------ a new function

    def _create(self) -> None:
        with self._order.working("function"):
            try:
                self._create_once()
            except ImageRefused as refusal:
                self._in_gzip(refusal)
                self._create_once()
            name = self._order.name
            try:
                self._revision = self._functions.settled(name, is_new=True)
            except ImageRefused as refusal:
                self._in_gzip(refusal)
                self._delete(refusal)
                self._create_once()
                self._revision = self._functions.settled(name, is_new=True)

    def _delete(self, refusal: ImageRefused) -> None:
        """Delete the function that this run has made: one that is Failed takes no other code.

        Raises:
            ImageRefused: it is not this run's any more.
        """
        order = self._order
        if take_back_creation(order) is Back.THEIRS:
            raise refusal
        order.undo.forget()
        self._functions.gone(order.name)

    def _create_once(self) -> None:
        order = self._order
        order.undo.record(f"creation of function {order.name}", lambda: take_back_creation(order))
        parameters = creation(order.function, self._layers())
        try:
            with self._taken(), self._layers_are_there():
                self._functions.create(
                    order.name,
                    order.journal.run,
                    self._zip_sha256(),
                    Code=self._code(),
                    **parameters,
                )
        except Refused as refusal:
            order.undo.forget()  # AWS said no: whatever is there is not ours to delete
            if isinstance(refusal, Conflict) and not isinstance(refusal, Overtaken):
                says = f"somebody else created {order.name} while this run was deploying"
                raise Overtaken(says, remedy=refusal.remedy) from None
            raise

    # ------------------------------------------------------------ changes

    def _configure(self, before: FunctionState) -> None:
        order = self._order
        with order.working("configuration") as detail:
            changes = self._changes(before)
            if not changes:
                detail("equal after all: the layers hold the same")
                return
            order.undo.record(
                f"configuration of {order.name}", lambda: restore_configuration(order, changes)
            )
            with self._layers_are_there():
                self._revision = self._guarded(
                    lambda: self._functions.configure(order.name, changes, self._revision),
                    lambda now: not self._changes(now),
                )
            detail(summary(order.function, before, changes, self._foreign))

    def _changes(self, now: FunctionState) -> dict[str, Any]:
        """What of a configuration is not as it was asked for."""
        return update(self._order.function, now, self._layers(), self._foreign)

    def _upload(self) -> None:
        order = self._order
        with order.working("code") as detail:
            if not order.function.has_alias:  # where its code is was told for ten minutes
                order = self._found_again(order)
            order.undo.record(f"code of {order.name}", lambda: restore_code(order, self._is_ours))
            try:
                self._revision = self._guarded(self._update_code, self._has_code)
            except ImageRefused as refusal:
                self._in_gzip(refusal)
                self._revision = ""  # the refused update has moved it on
                self._revision = self._guarded(self._update_code, self._has_code)
            if self._image:
                detail(self._image.rpartition("@")[2][:19])
            else:
                detail(f"{order.artifacts.archives[order.name].size / 1000:.1f} kB uploaded")

    def _found_again(self, order: Order) -> Order:
        """The order with a place where the code that ``$LATEST`` has now can be fetched."""
        observed = order.observed
        now = self._functions.read(order.name) if observed else None
        if observed is None or now is None:
            return order
        latest = replace(observed.latest, code_location=now.code_location)
        return replace(order, observed=replace(observed, latest=latest))

    def _update_code(self) -> str:
        order, observed = self._order, self._order.observed
        with self._taken():
            return self._functions.update_code(
                order.name,
                self._code(),
                order.function.architecture,
                observed.latest.code_key if observed else "",
                self._revision,
                self._zip_sha256(),
            )

    @contextlib.contextmanager
    def _taken(self) -> Iterator[None]:
        """Keep what Lambda took instead of the zip: it is this run that has to take it back."""
        try:
            yield
        except Exchanged as error:
            self._exchanged = error.sha256
            raise

    def _has_code(self, now: FunctionState) -> bool:
        if self._image:
            return now.image_digest == self._image.partition("@")[2]
        return now.code_sha256 == self._zip_sha256()

    def _is_ours(self, now: FunctionState) -> bool:
        """Whether the code is what this run has put there, or what Lambda took for it."""
        return self._has_code(now) or now.code_sha256 == self._exchanged

    @contextlib.contextmanager
    def _layers_are_there(self) -> Iterator[None]:
        """A call that attaches layers, a version of which may have been deleted since the plan.

        Raises:
            Overtaken: one was.
        """
        try:
            yield
        except Refused as refusal:
            if gone := next((arn for arn in self._layers() if arn in refusal.message), ""):
                raise Overtaken(f"layer version {gone} was deleted meanwhile") from None
            raise

    def _guarded(self, change: Callable[[], str], done: Callable[[FunctionState], bool]) -> str:
        """Make a change that somebody else's would stop; the revision after it.

        Raises:
            Conflict: somebody else changed the function since this run looked at it.
        """
        order = self._order
        try:
            return change()
        except NotFound:
            raise Overtaken(f"{order.name} is gone") from None
        except Conflict as conflict:
            now = self._functions.read(order.name)
            if now and done(now):
                if not conflict.repeated:  # somebody else wants the same, and did it first
                    self._is_theirs = True
                    order.undo.forget()
                return self._functions.settled(order.name)
            when = f" at {now.modified}" if now else ""
            raise order.theirs(f"changed {order.name}{when}") from None

    def _wanted_sha256(self) -> str:
        """The CodeSha256 that ``$LATEST`` must have when it is published.

        Of a zip it is known beforehand, so that somebody else's code cannot slip in between. Of an
        image it is Lambda's own, taken from ``$LATEST`` once that holds the digest we deployed.

        Raises:
            Conflict: ``$LATEST`` holds another image, or nothing.
        """
        order = self._order
        if sha256 := self._zip_sha256():
            return sha256
        latest = self._functions.read(order.name)
        if latest is None or not self._has_code(latest):
            raise order.theirs(f"changed the code of {order.name}")
        self._revision = latest.revision
        return latest.code_sha256

    # ------------------------------------------------------------ what it is made of

    def _layers(self) -> tuple[str, ...]:
        source = self._order.function.source
        names = source.layers if isinstance(source, ZipSource) else ()
        return tuple(self._order.artifacts.layers[name].arn for name in names)

    def _code(self) -> Mapping[str, Any]:
        """The code as ``CreateFunction`` and ``UpdateFunctionCode`` take it."""
        if isinstance(self._order.function.source, ZipSource):
            return self._order.artifacts.code[self._order.name]
        return {"ImageUri": self._image}

    def _zip_sha256(self) -> str:
        """The CodeSha256 of the zip, or nothing of an image."""
        archived = self._order.artifacts.archives.get(self._order.name)
        return archived.sha256 if archived else ""

    def _in_gzip(self, refusal: ImageRefused) -> None:
        """Go on with an image that every Lambda reads.

        Raises:
            ImageRefused: the user has settled the compression.
        """
        rebuild = self._order.artifacts.in_gzip.get(self._order.name)
        if rebuild is None:
            raise refusal
        self._image = rebuild()

"""What was asked for, in ``$LATEST`` and published as a version; no user has met it yet."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.errors import Conflict, DeployFailed, Exchanged, ImageRefused, NotFound, Refused
from engine.model import FunctionState, ObservedFunction, ZipSource
from engine.plan.configuration import creation, update
from engine.release.before import restore_code, restore_configuration, restore_tags
from engine.release.order import Order
from engine.release.undo import Back


def stage(order: Order, label: str) -> FunctionState:
    """Bring ``$LATEST`` to what is wanted, and publish it if users call an alias.

    Args:
        order: the function.
        label: description of the version; unlike that of any other run, so that a version
            which AWS found to exist already can be told from a new one.

    Returns:
        What users are to have; its ``code_location`` is the image's URI, if it is one.

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
        self._exchanged = ""  # of what Lambda took for the zip of this run
        self._revision = order.observed.latest.revision if order.observed else ""

    def publish(self, label: str) -> FunctionState:
        order = self._order
        if order.observed is None:
            self._create()
        else:
            if order.wanted("configuration"):
                self._configure(order.observed.latest)
            if order.wanted("code"):
                self._upload(order.observed)
        if order.function.has_alias:
            state = self._publish(label)
        else:
            found = self._functions.read(order.name)
            if found is None:
                raise DeployFailed(f"{order.name} is gone", remedy="Run again to create it.")
            state = found
        return replace(state, code_location=self._image)

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
                self._revision = self._functions.settled(name)
            except ImageRefused as refusal:
                self._in_gzip(refusal)
                self._revision = self._update_code()

    def _create_once(self) -> None:
        order = self._order
        order.undo.record(
            f"creation of function {order.name}", lambda: self._unless_theirs(self._delete)
        )
        parameters = creation(order.function, self._layers())
        try:
            with self._taken():
                self._functions.create(
                    order.name, self._zip_sha256(), Code=self._code(), **parameters
                )
        except Refused as refusal:
            there = self._functions.read(order.name) if isinstance(refusal, Conflict) else None
            if there and self._has_code(there) and not self._has_alias():
                return  # it was this run: the answer had been lost, and it asked again
            order.undo.forget()  # AWS said no: whatever is there is not ours to delete
            if isinstance(refusal, Conflict):
                raise order.theirs(f"created {order.name}") from None
            raise

    def _has_alias(self) -> bool:
        name, alias = self._order.name, self._order.function.alias
        return self._order.world.versions(self._order.region).alias(name, alias) is not None

    def _delete(self) -> Back | None:
        try:
            self._functions.delete(self._order.name)
        except NotFound:  # the answer was lost, and so was the call
            return Back.NEEDLESS
        return None

    # ------------------------------------------------------------ changes

    def _configure(self, before: FunctionState) -> None:
        order = self._order
        with order.working("configuration") as detail:
            changes = update(order.function, before, self._layers())
            if not changes:
                detail("equal after all: the layers hold the same")
                return
            order.undo.record(
                f"configuration of {order.name}",
                lambda: self._unless_theirs(
                    lambda: restore_configuration(self._functions, order.name, changes, before)
                ),
            )
            self._revision = self._guarded(
                lambda: self._functions.configure(order.name, changes, self._revision),
                lambda now: not update(order.function, now, self._layers()),
            )
            detail(", ".join(sorted(changes)))

    def _upload(self, observed: ObservedFunction) -> None:
        order = self._order
        with order.working("code") as detail:
            if not order.function.has_alias:  # the location is good for ten minutes
                latest = self._functions.read(order.name) or observed.latest
                place = latest.code_location
                observed = replace(observed, latest=replace(observed.latest, code_location=place))
            order.undo.record(
                f"code of {order.name}",
                lambda: self._unless_theirs(
                    lambda: restore_code(self._functions, order.name, observed)
                ),
            )
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

    def _guarded(self, change: Callable[[], str], done: Callable[[FunctionState], bool]) -> str:
        """Make a change that somebody else's would stop; the revision after it.

        Raises:
            Conflict: somebody else changed the function since this run looked at it.
        """
        try:
            return change()
        except Conflict:
            now = self._functions.read(self._order.name)
            if now and done(now):  # it was this run: the answer had been lost, and it asked again
                return self._functions.settled(self._order.name)
            when = f" at {now.modified}" if now else ""
            raise self._order.theirs(f"changed {self._order.name}{when}") from None

    # ------------------------------------------------------------ a version

    def _publish(self, label: str) -> FunctionState:
        order, versions = self._order, self._order.world.versions(self._order.region)
        with order.working("version") as detail:
            try:
                published = versions.publish(
                    order.name, self._wanted_sha256(), label, self._revision
                )
            except Conflict:
                newest = next(iter(versions.every(order.name)), None)
                if newest is None or newest.description != label:
                    raise order.theirs(f"changed {order.name}") from None
                published = newest  # it was this run: the answer had been lost
            if published.description == label and order.observed is not None:
                order.undo.record(
                    f"version {published.version} of {order.name}",
                    lambda: self._unpublish(published.version),
                )
            detail(f"version {published.version}")
            return published

    def _unpublish(self, version: str) -> Back | None:
        """Delete the version again, unless the alias of another run leads to it by now."""
        order, versions = self._order, self._order.world.versions(self._order.region)
        try:
            versions.delete(order.name, version)
        except Conflict:
            now = versions.alias(order.name, order.function.alias)
            if now and version in (now.version, *now.weights):
                return Back.THEIRS
            raise
        return None

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

    def _unless_theirs(self, way: Callable[[], Back | None]) -> Back | None:
        """Put something back, but only while nobody else has deployed since.

        Whoever made or moved the alias in the meantime, or put other code there, stands on what is
        there now. Our own move of the alias has been undone before this is asked.
        """
        order = self._order
        latest = self._functions.read(order.name)
        if latest is None and order.observed is None:
            return Back.NEEDLESS
        before = order.observed.latest.code_sha256 if order.observed else ""
        is_ours = latest and (self._has_code(latest) or latest.code_sha256 == self._exchanged)
        if latest and latest.code_sha256 != before and not is_ours:
            return Back.THEIRS
        if order.function.has_alias:
            was = order.observed.alias if order.observed else None
            now = order.world.versions(order.region).alias(order.name, order.function.alias)
            if now and (was is None or now.version != was.version):
                return Back.THEIRS
        return way()

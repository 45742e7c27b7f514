"""What was asked for, in ``$LATEST`` and published as a version; no user has met it yet."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.function_states import under_way
from lambda_fast_deploy.errors import (
    ChangedMeanwhile,
    Conflict,
    ContentMismatch,
    ImageRefused,
    NotFound,
    Refused,
)
from lambda_fast_deploy.models import FunctionState, ZipSource
from lambda_fast_deploy.planning.configuration import creation, summary, update
from lambda_fast_deploy.planning.problems import unusable
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.ownership import adopt, is_of_a_run, take_back_creation
from lambda_fast_deploy.release.publish import publish
from lambda_fast_deploy.release.restore import (
    is_had_as_found,
    is_same,
    restore_code,
    restore_configuration,
    restore_tags,
)
from lambda_fast_deploy.release.undo import UndoResult


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What users are to have; its ``code_location`` is the image's URI, if it is one.

    ``is_shared``: ``$LATEST`` was not what users had when this run found it, so another one may
    take a part of it back.
    """

    state: FunctionState
    is_shared: bool


def stage(context: ReleaseContext, label: str) -> NewVersion:
    """Bring ``$LATEST`` to what is wanted, and publish it if users call an alias.

    Args:
        order: the function.
        label: description of the version; unlike that of any other run, so that a version
            which AWS found to exist already can be told from a new one.

    Raises:
        DeployError: AWS refused; what was changed so far is in the order's undo.
    """
    return _FunctionUpdate(context).publish(label)


def retag(context: ReleaseContext) -> None:
    """Give the function its tags, if the plan says so; they belong to no version."""
    if (
        context.observed is None
        or not context.function.configuration.tags
        or not context.wanted("tags")
    ):
        return
    before, functions = context.observed.latest, context.clients.functions(context.region)
    tags = context.function.configuration.tags
    with context.working("tags") as detail:
        context.undo.record(
            f"tags of {context.name}", lambda: restore_tags(functions, before, tags)
        )
        functions.tag(before.arn, tags)
        detail(", ".join(sorted(tags)))


class _FunctionUpdate:
    """One function on its way into a version; ``_revision`` is as this run left it last."""

    def __init__(self, context: ReleaseContext) -> None:
        self._context = context
        self._functions = context.clients.functions(context.region)
        self._image = context.artifacts.images.get(context.name, "")
        self._is_theirs = False  # whether others have made a change that this run was to make
        self._exchanged = ""  # of what Lambda took for the zip of this run
        self._revision = context.observed.latest.revision if context.observed else ""
        self._foreign = context.observed.foreign if context.observed else frozenset()

    def publish(self, label: str) -> NewVersion:
        context = self._context
        if context.observed is None:
            self._create()
        else:
            self._wait(context.observed.latest)
            if is_of_a_run(context):
                self._adopt(context.observed.latest)
            if context.wanted("configuration"):
                self._configure(context.observed.latest)
            if context.wanted("code"):
                self._upload()
        if context.function.has_alias:
            sha256 = self._wanted_sha256()
            state = publish(context, label, sha256, self._revision)
        else:
            context.journal.check()  # a run that is cancelled has not waited for Lambda
            found = self._functions.read(context.name)
            if found is None:
                raise ChangedMeanwhile(f"{context.name} is gone")
            state = found
        is_shared = self._is_theirs or (
            context.observed is not None and not is_had_as_found(context)
        )
        return NewVersion(replace(state, code_location=self._image), is_shared)

    def _wait(self, found: FunctionState) -> None:
        """Let a change end that was under way when this run looked at the function.

        Raises:
            Overtaken: the function is another one after it.
            NotReady: it has failed, so that it takes no change.
        """
        context, doing = self._context, under_way(found)
        if not doing:
            return
        says = f"{context.name} is {doing}"
        with context.journal.work(
            f"function:{context.name}", "read", says, context.region
        ) as detail:
            try:
                now = self._functions.at_rest(context.name)
            except NotFound:
                raise ChangedMeanwhile(f"{context.name} is gone") from None
            if problem := unusable(context.name, now, context.region):
                raise problem
            if not is_same(now, found):
                raise ChangedMeanwhile(
                    f"{context.name} was being updated, and differs now from what was planned for"
                )
            self._revision = now.revision
            detail(f"{context.name} is {now.state}")

    def _adopt(self, found: FunctionState) -> None:
        """Take the function over from the run that is creating it, or was killed."""
        now = adopt(self._context)
        if is_same(now, found):
            self._revision = now.revision

    # ------------------------------------------------------------ a new function

    def _create(self) -> None:
        with self._context.working("function"):
            try:
                self._create_once()
            except ImageRefused as refusal:
                self._in_gzip(refusal)
                self._create_once()
            name = self._context.name
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
        context = self._context
        if take_back_creation(context) is UndoResult.THEIRS:
            raise refusal
        context.undo.forget()
        self._functions.gone(context.name)

    def _create_once(self) -> None:
        context = self._context
        context.undo.record(
            f"creation of function {context.name}", lambda: take_back_creation(context)
        )
        parameters = creation(context.function, self._layers())
        try:
            with self._taken(), self._layers_are_there():
                self._functions.create(
                    context.name,
                    context.journal.run,
                    self._zip_sha256(),
                    Code=self._code(),
                    **parameters,
                )
        except Refused as refusal:
            context.undo.forget()  # AWS said no: whatever is there is not ours to delete
            if isinstance(refusal, Conflict) and not isinstance(refusal, ChangedMeanwhile):
                says = f"somebody else created {context.name} while this run was deploying"
                raise ChangedMeanwhile(says, remedy=refusal.remedy) from None
            raise

    # ------------------------------------------------------------ changes

    def _configure(self, before: FunctionState) -> None:
        context = self._context
        with context.working("configuration") as detail:
            changes = self._changes(before)
            if not changes:
                detail("equal after all: the layers hold the same")
                return
            context.undo.record(
                f"configuration of {context.name}", lambda: restore_configuration(context, changes)
            )
            with self._layers_are_there():
                self._revision = self._guarded(
                    lambda: self._functions.configure(context.name, changes, self._revision),
                    lambda now: not self._changes(now),
                )
            detail(summary(context.function, before, changes, self._foreign))

    def _changes(self, now: FunctionState) -> dict[str, Any]:
        """What of a configuration is not as it was asked for."""
        return update(self._context.function, now, self._layers(), self._foreign)

    def _upload(self) -> None:
        context = self._context
        with context.working("code") as detail:
            if not context.function.has_alias:  # where its code is was told for ten minutes
                context = self._found_again(context)
            context.undo.record(
                f"code of {context.name}", lambda: restore_code(context, self._is_ours)
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
                detail(f"{units.size(context.artifacts.archives[context.name].size)} uploaded")

    def _found_again(self, context: ReleaseContext) -> ReleaseContext:
        """The order with a place where the code that ``$LATEST`` has now can be fetched."""
        observed = context.observed
        now = self._functions.read(context.name) if observed else None
        if observed is None or now is None:
            return context
        latest = replace(observed.latest, code_location=now.code_location)
        return replace(context, observed=replace(observed, latest=latest))

    def _update_code(self) -> str:
        context, observed = self._context, self._context.observed
        with self._taken():
            return self._functions.update_code(
                context.name,
                self._code(),
                context.function.architecture,
                observed.latest.code_key if observed else "",
                self._revision,
                self._zip_sha256(),
            )

    @contextlib.contextmanager
    def _taken(self) -> Iterator[None]:
        """Keep what Lambda took instead of the zip: it is this run that has to take it back."""
        try:
            yield
        except ContentMismatch as error:
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
                raise ChangedMeanwhile(f"layer version {gone} was deleted meanwhile") from None
            raise

    def _guarded(self, change: Callable[[], str], done: Callable[[FunctionState], bool]) -> str:
        """Make a change that somebody else's would stop; the revision after it.

        Raises:
            Conflict: somebody else changed the function since this run looked at it.
        """
        context = self._context
        try:
            return change()
        except NotFound:
            raise ChangedMeanwhile(f"{context.name} is gone") from None
        except Conflict as conflict:
            now = self._functions.read(context.name)
            if now and done(now):
                if not conflict.repeated:  # somebody else wants the same, and did it first
                    self._is_theirs = True
                    context.undo.forget()
                return self._functions.settled(context.name)
            when = f" at {now.modified}" if now else ""
            raise context.theirs(f"changed {context.name}{when}") from None

    def _wanted_sha256(self) -> str:
        """The CodeSha256 that ``$LATEST`` must have when it is published.

        Of a zip it is known beforehand, so that somebody else's code cannot slip in between. Of an
        image it is Lambda's own, taken from ``$LATEST`` once that holds the digest we deployed.

        Raises:
            Conflict: ``$LATEST`` holds another image, or nothing.
        """
        context = self._context
        if sha256 := self._zip_sha256():
            return sha256
        latest = self._functions.read(context.name)
        if latest is None or not self._has_code(latest):
            raise context.theirs(f"changed the code of {context.name}")
        self._revision = latest.revision
        return latest.code_sha256

    # ------------------------------------------------------------ what it is made of

    def _layers(self) -> tuple[str, ...]:
        source = self._context.function.source
        names = source.layers if isinstance(source, ZipSource) else ()
        return tuple(self._context.artifacts.layers[name].arn for name in names)

    def _code(self) -> Mapping[str, Any]:
        """The code as ``CreateFunction`` and ``UpdateFunctionCode`` take it."""
        if isinstance(self._context.function.source, ZipSource):
            return self._context.artifacts.code[self._context.name]
        return {"ImageUri": self._image}

    def _zip_sha256(self) -> str:
        """The CodeSha256 of the zip, or nothing of an image."""
        archived = self._context.artifacts.archives.get(self._context.name)
        return archived.sha256 if archived else ""

    def _in_gzip(self, refusal: ImageRefused) -> None:
        """Go on with an image that every Lambda reads.

        Raises:
            ImageRefused: the user has settled the compression.
        """
        rebuild = self._context.artifacts.in_gzip.get(self._context.name)
        if rebuild is None:
            raise refusal
        self._image = rebuild()

"""The alias moves last, in one atomic call; until then users are on the previous version.

From its move until the last test has passed it says that its version is under test. Each move is
made on the condition that nobody else has moved it since (API: ``UpdateAlias``, ``RevisionId``), so
that call alone decides whose the alias is, with its function URL.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.errors import Conflict, NotFound
from lambda_fast_deploy.models import AliasState, Speed
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.ownership import wait_for_undo
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.state import descriptions, marks

TRIES = 10  # moves, each on the condition that nothing has changed since the look before it


class AliasMoves:
    """The alias of one function on its way; the way back is recorded before the first move.

    ``home`` is the version that users had when all tests had passed: where an undo leads them.
    ``met``: another run has moved the alias while this one was under way.
    """

    def __init__(self, context: ReleaseContext) -> None:
        self._context = context
        self._versions = context.clients.versions(context.region)
        self._before = context.observed.alias if context.observed else None
        self._now = self._before
        self._ours: list[_AliasTarget] = []
        self._is_theirs = False
        self.met = False
        self.home = descriptions.proved_by(self._before)

    def to(
        self, version: str, description: str, weights: Mapping[str, float] | None = None
    ) -> AliasState:
        """Let the alias lead to a version, and to others by ``weights`` (parts of 1).

        Raises:
            Conflict: somebody else has moved it since this run began.
        """
        wanted = _AliasTarget(version, dict(weights or {}), description)
        if self._now and self._now.is_going:
            self._now = wait_for_undo(self._context, self._now)
        if not self._ours:
            self._record()
        self._ours.append(wanted)
        for _ in range(TRIES):
            try:
                self._now = self._move(wanted)
                return self._now
            except (Conflict, NotFound):
                found = self._found()
            if found and found.is_going:
                found = wait_for_undo(self._context, found)
            if found and wanted.is_at(found):  # only the answer had been lost
                self._now = found
                return found
            self.met = True
            if not (self._is_known(found) or self._is_as_found(found)):
                break
            self._now = found
        self._ours.remove(wanted)
        if found and found.is_settled and found.version == version and not weights:
            self._now, self._is_theirs = found, True  # another run has led users there
            return found
        raise self._theirs(found)

    def arrive(self) -> None:
        """Wait until users have the version that the alias leads to.

        Raises:
            DeployFailed: they do not after so long.
            Cancelled: the run was, before they did.
            Conflict: somebody else has moved the alias meanwhile.
        """
        if self._now is None:
            return
        found = self._versions.arrived(self._context.name, self._now)
        self._context.run_log.cancellation.check()
        if not self._is_known(found):
            raise self._theirs(found)
        self._now = found

    def confirm(self, description: str) -> None:
        """Say that the last test of the version has passed.

        Raises:
            Conflict: somebody else has moved the alias.
        """
        if self._now and self._now.is_under_test and self._is_ours(self._now):
            self.to(self._now.version, description)

    def _move(self, wanted: _AliasTarget) -> AliasState:
        name, alias = self._context.name, self._context.function.alias
        if self._now is None:
            return self._versions.create_alias(name, alias, wanted.version, wanted.description)
        return self._versions.move_alias(
            name, alias, wanted.version, wanted.description, self._now.revision, wanted.weights
        )

    def _is_ours(self, found: AliasState) -> bool:
        """Whether this run has led it to where it is."""
        return any(lead.is_at(found) for lead in self._ours)

    def _is_known(self, found: AliasState | None) -> bool:
        """Whether it is where it was when this run saw it last; its revision can be another one.

        AWS changes that itself when it lets the version serve that has been waiting for its
        provisioned concurrency.
        """
        return self._now is not None and _lead_of(self._now).is_at(found)

    def is_back(self, found: AliasState) -> bool:
        """Whether this run has led all users to the version that the alias leads to."""
        return bool(self._ours) and not self._ours[-1].weights and self._ours[-1].is_at(found)

    def _is_as_found(self, found: AliasState | None) -> bool:
        """Whether this run may move the alias from where it points now and lose no other change.

        That is so when another run has been here and has put back what this one had found.
        """
        if len(self._ours) > 1:  # this run has led users somewhere, and they are not there now
            return False
        if found is None:
            return not self.home and self._now is not None
        if found.is_going:  # of a run that was killed while it went back
            return True
        return found.is_settled and bool(self.home) and found.version == self.home

    def _theirs(self, found: AliasState | None) -> Conflict:
        context, alias = self._context, self._context.function.alias
        did = "moved" if self._before else "created"
        leads = f" for version {found.version}" if found else " and deleted it"
        says = f"{did} alias {alias} of {context.name}{leads}"
        return context.theirs(says, found.version if found else "")

    # ------------------------------------------------------------ the way back

    def _record(self) -> None:
        """Record how users are led back, before anything else is undone.

        What this run has made for the alias, or the alias itself, goes after that: so others see
        that it is going while it is.
        """
        undo, what = (
            self._context.undo,
            f"alias {self._context.function.alias} of {self._context.name}",
        )
        if not self.home:
            undo.record(what, self._delete)
            undo.record(what, self._mark, first=True)
            return
        undo.record(what, self._unmark)
        undo.record(f"{what}, back to version {self.home}", self._back, first=True)

    def _back(self) -> UndoResult | None:
        """Lead users to where they were, unless somebody else has led them elsewhere since."""
        description = self._description
        if self.gives_url:
            description = descriptions.putting_back(self._context.run_log.run, description)
        before = self._before
        weights = before.shares if before and not (before.is_under_test or before.is_going) else {}
        return self._put(_AliasTarget(self.home, dict(weights), description))

    def _mark(self) -> UndoResult:
        """Say that the alias, which this run has made, is being deleted."""
        if not self._ours:
            return UndoResult.NEEDLESS
        version = self._ours[-1].version
        mark = _AliasTarget(version, {}, marks.deleted_by(self._context.run_log.run))
        return self._put(mark) or UndoResult.NEEDLESS

    def _put(self, wanted: _AliasTarget) -> UndoResult | None:
        """Lead users elsewhere if this run has led them to where they are."""
        name, alias = self._context.name, self._context.function.alias
        while found := self._found():
            before = self._before and _lead_of(self._before)
            if not self._ours or wanted.is_at(found) or (before and before.is_at(found)):
                return UndoResult.NEEDLESS
            if not self._is_ours(found):
                self._is_theirs = True
                return UndoResult.THEIRS
            with contextlib.suppress(Conflict, NotFound):  # it was moved since the look: look again
                self._now = self._versions.move_alias(
                    name, alias, wanted.version, wanted.description, found.revision, wanted.weights
                )
                self._ours.append(wanted)
                return None
        return UndoResult.NEEDLESS

    def _unmark(self) -> UndoResult:
        """Say that everything of an alias is as it was."""
        found = self._found_going()
        if found:
            self._put(_AliasTarget(found.version, dict(found.shares), self._description))
        return UndoResult.NEEDLESS

    def _delete(self) -> UndoResult | None:
        """Delete the alias that this run has made, unless others have taken it over.

        They do if its mark has not changed for a while, and a deletion takes no condition: so the
        mark is renewed right before it.
        """
        name, alias = self._context.name, self._context.function.alias
        while marked := self._found_going():
            with contextlib.suppress(Conflict, NotFound):  # it has changed since the look
                self._versions.move_alias(
                    name, alias, marked.version, marked.description, marked.revision, marked.shares
                )
                self._versions.delete_alias(name, alias)
                return None
        return UndoResult.NEEDLESS

    def _found_going(self) -> AliasState | None:
        """The alias, if it says that this run is undoing it."""
        found = self._found()
        return found if found and found.is_going and self._is_ours(found) else None

    @property
    def gives_url(self) -> bool:
        """Whether this run makes or changes the function URL of the alias, or may have to."""
        is_known = self._before is not None and self._before.is_settled
        step = self._context.steps.url
        return self._context.function.url is not None and not (
            is_known and not (step and step.is_due)
        )

    @property
    def _description(self) -> str:
        """What the alias says of itself at home."""
        before = self._before
        if before and not before.is_under_test:
            return descriptions.without_mark(before.description)
        state = self._context.clients.functions(self._context.region).read(
            self._context.name, self.home
        )
        previous = descriptions.previous_of(state.description) if state else ""
        return descriptions.of_alias(
            previous, Speed(), self._context.run_log.elapsed, now=clock.now()
        )

    def keeps_url(self) -> bool:
        """Whether the alias is another run's by now that wants it to have a function URL."""
        if not self._is_theirs:
            return False
        found = self._found()
        return bool(found and descriptions.wants_url(found.description))

    def _found(self) -> AliasState | None:
        return self._versions.alias(self._context.name, self._context.function.alias)


@dataclass(frozen=True, slots=True)
class _AliasTarget:
    """Where a run leads an alias, and what it says of itself."""

    version: str
    weights: Mapping[str, float]
    description: str

    def is_at(self, alias: AliasState | None) -> bool:
        """Whether an alias is there, whichever version AWS itself lets serve meanwhile."""
        if alias is None:
            return False
        is_so = (alias.version, alias.description) == (self.version, self.description)
        return is_so and self.weights in (alias.weights, alias.shares)


def _lead_of(alias: AliasState) -> _AliasTarget:
    return _AliasTarget(alias.version, dict(alias.shares), alias.description)

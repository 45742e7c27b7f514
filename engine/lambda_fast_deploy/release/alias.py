"""Points the alias at a version, last and in one atomic call; until then the previous one is live.

Until the last test has passed, the alias's description marks its version as under test. Each update
is conditional on the revision that was read (API: ``UpdateAlias``, ``RevisionId``). So that call
alone decides which run owns the alias and its function URL.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.errors import Conflict, NotFound
from lambda_fast_deploy.models import AliasState, Speed
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.ownership import PAUSE, wait_for_undo
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.state import descriptions, marks

TRIES = 10  # updates, each conditional on the revision that was read before it


class AliasMoves:
    """The updates of one function's alias. The undo is recorded before the first of them.

    ``stable`` is the last version that has passed all tests: an undo points the alias at it.
    ``is_contended``: another run has changed the alias during this run.
    """

    def __init__(self, context: ReleaseContext) -> None:
        self._context = context
        self._versions = context.clients.versions(context.region)
        self._observed = context.observed.alias if context.observed else None
        self._current = self._observed
        self._own_targets: list[_AliasTarget] = []
        self._is_foreign = False
        self.is_contended = False
        self.stable = descriptions.proved_by(self._observed)

    def to(
        self, version: str, description: str, weights: Mapping[str, float] | None = None
    ) -> AliasState:
        """Point the alias at a version, and at others with ``weights`` (shares of 1).

        Raises:
            Conflict: another deployment has updated it since this run began.
        """
        target = _AliasTarget(version, dict(weights or {}), description)
        if self._current and self._current.is_going:
            self._current = wait_for_undo(self._context, self._current)
        if not self._own_targets:
            self._record()
        self._own_targets.append(target)
        for _ in range(TRIES):
            try:
                self._current = self._move(target)
                return self._current
            except (Conflict, NotFound):
                alias = self._read()
            if alias and alias.is_going:
                alias = wait_for_undo(self._context, alias)
            if alias and target.is_at(alias):  # only the response was lost
                self._current = alias
                return alias
            self.is_contended = True
            if not (self._is_as_last_read(alias) or self._may_replace(alias)):
                break
            self._current = alias
        self._own_targets.remove(target)
        if alias and alias.is_settled and alias.version == version and not weights:
            self._current, self._is_foreign = alias, True  # another run deployed the same version
            return alias
        raise self._conflict(alias)

    def arrive(self) -> None:
        """Wait until callers get the version that the alias points to.

        Raises:
            DeployFailed: they do not within the time limit.
            Cancelled: the run was cancelled first.
            Conflict: another deployment has updated the alias in the meantime.
        """
        if self._current is None:
            return
        alias = self._versions.arrived(self._context.name, self._current)
        self._context.run_log.cancellation.check()
        if not self._is_as_last_read(alias):
            raise self._conflict(alias)
        self._current = alias

    def confirm(self, description: str) -> None:
        """Record in the alias that the version has passed its last test.

        Raises:
            Conflict: another deployment has updated the alias.
        """
        if self._current and self._current.is_under_test and self._is_of_this_run(self._current):
            self.to(self._current.version, description)

    def _move(self, target: _AliasTarget) -> AliasState:
        name, alias = self._context.name, self._context.function.alias
        if self._current is None:
            return self._versions.create_alias(name, alias, target.version, target.description)
        return self._versions.move_alias(
            name, alias, target.version, target.description, self._current.revision, target.weights
        )

    def _is_of_this_run(self, alias: AliasState) -> bool:
        """Whether this run made the update that the alias shows."""
        return any(target.is_at(alias) for target in self._own_targets)

    def _is_as_last_read(self, alias: AliasState | None) -> bool:
        """Whether the alias is as this run read it last, at any revision.

        AWS itself changes the revision when a version starts to serve after it has waited for its
        provisioned concurrency.
        """
        return self._current is not None and _target_of(self._current).is_at(alias)

    def is_restored(self, alias: AliasState) -> bool:
        """Whether this run has pointed the alias, for all calls, at the version that it has now."""
        return (
            bool(self._own_targets)
            and not self._own_targets[-1].weights
            and self._own_targets[-1].is_at(alias)
        )

    def _may_replace(self, alias: AliasState | None) -> bool:
        """Whether this run may update the alias without losing the change of another one.

        It may after another run has changed the alias and restored what this run had observed.
        """
        if len(self._own_targets) > 1:  # another deployment has replaced this run's own update
            return False
        if alias is None:
            return not self.stable and self._current is not None
        if alias.is_going:  # from a run that was killed while it rolled back
            return True
        return alias.is_settled and bool(self.stable) and alias.version == self.stable

    def _conflict(self, alias: AliasState | None) -> Conflict:
        context = self._context
        change = "moved" if self._observed else "created"
        target = f" to version {alias.version}" if alias else " and deleted it"
        event = f"{change} alias {context.function.alias} of {context.name}{target}"
        return context.conflict(event, alias.version if alias else "")

    # ------------------------------------------------------------ undo

    def _record(self) -> None:
        """Record the undo of the alias, which runs before every other undo.

        The function URL that this run created for the alias, or the alias itself, is deleted after
        that, and the alias says so in the meantime. So other runs can see it.
        """
        undo = self._context.undo
        change = f"alias {self._context.function.alias} of {self._context.name}"
        if not self.stable:
            undo.record(change, self._delete)
            undo.record(change, self._mark_deletion, first=True)
            return
        undo.record(change, self._remove_mark)
        undo.record(f"{change}, back to version {self.stable}", self._restore, first=True)

    def _restore(self) -> UndoResult | None:
        """Point the alias at ``stable``, unless another deployment has updated it since."""
        description = self._description
        if self.may_change_url:
            description = descriptions.putting_back(self._context.run_log.run, description)
        before = self._observed
        weights = before.shares if before and not (before.is_under_test or before.is_going) else {}
        return self._update_own(_AliasTarget(self.stable, dict(weights), description))

    def _mark_deletion(self) -> UndoResult:
        """Mark the alias, which this run has created, as being deleted."""
        if not self._own_targets:
            return UndoResult.NEEDLESS
        version = self._own_targets[-1].version
        mark = _AliasTarget(version, {}, marks.deleted_by(self._context.run_log.run))
        return self._update_own(mark) or UndoResult.NEEDLESS

    def _update_own(self, target: _AliasTarget) -> UndoResult | None:
        """Update the alias if it still is as this run has updated it."""
        context = self._context
        while alias := self._read():
            before = self._observed and _target_of(self._observed)
            if not self._own_targets or target.is_at(alias) or (before and before.is_at(alias)):
                return UndoResult.NEEDLESS
            if not self._is_of_this_run(alias):
                self._is_foreign = True
                return UndoResult.THEIRS
            with contextlib.suppress(Conflict, NotFound):  # it has changed since the read: retry
                self._current = self._versions.move_alias(
                    context.name,
                    context.function.alias,
                    target.version,
                    target.description,
                    alias.revision,
                    target.weights,
                )
                self._own_targets.append(target)
                return None
        return UndoResult.NEEDLESS

    def _remove_mark(self) -> UndoResult:
        """Remove the mark of the undo from the alias: the undo is complete."""
        alias = self._alias_being_undone()
        if alias:
            self._update_own(_AliasTarget(alias.version, dict(alias.shares), self._description))
        return UndoResult.NEEDLESS

    def _delete(self) -> UndoResult | None:
        """Delete the alias that this run created, unless another run has taken it over.

        Another run takes it over if its mark has not changed for a while. DeleteAlias has no
        condition, so this run renews the mark immediately before the deletion.
        """
        name, alias = self._context.name, self._context.function.alias
        while marked := self._alias_being_undone():
            with contextlib.suppress(Conflict, NotFound):  # changed since it was read
                self._versions.move_alias(
                    name, alias, marked.version, marked.description, marked.revision, marked.shares
                )
                self._versions.delete_alias(name, alias)
                return None
            clock.sleep(PAUSE)
        return UndoResult.NEEDLESS

    def _alias_being_undone(self) -> AliasState | None:
        """The alias, if its description says that this run is undoing it."""
        alias = self._read()
        return alias if alias and alias.is_going and self._is_of_this_run(alias) else None

    @property
    def may_change_url(self) -> bool:
        """Whether this run creates or changes the function URL of the alias, or may have to."""
        is_settled = self._observed is not None and self._observed.is_settled
        step = self._context.steps.url
        return self._context.function.access is not None and not (
            is_settled and not (step and step.is_due)
        )

    @property
    def _description(self) -> str:
        """The description of the alias when it points to ``stable``."""
        before = self._observed
        if before and not before.is_under_test:
            return descriptions.without_mark(before.description)
        state = self._context.clients.functions(self._context.region).read(
            self._context.name, self.stable
        )
        previous = descriptions.previous_of(state.description) if state else ""
        return descriptions.of_alias(
            previous, Speed(), self._context.run_log.elapsed, now=clock.now()
        )

    def keeps_url(self) -> bool:
        """Whether another run owns the alias by now and needs its function URL."""
        if not self._is_foreign:
            return False
        alias = self._read()
        return bool(alias and descriptions.wants_url(alias.description))

    def _read(self) -> AliasState | None:
        return self._versions.alias(self._context.name, self._context.function.alias)


@dataclass(frozen=True, slots=True)
class _AliasTarget:
    """The version, weights and description that a run gives an alias."""

    version: str
    weights: Mapping[str, float]
    description: str

    def is_at(self, alias: AliasState | None) -> bool:
        """Whether an alias is so, even if AWS still lets another version serve."""
        if alias is None:
            return False
        is_equal = (alias.version, alias.description) == (self.version, self.description)
        return is_equal and self.weights in (alias.weights, alias.shares)


def _target_of(alias: AliasState) -> _AliasTarget:
    return _AliasTarget(alias.version, dict(alias.shares), alias.description)

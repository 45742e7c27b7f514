"""The alias moves last, in one atomic call; until then users are on the previous version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import Conflict, NotPermitted
from engine.model import AliasState
from engine.release.order import Order
from engine.release.undo import Back


class AliasMoves:
    """The alias of one function on its way; the way back is recorded before the first move."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._versions = order.world.versions(order.region)
        self._before = order.observed.alias if order.observed else None
        self._now = self._before
        self._ours: list[_Lead] = []

    def to(
        self, version: str, description: str, weights: Mapping[str, float] | None = None
    ) -> AliasState:
        """Let the alias lead to a version, and to others by ``weights`` (parts of 1).

        Raises:
            Conflict: somebody else has moved it since this run began.
        """
        order, alias = self._order, self._order.function.alias
        wanted = _Lead(version, dict(weights or {}), description)
        if not self._ours:
            back = f", back to version {self._before.version}" if self._before else ""
            order.undo.record(f"alias {alias} of {order.name}{back}", self._back)
        self._ours.append(wanted)
        try:
            self._now = self._move(version, description, wanted.weights)
        except Conflict:
            found = self._versions.alias(order.name, alias)
            if not found or _lead_of(found) != wanted:
                self._ours.remove(wanted)
                if not self._ours:
                    order.undo.forget()  # what is there is not ours to undo
                did = "moved" if self._before else "created"
                leads = f" for version {found.version}" if found else " and deleted it"
                says = f"{did} alias {alias} of {order.name}{leads}"
                raise order.theirs(says, found.version if found else "") from None
            self._now = found  # it was this run: the answer had been lost, and it asked again
        return self._now

    def _move(self, version: str, description: str, weights: Mapping[str, float]) -> AliasState:
        name, alias = self._order.name, self._order.function.alias
        if self._now is None:
            return self._versions.create_alias(name, alias, version, description)
        return self._versions.move_alias(
            name, alias, version, description, self._now.revision, weights
        )

    def _back(self) -> Back | None:
        """Lead users to where they were, unless somebody else has led them elsewhere since."""
        name, alias, before = self._order.name, self._order.function.alias, self._before
        found = self._versions.alias(name, alias)
        if found is None or (before and _lead_of(found) == _lead_of(before)):
            return Back.NEEDLESS
        if _lead_of(found) not in self._ours:
            return Back.THEIRS
        if before is None:
            self._versions.delete_alias(name, alias)
        else:
            self._versions.move_alias(
                name, alias, before.version, before.description, found.revision, before.weights
            )
        return None


@dataclass(frozen=True, slots=True)
class _Lead:
    """Where an alias leads, and what it says of itself."""

    version: str
    weights: Mapping[str, float]
    description: str


def _lead_of(alias: AliasState) -> _Lead:
    return _Lead(alias.version, dict(alias.weights), alias.description)


def give_url(order: Order) -> str:
    """The function URL that was asked for, made or changed as the plan says."""
    alias, access = order.function.alias, order.function.url
    if access is None:
        return ""
    before = order.observed.url if order.observed else None
    if before is not None and before.access == access:
        return before.address
    urls = order.world.urls(order.region)
    with order.working("url") as detail:
        if before is None:
            order.undo.record(
                f"function URL of {order.name}",
                lambda: None if urls.delete(order.name, alias) else Back.NEEDLESS,
            )
            try:
                url = urls.create(order.name, alias, access)
            except NotPermitted:
                order.undo.forget()
                raise
            except Conflict:
                order.undo.forget()
                there = urls.read(order.name, alias)
                if there is None or there.access != access:
                    raise order.theirs(f"gave {order.name} its function URL") from None
                url = there  # perhaps ours, and the answer was lost
            url = urls.open(order.name, alias, url)
        else:
            was = before.access
            order.undo.record(
                f"access to the function URL of {order.name}",
                lambda: urls.change(order.name, alias, was),
            )
            url = urls.change(order.name, alias, access)
        detail(url.address)
        return url.address

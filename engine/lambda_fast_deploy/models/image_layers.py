"""The layers of an image, and an image whose last layers can be replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

EntryKind = Literal["folder", "file", "link"]


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """A path in a layer.

    Attributes:
        kind: its kind.
        owner: the numbers of its user and its group.
        mode: its permissions; ``None``: those of ``source``.
        source: the path in the build context that it is copied from, if any.
    """

    kind: EntryKind
    owner: tuple[int, int] = (0, 0)
    mode: int | None = None
    source: str = ""


# The entries of a layer, by their paths from the root of the image, without a leading slash.
Layer = Mapping[str, LayerEntry]


@dataclass(frozen=True, slots=True)
class Donor:
    """An image of the stem that is built, with other files and values.

    Attributes:
        manifest: its manifest, parsed, and its media type.
        configuration: its configuration.
        layers: the entries of the layers of its tail, if they were read.
    """

    manifest: Mapping[str, Any]
    media_type: str
    configuration: Mapping[str, Any]
    layers: tuple[Layer, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        """The variables of its environment."""
        pairs = self.attributes.get("Env") or ()
        return {name: value for name, _, value in (each.partition("=") for each in pairs)}

    @property
    def folder(self) -> str:
        """Its working folder."""
        return self.attributes.get("WorkingDir") or "/"

    @property
    def attributes(self) -> Mapping[str, Any]:
        """How it runs."""
        return self.configuration.get("config") or {}


@dataclass(frozen=True, slots=True)
class Replacement:
    """What makes an image of its donor.

    Attributes:
        donor: the donor, with the attributes and the history of the image.
        layers: the last layers of the image.
        is_set: whether its attributes differ from the donor's.
    """

    donor: Donor
    layers: tuple[Layer, ...]
    is_set: bool = False

    @property
    def reason(self) -> str:
        """Why nothing else of the image is made, for people."""
        count = len(self.layers)
        which = "its last layer" if count == 1 else f"its last {count} layers"
        return f"only the files of {which}{' and its attributes' * self.is_set} are new"

"""Amazon Resource Names and their parts (AWS General Reference, "ARNs")."""

from __future__ import annotations

import re
from typing import NamedTuple

_SEPARATOR = re.compile("[:/]")


class Arn(NamedTuple):
    """An ARN by its parts; ``str`` formats it. Global services have no region, S3 no account."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """The parts of an ARN; missing parts are empty."""
        parts = text.split(":", 5)[1:]
        return cls(*parts, *[""] * (5 - len(parts)))

    def __str__(self) -> str:
        """The ARN as AWS writes it."""
        return f"arn:{':'.join(self)}"

    @property
    def name(self) -> str:
        """The name in ``function:NAME:VERSION``, ``layer:NAME:VERSION`` or ``stack/NAME/ID``."""
        return self._word(1)

    @property
    def unversioned(self) -> Arn:
        """The ARN without the version or alias after the name."""
        return self._replace(resource=":".join(self.resource.split(":")[:2]))

    @property
    def qualifier(self) -> str:
        """The version or alias after the name; empty if the ARN has none."""
        return self._word(2)

    def _word(self, index: int) -> str:
        words = _SEPARATOR.split(self.resource)
        return words[index] if len(words) > index else ""


def is_arn(text: str) -> bool:
    """Whether a text is an ARN rather than a name."""
    return text.startswith("arn:")


def in_region(text: str, region: str) -> str:
    """An ARN of the configuration, with the region in place of ``{region}``."""
    return text.replace("{region}", region)


def in_s3(partition: str, path: str) -> str:
    """The ARN of a bucket, or of an object as ``BUCKET/KEY``."""
    return str(Arn(partition, "s3", "", "", path))

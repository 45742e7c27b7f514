"""The tags of an app image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lambda_fast_deploy.state.image_tags import app_tag, stem_tag


@dataclass(frozen=True, slots=True)
class AppTags:
    """The tags of an app image.

    ``of_content`` identify its content. The last of them, ``current``, are those that later runs
    look for, so that they are set last. ``of_stem`` identify all but the files of its tail.
    """

    of_content: tuple[str, ...]
    current: tuple[str, ...]
    of_stem: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, parts: Iterable[str], fingerprint: str, base: str, stems: Iterable[str] = ()
    ) -> AppTags:
        """The tags of an image.

        Args:
            parts: the fingerprints with some of its upstreams.
            fingerprint: the full one.
            base: the URI of its base image, or ``""``.
            stems: the fingerprints of its stem, if it has one.
        """
        prints = dict.fromkeys((*parts, fingerprint))
        of_content = dict.fromkeys(app_tag(each, on) for each in prints for on in (base, ""))
        current = dict.fromkeys(app_tag(fingerprint, on) for on in (base, ""))
        of_stem = dict.fromkeys(map(stem_tag, stems))
        return cls(tuple(of_content), tuple(current), tuple(of_stem))

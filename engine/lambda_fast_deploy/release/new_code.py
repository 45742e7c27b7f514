"""The code that a release puts into ``$LATEST``: a zip, or an image that may be built once more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import ContentMismatch, ImageRefused
from lambda_fast_deploy.models import FunctionState
from lambda_fast_deploy.release.context import ReleaseContext


class NewCode:
    """The code of one release. ``image`` is the URI of its image, or nothing of a zip."""

    def __init__(self, context: ReleaseContext) -> None:
        step = context.steps.function or context.steps.code
        self.image = context.artifacts.images.get(context.name, "")
        self.sha256 = step.fingerprint if step else ""  # as Lambda's CodeSha256; zips only
        self._context = context
        self._exchanged = ""  # the CodeSha256 of what Lambda took in place of the zip

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The code as ``CreateFunction`` and ``UpdateFunctionCode`` take it."""
        if self.image:
            return {"ImageUri": self.image}
        return self._context.artifacts.code[self._context.name]

    def __str__(self) -> str:
        """What was put there, in a few words."""
        if self.image:
            return self.image.rpartition("@")[2][:19]
        size = self._context.artifacts.archives[self._context.name].size
        return f"{units.size(size)} uploaded"

    def is_in(self, state: FunctionState) -> bool:
        """Whether a function has this code."""
        if self.image:
            return state.image_digest == self.image.partition("@")[2]
        return state.code_sha256 == self.sha256

    def is_ours(self, state: FunctionState) -> bool:
        """Whether a function has this code, or what Lambda took in place of it."""
        return self.is_in(state) or state.code_sha256 == self._exchanged

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """A call that sends the code: this run has to take back what Lambda took in its place."""
        try:
            yield
        except ContentMismatch as error:
            self._exchanged = error.sha256
            raise

    def rebuild_in_gzip(self, refusal: ImageRefused) -> None:
        """Go on with an image that every Lambda reads.

        Raises:
            ImageRefused: the user has settled the compression.
        """
        rebuild = self._context.artifacts.in_gzip.get(self._context.name)
        if rebuild is None:
            raise refusal
        self.image = rebuild()

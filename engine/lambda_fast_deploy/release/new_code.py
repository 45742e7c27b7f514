"""The code that a release uploads: a zip, or an image that may be rebuilt once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import ContentMismatch, ImageRefused
from lambda_fast_deploy.models import FunctionState
from lambda_fast_deploy.release.context import ReleaseContext


class NewCode:
    """The code of one release. ``image`` is the URI of its image; empty for a zip."""

    def __init__(self, context: ReleaseContext) -> None:
        step = context.steps.function or context.steps.code
        self.image = context.artifacts.images.get(context.name, "")
        built = context.artifacts.archives.get(context.name)
        known = built.sha256 if built else step.fingerprint if step else ""
        self.sha256 = known if step else ""  # as Lambda's CodeSha256; zips only
        self._context = context
        self._stored_sha256 = (
            ""  # the CodeSha256 of the code that Lambda stored in place of the zip
        )

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of ``CreateFunction`` and ``UpdateFunctionCode`` for the code."""
        if self.image:
            return {"ImageUri": self.image}
        return self._context.artifacts.code[self._context.name]

    @property
    def to_create(self) -> Mapping[str, Any]:
        """The parameter ``Code`` of ``CreateFunction``."""
        return {**self.parameters, **({"SourceKMSKeyArn": self.key} if self.key else {})}

    @property
    def key(self) -> str:
        """The KMS key of the zip: the configured one, or else the current one."""
        key, observed = self._context.function.code_key, self._context.observed
        if key is None:
            return observed.latest.code_key if observed else ""
        return key

    def __str__(self) -> str:
        """A summary of the code, for people."""
        if self.image:
            return self.image.rpartition("@")[2][:19]
        size = self._context.artifacts.archives[self._context.name].size
        return f"{units.size(size)} uploaded"

    def is_in(self, state: FunctionState) -> bool:
        """Whether a function has this code."""
        if self.image:
            return state.image_digest == self.image.partition("@")[2]
        return state.code_sha256 == self.sha256

    def is_from_this_run(self, state: FunctionState) -> bool:
        """Whether a function has this code, or the code that Lambda stored in place of it."""
        return self.is_in(state) or state.code_sha256 == self._stored_sha256

    @contextlib.contextmanager
    def being_sent(self) -> Iterator[None]:
        """Wrap a call that sends the code: note other code that Lambda stored, for the undo."""
        try:
            yield
        except ContentMismatch as error:
            self._stored_sha256 = error.sha256
            raise

    def rebuild_in_gzip(self, refusal: ImageRefused) -> None:
        """Rebuild the image with gzip, which every region of Lambda reads.

        Raises:
            ImageRefused: the configuration sets the compression.
        """
        rebuild = self._context.artifacts.in_gzip.get(self._context.name)
        if rebuild is None:
            raise refusal
        self.image = rebuild()

"""Who builds an image: the Docker engine, but for what only BuildKit can do."""

from __future__ import annotations

from posixpath import normpath

from lambda_fast_deploy.adapters.files import read_text
from lambda_fast_deploy.fingerprints.images.build_context import DOCKERIGNORE, content
from lambda_fast_deploy.fingerprints.images.builder_features import needs_buildkit
from lambda_fast_deploy.fingerprints.images.copy_sources import sources
from lambda_fast_deploy.fingerprints.images.dockerfile import read
from lambda_fast_deploy.models import Base, ImageSource


def buildkit_reason(source: Base | ImageSource) -> str:
    """What the engine's own builder cannot do about an image, or nothing."""
    dockerfile = read(read_text(source.dockerfile))
    if reason := needs_buildkit(dockerfile, source.build_args):
        return reason
    found = content(source.context, source.dockerfile, source.build_args)
    if not found.is_certain:
        return "an ignore file that only BuildKit reads for certain"
    if "pipe" in found.kinds.values():
        return "a COPY of a named pipe"  # the engine would wait for what somebody writes there
    for taken in sources(dockerfile, source.build_args) or ():
        if normpath(taken.written).startswith(".."):
            return f"{taken.instruction} {taken.written}, outside of the context"
        path = "/".join(str(part) for part in taken.parts)
        # The engine copies a file so named onto the folder, where BuildKit puts it into that.
        if taken.written.endswith(("/", "/.")) and path and found.kinds.get(path) != "folder":
            return f"{taken.instruction} {taken.written}, which is not a folder"
    # The engine is told by that file what is no part of the image.
    return f"a COPY of {DOCKERIGNORE}" if DOCKERIGNORE in found.kinds else ""

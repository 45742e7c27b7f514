"""Records on a function from which sources its code was built."""

from __future__ import annotations

from lambda_fast_deploy.errors import ChangedMeanwhile, NotFound, NotPermitted
from lambda_fast_deploy.models import FunctionState
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.state import marks


def mark_built(context: ReleaseContext, state: FunctionState) -> None:
    """Tag a function with the fingerprint of the sources of its code, once that is live.

    Args:
        context: the release.
        state: the live state.

    Raises:
        ChangedMeanwhile: the function was deleted.
    """
    fingerprint = context.artifacts.builds.get(context.name)
    if not fingerprint:
        return
    tag = {marks.BUILT: marks.built(fingerprint, state.code_sha256)}
    arn = state.arn.removesuffix(f":{state.version}")
    try:
        context.clients.functions(context.region).tag(arn, tag)
    except NotFound:
        raise ChangedMeanwhile(f"{context.name} was deleted") from None
    except NotPermitted as denied:
        context.run_log.note(f"The next run will build {context.name} again: {denied.message}")

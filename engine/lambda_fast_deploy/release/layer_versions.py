"""Reports layer versions that were deleted between the plan and the call that attaches them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_fast_deploy.errors import ChangedMeanwhile, Refused
from lambda_fast_deploy.models.function_attributes import LAYERS


@contextlib.contextmanager
def layers_exist(parameters: Mapping[str, Any]) -> Iterator[None]:
    """Wrap a call with these parameters.

    Raises:
        ChangedMeanwhile: a layer version in the parameters was deleted.
    """
    try:
        yield
    except Refused as refusal:
        arns = parameters.get(LAYERS.member, ())
        if arn := next((arn for arn in arns if arn in refusal.message), ""):
            raise ChangedMeanwhile(
                f"layer version {arn} was deleted while this run was deploying"
            ) from None
        raise

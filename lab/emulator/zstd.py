"""An image with zstd layers can be refused, as a Lambda that does not read them would.

AWS documents "Docker image manifest V2 schema 2" and "OCI v1.0.0 and up" and says nothing about
the compression of layers (https://docs.aws.amazon.com/lambda/latest/dg/images-create.html). Both
ways in which Lambda refuses images are known: at once, InvalidParameterValueException; or later,
LastUpdateStatus=Failed with InvalidImage. A repository is told to stand for either by its resource
tag ``lab:refuse-zstd`` = ``at-once`` or ``later``.
"""

from __future__ import annotations

import contextvars
import json
import threading
import time
from typing import Any

from ministack.services import ecr, lambda_svc

TAG = "lab:refuse-zstd"

_schedule_state_transition = lambda_svc._schedule_state_transition
_failing: dict[str, tuple[dict[str, Any] | None, str]] = {}


def refusal(repository: str, image: dict[str, Any]) -> str:
    """How the image is refused: ``at-once``, ``later``, or not at all."""
    manifest = json.loads(image.get("imageManifest") or "{}")
    layers = manifest.get("layers", [])
    zstd = [layer for layer in layers if layer.get("mediaType", "").endswith("zstd")]
    tags = ecr._repositories[repository].get("tags", [])
    wanted = next((tag["Value"] for tag in tags if tag["Key"] == TAG), "")
    return wanted if zstd else ""


def fail_later(name: str, before: dict[str, Any] | None, digest: str) -> None:
    """Let the update that begins now fail; ``before`` is the configuration to go back to."""
    _failing[name] = (before, digest)


def schedule(name: str, delay: float) -> None:
    """Let an update end: as MiniStack has it, or in failure."""
    if name not in _failing:
        _schedule_state_transition(name, delay)
        return
    before, digest = _failing.pop(name)
    reason = f"ImageLayerFailure: UnsupportedImageLayerDetected - Layer Digest {digest}"

    def fail() -> None:
        time.sleep(delay)
        config = lambda_svc._functions[name]["config"]
        if before is None:
            config.update(State="Failed", StateReason=reason, StateReasonCode="InvalidImage")
        else:  # the previous code stays live
            config.update(
                {key: before[key] for key in ("ImageUri", "CodeSha256", "_Resolved")},
                State="Active",
            )
        config.update(
            LastUpdateStatus="Failed",
            LastUpdateStatusReason=reason,
            LastUpdateStatusReasonCode="InvalidImage",
        )

    # Functions are kept by account and region, which the request's context holds.
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(fail,), daemon=True).start()


def teach() -> None:
    """Install every behaviour of this module."""
    lambda_svc._schedule_state_transition = schedule

"""The images of one region: desired, planned and existing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.models import DesiredImages, Fingerprints, FunctionState, Step
from lambda_fast_deploy.models.image_layers import Replacement
from lambda_fast_deploy.run_log import RunLog


@dataclass(frozen=True, slots=True)
class ImagesContext:
    """What the images of a region are looked up and built with.

    ``steps`` are the plan's steps for the region, by their ids. ``bases`` and ``images`` are the
    digests in the registry, by name. ``functions`` are the existing functions, by name.
    ``replacements`` make images of existing ones, by name.
    """

    region: str
    desired: DesiredImages
    fingerprints: Fingerprints
    steps: Mapping[str, Step]
    clients: Clients
    run_log: RunLog
    bases: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, FunctionState] = field(default_factory=dict)
    replacements: Mapping[str, Replacement] = field(default_factory=dict)

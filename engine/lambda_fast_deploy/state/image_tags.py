"""The tags that images are found by: AWS keeps them, nobody else."""

from __future__ import annotations

from lambda_fast_deploy.models import Base


def base_tag(base: Base, fingerprint: str) -> str:
    """The tag that a base image is found by."""
    return f"{base.tag}-{fingerprint}"


def part_tag(base: Base, fingerprint: str) -> str:
    """The tag that the newest base of a recipe, and of a part of its upstreams, is found by."""
    return f"{base.tag}-{fingerprint}-part"


def app_tag(fingerprint: str, base: str = "") -> str:
    """The tag that an app image is found by; with the digest of the base that it stands on.

    The base's own fingerprint is in that of the image, and a base can be built anew from the same
    content. Where the base is not there any more, the image is found without its digest.
    """
    digest = base.rpartition("sha256:")[2]
    return f"app-{fingerprint}-{digest[:12]}" if digest else f"app-{fingerprint}"

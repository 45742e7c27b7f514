"""The tags that images are found by in ECR."""

from __future__ import annotations

from enum import Enum

from lambda_fast_deploy.models import Base
from lambda_fast_deploy.state import Mark

_FOR_PEOPLE = str.maketrans("{}", "<>")


class ImageTag(Enum):
    """A kind of tag: how it is written, which image has it, and what it stands for."""

    HUMAN = ("{tag}", "newest base image", "for people; nothing reads it")
    BASE = ("{tag}-{fingerprint}", "base image", "this content is there, under this digest")
    PART = ("{tag}-{fingerprint}-part", "base image", "the newest of this Dockerfile")
    APP = ("app-{fingerprint}", "app image", "this content is there, under this digest")
    APP_ON_BASE = (
        "app-{fingerprint}-{digest}",
        "app image",
        "likewise, on this base",
    )
    KEPT = ("kept-{digest}", "image of a version", "do not expire: it was deployed")
    CACHE = ("buildcache", "build cache", "nothing that would be missed")

    def __init__(self, format: str, image: str, meaning: str) -> None:
        self.format = format
        self.mark = Mark(image, f"image tag `{format.translate(_FOR_PEOPLE)}` in ECR", meaning)

    def named(self, **values: str) -> str:
        """The tag with the values that its format names."""
        return self.format.format(**values)


MARKS = tuple(tag.mark for tag in ImageTag)


def base_tag(base: Base, fingerprint: str) -> str:
    """The tag that a base image is found by."""
    return ImageTag.BASE.named(tag=base.tag, fingerprint=fingerprint)


def part_tag(base: Base, fingerprint: str) -> str:
    """The tag that the newest base of a recipe, and of a part of its upstreams, is found by."""
    return ImageTag.PART.named(tag=base.tag, fingerprint=fingerprint)


def app_tag(fingerprint: str, base: str = "") -> str:
    """The tag that an app image is found by; with the digest of the base that it stands on.

    The base's own fingerprint is in that of the image, and a base can be built anew from the same
    content. Where the base is not there any more, the image is found without its digest.
    """
    if not (digest := _shortened(base)):
        return ImageTag.APP.named(fingerprint=fingerprint)
    return ImageTag.APP_ON_BASE.named(fingerprint=fingerprint, digest=digest)


def kept_tag(digest: str) -> str:
    """The tag that an image keeps when the one of its content moves to another build of it."""
    return ImageTag.KEPT.named(digest=_shortened(digest))


def _shortened(image: str) -> str:
    """The beginning of the digest in ``REPOSITORY@sha256:DIGEST``."""
    return image.rpartition("sha256:")[2][:12]

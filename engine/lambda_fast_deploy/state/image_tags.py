"""The tags that identify images in ECR."""

from __future__ import annotations

from enum import Enum

from lambda_fast_deploy.models import Base
from lambda_fast_deploy.state import Mark

_FOR_PEOPLE = str.maketrans("{}", "<>")


class ImageTag(Enum):
    """A kind of tag: its format, its image and its meaning."""

    HUMAN = ("{tag}", "newest base image", "for people; nothing reads it")
    BASE = ("{tag}-{fingerprint}", "base image", "this content exists, with this digest")
    PART = ("{tag}-{fingerprint}-part", "base image", "the newest build of this Dockerfile")
    APP = ("app-{fingerprint}", "app image", "this content exists, with this digest")
    APP_ON_BASE = (
        "app-{fingerprint}-{digest}",
        "app image",
        "the same, built on this base",
    )
    STEM = (
        "stem-{fingerprint}",
        "app image",
        "only what its last lines copy and set can differ from other images of this fingerprint",
    )
    KEPT = ("kept-{digest}", "image of a version", "does not expire, because it was deployed")
    CACHE = ("buildcache", "build cache", "can be deleted at any time")

    def __init__(self, format: str, image: str, meaning: str) -> None:
        self.format = format
        self.mark = Mark(image, f"image tag `{format.translate(_FOR_PEOPLE)}` in ECR", meaning)

    def named(self, **values: str) -> str:
        """The tag with the values for the placeholders of its format."""
        return self.format.format(**values)


MARKS = tuple(tag.mark for tag in ImageTag)


def base_tag(base: Base, fingerprint: str) -> str:
    """The tag of a base image."""
    return ImageTag.BASE.named(tag=base.tag, fingerprint=fingerprint)


def part_tag(base: Base, fingerprint: str) -> str:
    """The tag of the newest base of a recipe, and of a part of its upstreams."""
    return ImageTag.PART.named(tag=base.tag, fingerprint=fingerprint)


def app_tag(fingerprint: str, base: str = "") -> str:
    """The tag of an app image, with the digest of its base image.

    The image's fingerprint includes that of the base, but a base can be rebuilt from the same
    content. If the base was deleted, the tag without its digest identifies the image.
    """
    if not (digest := _shortened(base)):
        return ImageTag.APP.named(fingerprint=fingerprint)
    return ImageTag.APP_ON_BASE.named(fingerprint=fingerprint, digest=digest)


def stem_tag(fingerprint: str) -> str:
    """The tag of an image of a stem: the newest one, or the first where tags cannot move."""
    return ImageTag.STEM.named(fingerprint=fingerprint)


def kept_tag(digest: str) -> str:
    """The tag that an image keeps when another build of the same content gets its tag."""
    return ImageTag.KEPT.named(digest=_shortened(digest))


def _shortened(image: str) -> str:
    """The beginning of the digest in ``REPOSITORY@sha256:DIGEST``."""
    return image.rpartition("sha256:")[2][:12]

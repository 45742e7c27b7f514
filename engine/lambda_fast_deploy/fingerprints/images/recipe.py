"""What an image is made of: its Dockerfile, the files that this copies, and what it stands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from types import MappingProxyType

from lambda_fast_deploy.adapters.files import digest, link_of, mode_of, read_text
from lambda_fast_deploy.fingerprints.digest import fingerprint_of
from lambda_fast_deploy.fingerprints.images.build_context import ContextContent, content
from lambda_fast_deploy.fingerprints.images.dockerfile import Dockerfile, Instruction, read
from lambda_fast_deploy.fingerprints.images.upstream_images import BASE_IMAGE, pinned, upstreams
from lambda_fast_deploy.models import Architecture, Base, DesiredImages, ImageRequest, ImageSource

_PARTED = 3  # upstreams; of more there are too many parts

# The ONBUILD instructions of other people's images; ``None`` if nobody knows them.
Lines = tuple[str, ...] | None


@dataclass(frozen=True)
class ImageRecipe:
    """What the working tree has of an image, a base or an app's.

    Attributes:
        step: the step that builds it: ``base:NAME`` or ``image:NAME``.
        what: its name, for people.
        source: where it is written.
        architecture: what it is for.
        base: the base of the configuration that it stands on.
        foreign: what ONBUILD of the other images that it starts from lets its build do.
    """

    step: str
    what: str
    source: Base | ImageSource
    architecture: Architecture
    base: Base | None = None
    foreign: Lines = ()

    @cached_property
    def dockerfile(self) -> Dockerfile:
        """Its Dockerfile."""
        return read(read_text(self.source.dockerfile))

    @property
    def content(self) -> ContextContent:
        """The files of its context that it can hold, as they are now.

        Raises:
            Invalid: one cannot be read, or a COPY will find nothing.
        """
        source, triggers = self.source, self._triggers
        return content(source.context, source.dockerfile, source.build_args, triggers)

    @property
    def _triggers(self) -> tuple[Instruction, ...] | None:
        """What ONBUILD of the images that it starts from lets its build do."""
        if self.foreign is None:
            return None
        lines = "".join(f"ONBUILD {line}\n" for line in self.foreign)
        every = [read(f"FROM scratch\n{lines}")]
        if self.base:
            every.append(read(read_text(self.base.dockerfile)))
        if not all(each.is_certain for each in every):
            return None
        return tuple(trigger for each in every for trigger in each.triggers)

    @property
    def fingerprint(self) -> str:
        """Its own, whatever it stands on; of the files as they are now.

        Raises:
            Invalid: as of ``content``.
        """
        source = self.source
        is_app = isinstance(source, ImageSource)
        return fingerprint_of(
            "image" if is_app else "base",
            dockerfile=read_text(source.dockerfile),
            arguments=dict(source.build_args),
            platform=self.architecture.platform,
            **({"compression": source.compression} if isinstance(source, ImageSource) else {}),
            **_copied(self.content),
        )

    def upstreams(self, *, written: bool = False, copied: bool = True) -> list[str]:
        """The images that it starts from, or copies from.

        Args:
            written: whether only those count that the Dockerfile names without any argument's help.
            copied: whether those count that it only copies from.
        """
        given = {} if written else self.source.build_args
        base = self.base.name if self.base else None
        found = upstreams(self.dockerfile.text, given, base=base, copied=copied)
        return [name for name in found if not self._is_base(name)]

    @property
    def names_base(self) -> bool:
        """Whether its Dockerfile names the base that it stands on by the base's own tag."""
        base = self.base.name if self.base else None
        named = upstreams(self.dockerfile.text, self.source.build_args, base=base)
        return any(map(self._is_base, named))

    def _is_base(self, name: str) -> bool:
        return bool(self.base and name.endswith(f"/{self.base.repository}:{self.base.tag}"))

    def pinned(self, digests: Mapping[str, str]) -> str:
        """Its Dockerfile with the images in it named by their digests.

        Raises:
            Unknown: the place of a name in it is not understood.
        """
        given = {**self.source.build_args, **({BASE_IMAGE: "scratch"} if self.base else {})}
        return pinned(self.dockerfile.text, given, digests)

    def asked_for(self, *, unmerged: bool, copied: bool = True) -> list[str]:
        """Those of them that registries may be asked for.

        What a build argument brings, of a variable of the run perhaps, is told to no host before it
        is merged.
        """
        names = self.upstreams(copied=copied)
        if not unmerged:
            return names
        return [name for name in self.upstreams(written=True, copied=copied) if name in names]


def _copied(found: ContextContent) -> dict[str, object]:
    """What counts of a build context, as it is in an image.

    Of modes what others may do counts, since that is who Lambda runs a function as, and whether its
    owner may run it, as builds do.
    """
    files: list[tuple[str, ...]] = []
    for name, kind in found.kinds.items():
        path = found.root / name
        if kind == "link":
            files.append((name, kind, link_of(path) or ""))
        elif kind == "file":
            sha256, mode = digest(path)
            files.append((name, f"{mode & 0o105:o}", sha256))
        else:
            files.append((name, kind, f"{mode_of(path) & 0o105:o}"))
    return {"files": files, **({"ignore": found.unread} if found.unread else {})}


def of_base(base: Base, foreign: Lines = ()) -> ImageRecipe:
    """The recipe of a base."""
    step = f"base:{base.name}"
    return ImageRecipe(step, f"base {base.name}", base, base.architecture, None, foreign)


def of_image(request: ImageRequest, base: Base | None = None, foreign: Lines = ()) -> ImageRecipe:
    """The recipe of an app image."""
    what = f"the image of {request.name}"
    return ImageRecipe(request.step, what, request.source, request.architecture, base, foreign)


def recipes_of(
    desired: DesiredImages, foreign: Mapping[str, Lines] = MappingProxyType({})
) -> Iterator[ImageRecipe]:
    """Everything that a Dockerfile makes."""
    for name, base in desired.bases.items():
        yield of_base(base, foreign.get(f"base:{name}", ()))
    for each in desired.images:
        base_ = desired.bases.get(each.source.base or "")
        yield of_image(each, base_, foreign.get(each.step, ()))


def recipe_fingerprints(
    desired: DesiredImages, foreign: Mapping[str, Lines] = MappingProxyType({})
) -> dict[str, str]:
    """The fingerprints of what the working tree has of images, by the steps that build them.

    Args:
        desired: the images.
        foreign: what ONBUILD of other people's images lets a build do, by its step.

    Raises:
        Invalid: a file cannot be read, or a COPY will find nothing.
    """
    return {each.step: each.fingerprint for each in recipes_of(desired, foreign)}


def parts_of(digests: Mapping[str, str]) -> list[dict[str, str]]:
    """The digests that may be all that is known another time; all of them last.

    What is made has the fingerprints of these, too. So it is found when a registry does not tell.
    """
    names = sorted(digests)
    sizes = range(len(names)) if len(names) <= _PARTED else (0,)
    some = [each for size in sizes for each in combinations(names, size)]
    return [{name: digests[name] for name in each} for each in (*some, tuple(names))]


def known_part(digests: Mapping[str, str]) -> dict[str, str]:
    """Of digests of which some are not known (``""``), those that count."""
    is_parted = len(digests) <= _PARTED
    return {name: digest for name, digest in digests.items() if digest and is_parted}


def standing_on(recipe: str, digests: Mapping[str, str], base: str = "") -> str:
    """Fingerprint of an image: its recipe, and what it stands on.

    Args:
        recipe: the fingerprint of that.
        digests: those of the images that it starts from, or copies from, by their names.
        base: the fingerprint of the base of the configuration that it stands on.
    """
    if not digests and not base:
        return recipe
    return fingerprint_of("image", recipe_fingerprint=recipe, upstreams=dict(digests), base=base)

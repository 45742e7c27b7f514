"""The recipe of an image: its Dockerfile, the files that this copies, and its upstreams."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING

from lambda_fast_deploy.adapters.files import digest, link_of, mode_of
from lambda_fast_deploy.fingerprints.digest import fingerprint_of
from lambda_fast_deploy.fingerprints.images.build_context import ContextContent, content
from lambda_fast_deploy.fingerprints.images.dockerfile import Dockerfile, Instruction, read
from lambda_fast_deploy.fingerprints.images.target import text_of
from lambda_fast_deploy.fingerprints.images.upstream_images import BASE_IMAGE, pinned, upstreams
from lambda_fast_deploy.models import Architecture, Base, DesiredImages, ImageRequest, ImageSource

if TYPE_CHECKING:
    from lambda_fast_deploy.fingerprints.images.tail import Tail

_PARTED = 3  # upstreams; more would have too many subsets

# The ONBUILD instructions of upstream images; ``None`` if unknown.
Lines = tuple[str, ...] | None


@dataclass(frozen=True)
class ImageRecipe:
    """The part of an image, a base or an app's, that is in the working tree.

    Attributes:
        step: the step that builds it: ``base:NAME`` or ``image:NAME``.
        what: its name, for people.
        source: its configuration.
        architecture: the architecture of the image.
        base: the configured base that it starts from, if any.
        foreign: the ONBUILD instructions of the other images that it starts from.
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
        return read(text_of(self.source.dockerfile, self.source.target))

    @property
    def content(self) -> ContextContent:
        """The files of its context that the image can contain, as they are now.

        Raises:
            Invalid: a file cannot be read, or a COPY has no source.
        """
        source, triggers = self.source, self._triggers
        return content(
            source.context, source.dockerfile, source.build_args, triggers, target=source.target
        )

    @cached_property
    def tail(self) -> Tail:
        """The end of its Dockerfile whose layers need no builder."""
        from lambda_fast_deploy.fingerprints.images.tail import Tail, tail_of  # few runs need it

        dockerfile = self.dockerfile
        if not dockerfile.stages:
            return Tail(obstacle="it has no stage")
        return tail_of(dockerfile, dockerfile.stages[-1], self.source.build_args)

    @property
    def _triggers(self) -> tuple[Instruction, ...] | None:
        """The ONBUILD instructions of the images that it starts from."""
        if self.foreign is None:
            return None
        lines = "".join(f"ONBUILD {line}\n" for line in self.foreign)
        dockerfiles = [read(f"FROM scratch\n{lines}")]
        if self.base:
            dockerfiles.append(read(text_of(self.base.dockerfile, self.base.target)))
        if not all(each.is_certain for each in dockerfiles):
            return None
        return tuple(trigger for each in dockerfiles for trigger in each.triggers)

    @property
    def fingerprint(self) -> str:
        """The fingerprint without its upstreams, of the files as they are now.

        Raises:
            Invalid: as for ``content``.
        """
        source = self.source
        is_app = isinstance(source, ImageSource)
        return fingerprint_of(
            "image" if is_app else "base",
            dockerfile=text_of(source.dockerfile, source.target),
            arguments=dict(source.build_args),
            platform=self.architecture.platform,
            **({"compression": source.compression} if isinstance(source, ImageSource) else {}),
            **_copied(self.content),
        )

    @property
    def stem(self) -> str:
        """The fingerprint of everything but what the tail copies and sets, without its upstreams.

        If the files below a COPY of the tail matter, the kinds of what it copies count, since a
        COPY of a file can have another destination than one of a folder. ONBUILD instructions
        count: an image of a stem without any shows that its upstream images have none.

        Raises:
            Invalid: as for ``content``.
        """
        from lambda_fast_deploy.fingerprints.images.context_paths import ContextPaths

        source, tail = self.source, self.tail
        assert isinstance(source, ImageSource)
        stem = content(
            source.context,
            source.dockerfile,
            source.build_args,
            self._triggers,
            tail.instructions,
            source.target,
        )
        paths, unlinked = ContextPaths(self.content), [e for e in tail.copies if not e.is_linked]
        lines = self.dockerfile.text.split("\n")
        end = min((each.line for each in tail.instructions), default=len(lines) + 1)
        before = "\n".join(lines[: end - 1])
        return fingerprint_of(
            "stem",
            dockerfile=before,
            tail=tail.of_stem,
            arguments=self._arguments_of(before),
            platform=self.architecture.platform,
            compression=source.compression,
            secrets=sorted(source.secrets),
            triggers=self.foreign,
            copied=[paths.kinds_at(each) for copy in unlinked for each in copy.sources],
            **_copied(stem),
        )

    def _arguments_of(self, stem: str) -> dict[str, str]:
        """The build arguments that can change what the text of the stem makes."""
        named = set(re.findall(r"\w+", stem))
        without = set() if self._triggers != () else self.tail.declared - named
        arguments = self.source.build_args.items()
        return {key: value for key, value in arguments if key not in without or _is_for_all(key)}

    def upstreams(self, *, written: bool = False, copied: bool = True) -> list[str]:
        """The images that it starts from, or copies from.

        Args:
            written: whether to return only images that the Dockerfile names without any argument.
            copied: whether to return images that it only copies from, too.
        """
        arguments = {} if written else self.source.build_args
        base = self.base.name if self.base else None
        images = upstreams(self.dockerfile.text, arguments, base=base, copied=copied)
        return [name for name in images if not self._is_base(name)]

    @property
    def names_base(self) -> bool:
        """Whether its Dockerfile names its base by the base's own tag."""
        base = self.base.name if self.base else None
        images = upstreams(self.dockerfile.text, self.source.build_args, base=base)
        return any(map(self._is_base, images))

    def _is_base(self, name: str) -> bool:
        return bool(self.base and name.endswith(f"/{self.base.repository}:{self.base.tag}"))

    def pinned(self, digests: Mapping[str, str]) -> str:
        """Its Dockerfile with the images in it named by their digests.

        Raises:
            UnknownImage: the place of a name in it is ambiguous.
        """
        arguments = {**self.source.build_args, **({BASE_IMAGE: "scratch"} if self.base else {})}
        return pinned(self.dockerfile.text, arguments, digests)

    def asked_for(self, *, unmerged: bool, copied: bool = True) -> list[str]:
        """The upstreams that registries may be asked for.

        Before a merge, no registry gets a name from a build argument, which can contain a
        variable of the run.
        """
        names = self.upstreams(copied=copied)
        if not unmerged:
            return names
        return [name for name in self.upstreams(written=True, copied=copied) if name in names]


def _is_for_all(argument: str) -> bool:
    """Whether a build argument changes every build, declared or not."""
    return bool(re.fullmatch(r"(?i:\w+_PROXY|BUILDKIT_\w+|SOURCE_DATE_EPOCH)", argument))


def _copied(context: ContextContent) -> dict[str, object]:
    """The files of a build context with the attributes that an image has.

    Of the mode, the permissions of others count, since Lambda runs a function as another user, and
    the owner's permission to execute, which builds use.
    """
    files: list[tuple[str, ...]] = []
    for name, kind in context.kinds.items():
        path = context.root / name
        if kind == "link":
            files.append((name, kind, link_of(path) or ""))
        elif kind == "file":
            sha256, mode = digest(path)
            files.append((name, f"{mode & 0o105:o}", sha256))
        else:
            files.append((name, kind, f"{mode_of(path) & 0o105:o}"))
    return {
        "files": files,
        **({"ignore": context.unread} if context.unread else {}),
    }


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
    """All recipes of Dockerfiles."""
    for name, base in desired.bases.items():
        yield of_base(base, foreign.get(f"base:{name}", ()))
    for each in desired.images:
        base_ = desired.bases.get(each.source.base or "")
        yield of_image(each, base_, foreign.get(each.step, ()))


def recipe_fingerprints(
    desired: DesiredImages, foreign: Mapping[str, Lines] = MappingProxyType({})
) -> dict[str, str]:
    """The fingerprints of the images' recipes, by the steps that build them.

    Args:
        desired: the images.
        foreign: the ONBUILD instructions of upstream images, by step.

    Raises:
        Invalid: a file cannot be read, or a COPY has no source.
    """
    return {each.step: each.fingerprint for each in recipes_of(desired, foreign)}


def parts_of(digests: Mapping[str, str]) -> list[dict[str, str]]:
    """The subsets of digests that may be known in a later run; all of them last.

    An image also gets the fingerprints of these, so that it is found if a registry is unavailable.
    """
    names = sorted(digests)
    sizes = range(len(names)) if len(names) <= _PARTED else (0,)
    some = [each for size in sizes for each in combinations(names, size)]
    return [{name: digests[name] for name in each} for each in (*some, tuple(names))]


def known_digests(digests: Mapping[str, str]) -> dict[str, str]:
    """The known digests that count, if some are unknown (``""``)."""
    is_parted = len(digests) <= _PARTED
    return {name: digest for name, digest in digests.items() if digest and is_parted}


def fingerprint_with_upstreams(recipe: str, digests: Mapping[str, str], base: str = "") -> str:
    """The fingerprint of an image: its recipe, and its upstreams.

    Args:
        recipe: the fingerprint of the recipe.
        digests: of the images that it starts from, or copies from, by their names.
        base: the fingerprint of the configured base that it starts from.
    """
    if not digests and not base:
        return recipe
    return fingerprint_of("image", recipe_fingerprint=recipe, upstreams=dict(digests), base=base)

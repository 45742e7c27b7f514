"""The images of a stack's functions, built as those of any other function and named by digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.fingerprints.fingerprints import fingerprints
from lambda_fast_deploy.models import (
    Action,
    Fingerprints,
    Function,
    ImageSource,
    ObservedRegion,
    Plan,
    Step,
)
from lambda_fast_deploy.packaging.images.region_images import RegionImages
from lambda_fast_deploy.packaging.region_context import RegionContext
from lambda_fast_deploy.packaging.required_tools import check_machine
from lambda_fast_deploy.planning.existing_images import with_foreign
from lambda_fast_deploy.planning.upstream_digests import settled
from lambda_fast_deploy.stacks.stack_context import StackContext
from lambda_fast_deploy.state.image_tags import app_tag

BUILDS_AT_ONCE = 2  # GitHub's smallest runners have two cores


class StackImages:
    """Finds and builds the images of one stack in one region.

    The functions go by their logical ids.
    """

    def __init__(self, context: StackContext) -> None:
        functions = context.images
        self._settings = replace(context.settings, functions=functions, bases={}, layers={})
        self._functions = functions
        self._region = context.region
        self._clients = context.clients
        self._journal = context.journal
        self._digests: dict[str, str] = {}
        self._local = fingerprints(self._settings)
        self._all = self._local

    @property
    def _prints(self) -> Mapping[str, str]:
        return self._all.images

    def find(self) -> None:
        """Look which images the registry has of what the working tree makes now."""
        settings, clients = self._settings, self._clients
        prints = settled(settings, self._local, clients, self._journal)
        self._all, self._digests = prints, self._found(prints)
        missing = {f"image:{each.name}" for each in self._functions} - {
            f"image:{name}" for name in self._digests
        }
        found = with_foreign(settings, prints, missing, clients, self._journal)
        if found is not prints:
            self._all, self._digests = found, self._found(found)

    def _found(self, prints: Fingerprints) -> dict[str, str]:
        """The digests of the images that are there."""
        registry = self._clients.registry(self._region)

        def digest(function: Function) -> str | None:
            tag = app_tag(prints.images[function.name])
            return registry.digest(_source(function).repository, tag)

        found = zip(self._functions, together(digest, self._functions), strict=True)
        return {function.name: known for function, known in found if known}

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is to be done for each."""
        return tuple(
            Step(
                f"image:{each.name}",
                self._region,
                Action.REUSE if each.name in self._digests else Action.BUILD,
                "the registry has it" if each.name in self._digests else "its files changed",
                self._prints[each.name],
            )
            for each in self._functions
        )

    @property
    def digests(self) -> Mapping[str, str]:
        """The digests of the images that are there, by function."""
        return self._digests

    def expected(self) -> dict[str, str]:
        """The URI of every image, or one that none has as long as it is not built."""
        missing = {
            each.name: f"{_source(each).repository}:{app_tag(self._prints[each.name])}"
            for each in self._functions
            if each.name not in self._digests
        }
        there = [each for each in self._functions if each.name in self._digests]
        return {**self._uris(there), **missing}

    def check(self) -> None:
        """Make sure that this machine can build what is missing.

        Raises:
            NotReady: a builder is needed and not there; it names the functions.
        """
        try:
            check_machine(self._settings, Plan(self.steps), self._clients, self._journal)
        except NotReady as error:
            missing = ", ".join(
                each.name for each in self._functions if each.name not in self._digests
            )
            says = f"{error.message}, and the image of {missing} is to be built"
            raise NotReady(says, detail=error.detail, remedy=error.remedy) from error

    def build(self) -> dict[str, str]:
        """The URI of every image by its digest, built where it is missing.

        Raises:
            BuildFailed: an image cannot be built.
        """
        return self._uris(self._functions)

    def _uris(self, functions: tuple[Function, ...] | list[Function]) -> dict[str, str]:
        observed = ObservedRegion(self._region, {}, {}, self._digests, {})
        context = RegionContext(
            self._settings, Plan(self.steps), observed, self._clients, self._journal
        )
        images = RegionImages(context, self._all)

        def uri(function: Function) -> str:
            return images.app(function, _source(function), {})

        made = together(uri, functions, most=BUILDS_AT_ONCE)
        return dict(zip((each.name for each in functions), made, strict=True))


def with_images(resources: dict[str, dict[str, Any]], uris: Mapping[str, str]) -> None:
    """Let the functions of a packaged template name their images."""
    for logical, uri in uris.items():
        resource = resources[logical]
        is_plain = resource["Type"] == "AWS::Lambda::Function"
        image = {"Code": {"ImageUri": uri}} if is_plain else {"ImageUri": uri}
        resource["Properties"] = (resource.get("Properties") or {}) | image


def _source(function: Function) -> ImageSource:
    assert isinstance(function.source, ImageSource)
    return function.source

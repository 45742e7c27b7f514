"""The images of a stack's functions, which the packaged template has by digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.fingerprints.images.recipe import recipe_fingerprints
from lambda_fast_deploy.models import Action, DesiredImages, Fingerprints, ImageRequest, Step
from lambda_fast_deploy.packaging.images.context import ImagesContext
from lambda_fast_deploy.packaging.images.region_images import RegionImages
from lambda_fast_deploy.packaging.required_tools import check_machine
from lambda_fast_deploy.planning.existing_images import with_foreign
from lambda_fast_deploy.planning.replacements import Replacements, replacements
from lambda_fast_deploy.planning.upstream_digests import settled
from lambda_fast_deploy.stacks.stack_context import StackContext
from lambda_fast_deploy.state.image_tags import app_tag

BUILDS_AT_ONCE = 2  # GitHub's smallest runners have two cores


class StackImages:
    """Finds and builds the images of one stack in one region, by the logical ids of functions."""

    def __init__(self, context: StackContext) -> None:
        settings = context.settings
        self._desired = DesiredImages({}, context.images, settings.regions[0], settings.event)
        self._region = context.region
        self._clients = context.clients
        self._run_log = context.run_log
        self._digests: dict[str, str] = {}
        self._ways = Replacements()
        self._prints = Fingerprints({}, {}, {}, {}, recipe_fingerprints(self._desired))

    def find(self) -> None:
        """Find the images of the working tree that the registry already has."""
        desired, clients = self._desired, self._clients
        self._look(settled(desired, self._prints, clients, self._run_log))
        missing = {each.step for each in self._missing if each.name not in self._ways.possible}
        complete = with_foreign(desired, self._prints, missing, clients, self._run_log)
        if complete is not self._prints:
            self._look(complete)

    def _look(self, prints: Fingerprints) -> None:
        """Read which images exist, and how the others can be made."""
        self._prints, self._digests = prints, self._existing(prints)
        if missing := {each.name for each in self._missing}:
            registry = self._clients.registry(self._region)
            self._ways = replacements(self._desired, prints, missing, {}, registry)

    def _existing(self, prints: Fingerprints) -> dict[str, str]:
        """The digests of the existing images."""
        registry, requests = self._clients.registry(self._region), self._desired.images

        def digest(request: ImageRequest) -> str | None:
            return registry.digest(request.source.repository, app_tag(prints.images[request.name]))

        digests = zip(requests, together(digest, requests), strict=True)
        return {request.name: each for request, each in digests if each}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The step of each image."""
        return tuple(
            Step(each.step, self._region, *self._action(each.name), self._prints.images[each.name])
            for each in self._desired.images
        )

    def _action(self, name: str) -> tuple[Action, str]:
        """How an image comes about, and the reason."""
        if name in self._digests:
            return Action.REUSE, "the registry already has it"
        if replacement := self._ways.possible.get(name):
            return Action.REPLACE, replacement.reason
        obstacle = self._ways.obstacles.get(name)
        return Action.BUILD, f"its files changed; {obstacle}" if obstacle else "its files changed"

    @property
    def digests(self) -> Mapping[str, str]:
        """The digests of the existing images, by function."""
        return self._digests

    def expected(self) -> dict[str, str]:
        """The URI of every image, or one that no image has until it is built."""
        missing = {
            each.name: f"{each.source.repository}:{app_tag(self._prints.images[each.name])}"
            for each in self._missing
        }
        existing = [each for each in self._desired.images if each.name in self._digests]
        return {**self._uris(existing), **missing}

    @property
    def _missing(self) -> list[ImageRequest]:
        return [each for each in self._desired.images if each.name not in self._digests]

    def check(self) -> None:
        """Check that this machine can build the missing images.

        Raises:
            NotReady: a builder is missing; the message has the functions.
        """
        try:
            check_machine(self._desired, self.steps, self._clients, self._run_log)
        except NotReady as error:
            names = ", ".join(each.name for each in self._missing)
            problem = f"{error.message}, which is needed to build the image of {names}"
            raise NotReady(problem, detail=error.detail, remedy=error.remedy) from error

    def build(self) -> dict[str, str]:
        """The URI of every image with its digest, after a build of the missing ones.

        Raises:
            BuildFailed: an image cannot be built.
        """
        return self._uris(self._desired.images)

    def _uris(self, requests: Sequence[ImageRequest]) -> dict[str, str]:
        images = RegionImages(
            ImagesContext(
                region=self._region,
                desired=self._desired,
                fingerprints=self._prints,
                steps={step.id: step for step in self.steps},
                clients=self._clients,
                run_log=self._run_log,
                images=self._digests,
                replacements=self._ways.possible,
            )
        )
        uris = together(lambda each: images.app(each, {}), requests, most=BUILDS_AT_ONCE)
        return dict(zip((each.name for each in requests), uris, strict=True))


def with_images(resources: dict[str, dict[str, Any]], uris: Mapping[str, str]) -> None:
    """Put the images of functions into a packaged template."""
    for logical, uri in uris.items():
        resource = resources[logical]
        is_plain = resource["Type"] == "AWS::Lambda::Function"
        image = {"Code": {"ImageUri": uri}} if is_plain else {"ImageUri": uri}
        resource["Properties"] = (resource.get("Properties") or {}) | image

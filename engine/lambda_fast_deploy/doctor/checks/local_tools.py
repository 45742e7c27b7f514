"""This machine: the tools that build images and layers, and free disk space."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.files import free_space
from lambda_fast_deploy.adapters.process import path_of
from lambda_fast_deploy.doctor.finding import Check, Finding, note, ok, wrong
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.fingerprints.images.recipe import ImageRecipe, recipes_of
from lambda_fast_deploy.models import DesiredImages, ImageSource, Layer
from lambda_fast_deploy.packaging.images.builders import check_builders
from lambda_fast_deploy.packaging.layers.import_check import why_not
from lambda_fast_deploy.packaging.required_tools import check_secrets

ROOM = 2 * 10**9  # bytes


def checks(images: DesiredImages, layers: Collection[Layer], clients: Clients) -> list[Check]:
    """The checks for building these images and layers, and packages in zips."""
    sources = list(images.sources.values())

    def secrets() -> Iterator[Finding]:
        check_secrets(sources)
        if names := {name for source in sources for name in source.secrets.values()}:
            yield ok(f"Build secrets have values: {', '.join(sorted(names))}")

    def builders() -> Iterator[Finding]:
        notes: list[str] = []
        try:
            names = check_builders(sources, clients, notes.append)
        except NotReady as error:
            if all(recipe.tail.copies for recipe in of_functions(images)):
                yield note(f"{error.message}, so only code changes can be deployed", error.remedy)
                return
            raise
        yield from map(note, dict.fromkeys(notes))
        yield ok(f"Images are built with {' and '.join(names)}")

    def room() -> Iterator[Finding]:
        folder = Path(tempfile.gettempdir())
        yield _room(folder)
        storage = clients.docker.storage if sources and clients.docker.answers else None
        if storage and storage.stat().st_dev != folder.stat().st_dev:
            yield _room(storage)

    checks: list[Check] = [secrets, builders, lambda: changes(images)] if sources else []
    checks += [room] if sources or layers else []
    return [*checks, lambda: of_layers(layers)]


def of_functions(images: DesiredImages) -> list[ImageRecipe]:
    """The recipes of the images of functions."""
    return [each for each in recipes_of(images, {}) if isinstance(each.source, ImageSource)]


def changes(images: DesiredImages) -> Iterator[Finding]:
    """Which changes of an image need Docker: all but those of what its last lines copy and set."""
    names = {request.step: request.name for request in images.images}
    for recipe in of_functions(images):
        name, dockerfile, tail = names[recipe.step], recipe.source.dockerfile.name, recipe.tail
        if tail.copies:
            lines = " and ".join(str(copy.line) for copy in tail.copies)
            which = f"the last lines of {dockerfile} copy (line {lines}) and set"
            yield ok(f"Changes of {name} need Docker, except changes of what {which}")
        else:
            says = f"Every change of {name} needs Docker: {tail.obstacle}"
            yield note(says, tail.remedy) if tail.remedy else ok(says)


def unchecked(unmerged: str) -> Iterator[Finding]:
    """A note that this machine is not checked, because that would start programs.

    Args:
        unmerged: "a pull request" or "a merge queue".
    """
    yield note(
        f"The build tools were not checked: the code of {unmerged} must not start programs",
        "Run doctor on a branch, or on your machine.",
    )


def _room(folder: Path) -> Finding:
    free = free_space(folder)
    text = f"{units.size(free)} are free in {folder}"
    if free >= ROOM:
        return ok(text)
    remedy = "Free space: docker system prune --all, or remove unused tools of the runner."
    return wrong(NotReady(f"{text}, where images and layers are built", remedy=remedy))


def of_layers(layers: Collection[Layer]) -> Iterator[Finding]:
    """Whether layers can be installed, and their imports checked."""
    if any(layer.is_node for layer in layers):
        if npm := path_of("npm"):
            yield ok(f"Node.js layers are installed with {npm}")
        else:
            yield wrong(
                NotReady(
                    "Node.js layers need npm, which is not on PATH",
                    remedy="Install Node.js, or add actions/setup-node.",
                )
            )
    for layer in layers:
        if layer.is_node:
            continue
        if reason := why_not(layer):
            yield note(
                f"The imports of layer {layer.name} cannot be checked: {reason}",
                "Add actions/setup-python with that version, or use a machine of its architecture.",
            )
        else:
            machine = platform.machine()
            yield ok(
                f"The imports of layer {layer.name} are checked by {layer.runtime} on {machine}"
            )

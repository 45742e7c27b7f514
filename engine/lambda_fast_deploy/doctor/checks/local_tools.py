"""This machine: what builds images and layers, and room for them."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.files import free_space
from lambda_fast_deploy.adapters.process import path_of
from lambda_fast_deploy.doctor.finding import Check, Finding, note, ok, wrong
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.models import DesiredImages, Layer
from lambda_fast_deploy.packaging.images.builders import check_builders
from lambda_fast_deploy.packaging.layers.import_check import why_not
from lambda_fast_deploy.packaging.required_tools import check_secrets

ROOM = 2 * 10**9  # bytes


def checks(images: DesiredImages, layers: Mapping[str, Layer], clients: Clients) -> list[Check]:
    """The checks of what these images and layers are built with."""
    sources = list(images.sources.values())

    def secrets() -> Iterator[Finding]:
        check_secrets(sources)
        if names := {name for source in sources for name in source.secrets.values()}:
            yield ok(f"Build secrets have values: {', '.join(sorted(names))}")

    def builders() -> Iterator[Finding]:
        notes: list[str] = []
        names = check_builders(sources, clients, notes.append)
        yield from map(note, dict.fromkeys(notes))
        yield ok(f"Images are built by {' and '.join(names)}")

    def room() -> Iterator[Finding]:
        folder = Path(tempfile.gettempdir())
        yield _room(folder)
        storage = clients.docker.storage if sources and clients.docker.answers else None
        if storage and storage.stat().st_dev != folder.stat().st_dev:
            yield _room(storage)

    found: list[Check] = [secrets, builders] if sources else []
    found += [room] if sources or layers else []
    return [*found, lambda: of_layers(layers.values())]


def spared(unmerged: str) -> Iterator[Finding]:
    """Why this machine is not examined: that would start programs.

    Args:
        unmerged: what the checked-out code has yet to pass.
    """
    yield note(
        f"Whether this machine can build was not examined: what is in {unmerged} starts no program",
        "Run doctor on a branch, or on your machine.",
    )


def _room(folder: Path) -> Finding:
    free = free_space(folder)
    says = f"{units.size(free)} are free in {folder}"
    if free >= ROOM:
        return ok(says)
    remedy = "Make room: docker system prune --all, or remove what a runner does not use."
    return wrong(NotReady(f"{says}, where images and layers are built", remedy=remedy))


def of_layers(layers: Collection[Layer]) -> Iterator[Finding]:
    """Whether layers can be installed, and tried by importing them."""
    if any(layer.is_node for layer in layers):
        if npm := path_of("npm"):
            yield ok(f"Node.js layers are installed by {npm}")
        else:
            yield wrong(
                NotReady(
                    "Node.js layers are installed by npm, which is not on PATH",
                    remedy="Install Node.js, or add actions/setup-node.",
                )
            )
    for layer in layers:
        if layer.is_node:
            continue
        if reason := why_not(layer):
            yield note(
                f"Layer {layer.name} cannot be tried by importing it: {reason}",
                "Add actions/setup-python with that version, or use a machine of its architecture.",
            )
        else:
            yield ok(f"Layer {layer.name} is tried by {layer.runtime} on {platform.machine()}")

"""Repositories of images, and the login to their registry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lambda_fast_deploy.adapters.aws.identity import Caller
from lambda_fast_deploy.adapters.aws.registry import Registry
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.doctor.checks.allowed_actions import of_repository, permitted
from lambda_fast_deploy.doctor.finding import Finding, if_permitted, note, ok
from lambda_fast_deploy.models import DesiredImages
from lambda_fast_deploy.packaging.images.builders.buildkit import (
    CACHE_TAG,
    LET_CACHE_MOVE,
    NO_CACHE,
)
from lambda_fast_deploy.packaging.images.lifecycle_policy import SAFE, warning
from lambda_fast_deploy.state.image_tags import app_tag, kept_tag, stem_tag


def login(region: str, clients: Clients) -> Iterator[Finding]:
    """Whether the registry issues a login, and accepts it from Docker, if Docker runs here."""
    credentials = clients.registry(region).login()
    if clients.docker.answers:
        clients.docker.log_in(credentials)
    yield ok(f"The login to {credentials.host} works")


def repositories(desired: DesiredImages) -> dict[str, str]:
    """The repositories of the images, each with the function whose images are in it.

    Repositories of base images have no function: a lost base image is built again.
    """
    names = {base.repository: "" for base in desired.bases.values()}
    return names | {each.source.repository: each.name for each in desired.images}


def repository(
    region: str, name: str, function: str, caller: Caller, clients: Clients
) -> Iterator[Finding]:
    """Whether images can be pushed to a repository, and do not expire in use."""
    registry = clients.registry(region)
    existing = registry.find(name)
    if existing is None:
        yield ok(f"Repository {name} will be created in {region}")
    else:
        cache = registry.digest(name, CACHE_TAG)  # also checks the permission to read images
        yield ok(f"Repository {name} is in {region}{', with a build cache' if cache else ''}")
        if function and not existing.lets_move(CACHE_TAG):
            yield note(NO_CACHE.format(repository=name), LET_CACHE_MOVE)
        if function:
            look = partial(_policy, registry, name, function)
            yield from if_permitted(look, f"The lifecycle policy of repository {name}")
    exists, deployed = existing is not None, bool(function)
    needs = of_repository(name, region, caller, exists=exists, deployed=deployed)
    yield from permitted(f"images in {name}", needs, region, caller, clients)


def _policy(registry: Registry, name: str, function: str) -> Iterator[Finding]:
    tags = (app_tag(""), stem_tag(""), kept_tag(""))  # the prefixes of all tags of deployed images
    if text := warning(name, function, registry.policy(name), tags):
        yield note(text, SAFE)

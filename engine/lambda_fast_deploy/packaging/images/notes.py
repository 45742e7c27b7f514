"""Notes about an image before its build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lambda_fast_deploy.fingerprints.images.builder_features import PLATFORM_ARGS, links_copies
from lambda_fast_deploy.fingerprints.images.recipe import ImageRecipe
from lambda_fast_deploy.fingerprints.images.upstream_images import BASE_IMAGE, arguments_of
from lambda_fast_deploy.masking import says_secret
from lambda_fast_deploy.models import Base, ImageSource

# Build arguments that need no ARG (Dockerfile reference, "Predefined ARGs").
_PREDEFINED = {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"}


def hints(recipe: ImageRecipe, bases: Iterable[Base]) -> Iterator[str]:
    """Notes on an app image."""
    source, text = recipe.source, recipe.dockerfile.text
    assert isinstance(source, ImageSource)
    name = source.dockerfile.name
    if not links_copies(recipe.dockerfile):
        yield (
            f"{name} copies without --link; with COPY --link a code change neither pulls nor "
            "rebuilds the layers below it."
        )
    if recipe.tail.remedy:
        yield (
            f"{name} needs a builder for every change of code: {recipe.tail.obstacle}. "
            f"{recipe.tail.remedy}"
        )
    for base in bases:
        tag = f"/{base.repository}:{base.tag}"
        if source.base != base.name and any(each.endswith(tag) for each in recipe.upstreams()):
            yield (
                f"{name} starts from base {base.name} by its tag; also set base: {base.name}, so "
                "that a new base makes a new image."
            )
    is_used = f"${{{BASE_IMAGE}" in text or f"${BASE_IMAGE}" in text or recipe.names_base
    if recipe.base and not is_used:
        yield (
            f"{name} does not use base {recipe.base.name}: add ARG {BASE_IMAGE} and "
            f"FROM ${{{BASE_IMAGE}}} to its Dockerfile, or remove base: {recipe.base.name}."
        )
    yield from of_arguments(recipe)
    if any(path == ".git" or path.startswith(".git/") for path in recipe.content.kinds):
        yield (
            f"{name} copies .git, with every commit and the credentials of actions/checkout; add "
            ".git to .dockerignore."
        )


def of_arguments(recipe: ImageRecipe) -> Iterator[str]:
    """Notes on the build arguments of an image."""
    name, declared = recipe.source.dockerfile.name, arguments_of(recipe.dockerfile.text)
    for argument in recipe.source.build_args:
        is_predefined = argument.upper() in _PREDEFINED or argument.startswith("BUILDKIT_")
        if not is_predefined and argument not in declared | PLATFORM_ARGS | {"SOURCE_DATE_EPOCH"}:
            yield f"{name} has no ARG {argument}, so this build argument has no effect."
        if says_secret(argument):
            yield (
                f"{argument} looks like a secret, and the image's history shows build arguments to "
                "everyone who can pull the image; use build-secrets."
            )

"""Fingerprints: equal exactly when the files and options that make a thing are equal.

Times, owners and the path of the checkout do not count. A fingerprint is 16 hex digits of a
SHA-256, enough to distinguish all artifacts of a repository.
"""

from __future__ import annotations

from collections.abc import Callable

from lambda_fast_deploy.errors import BuildFailed, Invalid
from lambda_fast_deploy.fingerprints.code import build_fingerprint, zip_of_code
from lambda_fast_deploy.models import DesiredImages, Fingerprints, Settings, ZipSource


def still(what: str, fingerprint: str, now: Callable[[], str]) -> None:
    """Check that the files of a build did not change, before the result is published.

    A later run reuses the result on every machine where the files have the same fingerprint.

    Args:
        what: the build, for people.
        fingerprint: of the files, from before the build.
        now: computes it again.

    Raises:
        BuildFailed: the files changed during the build.
    """
    try:
        if now() == fingerprint:
            return
    except (Invalid, OSError):  # a file no longer exists
        pass
    raise BuildFailed(
        f"files of {what} changed during the build",
        remedy="The result was discarded. Run again.",
    )


def fingerprints(settings: Settings) -> Fingerprints:
    """Fingerprints of the working tree: recipes, layers, and the archives of code.

    Raises:
        Invalid: a file cannot be read.
    """
    layers, recipes, archives, builds = {}, {}, {}, {}
    if settings.layers:
        from lambda_fast_deploy.fingerprints.layers.fingerprint import (
            of_layer,  # most zips have none
        )

        layers = {name: of_layer(layer) for name, layer in settings.layers.items()}
    if settings.has_images:
        from lambda_fast_deploy.fingerprints.images.recipe import recipe_fingerprints

        recipes = recipe_fingerprints(DesiredImages.of(settings))
    for function in settings.functions:
        source = function.source
        if isinstance(source, ZipSource) and source.is_built:
            builds[function.name] = build_fingerprint(source, function.architecture)
        elif isinstance(source, ZipSource):
            fits = settings.artifacts is not None
            archives[function.name] = zip_of_code(source, fits=fits)
    return Fingerprints({}, layers, {}, archives, recipes, builds=builds)

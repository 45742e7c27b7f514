"""Fingerprints: equal exactly when the files and options that make a thing are equal.

Times, owners and the place of the checkout do not count. A fingerprint is 16 hex digits of a
SHA-256, enough to tell apart all that one repository will ever hold.
"""

from __future__ import annotations

from collections.abc import Callable

from lambda_fast_deploy.errors import BuildFailed, Invalid
from lambda_fast_deploy.fingerprints.archive import code_archive
from lambda_fast_deploy.fingerprints.file_tree import code_files
from lambda_fast_deploy.models import Archive, DesiredImages, Fingerprints, Settings, ZipSource
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT


def still(what: str, fingerprint: str, now: Callable[[], str]) -> None:
    """Hold what was made against the files that it was made of, before it is given its name.

    Whoever has those files later is given what has their fingerprint, on every machine.

    Args:
        what: was made, for people.
        fingerprint: of the files, from before it was made.
        now: takes it again.

    Raises:
        BuildFailed: the files changed meanwhile.
    """
    try:
        if now() == fingerprint:
            return
    except (Invalid, OSError):  # some are gone
        pass
    raise BuildFailed(
        f"files changed while they were built: those of {what}",
        remedy="It was given no name, and nothing of it is released. Run again.",
    )


def _code(source: ZipSource, *, fits: bool) -> Archive:
    """The code of a function; compressed only where it would not fit, as of ``archive``."""
    names = code_files(source.code)
    made = code_archive(source.code, names)
    if fits or made.size <= DIRECT_LIMIT:
        return made
    return code_archive(source.code, names, compress=True)


def fingerprints(settings: Settings) -> Fingerprints:
    """Fingerprints of all that the working tree holds: recipes, layers, and the archives of code.

    Raises:
        Invalid: a file cannot be read.
    """
    layers, recipes, archives = {}, {}, {}
    if settings.layers:
        from lambda_fast_deploy.fingerprints.layers.fingerprint import (
            of_layer,  # most zips have none
        )

        layers = {name: of_layer(layer) for name, layer in settings.layers.items()}
    if settings.has_images:
        from lambda_fast_deploy.fingerprints.images.recipe import recipe_fingerprints

        recipes = recipe_fingerprints(DesiredImages.of(settings))
    for function in settings.functions:
        if isinstance(source := function.source, ZipSource):
            archives[function.name] = _code(source, fits=settings.artifacts is not None)
    return Fingerprints({}, layers, {}, archives, recipes)

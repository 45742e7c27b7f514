"""The zip of a function's code: of a directory, of several ones, or of a zip that exists."""

from __future__ import annotations

import os
from pathlib import Path

from lambda_fast_deploy.config.code_sources import is_archive
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.fingerprints.archive import archive, code_archive
from lambda_fast_deploy.fingerprints.digest import fingerprint_of
from lambda_fast_deploy.fingerprints.file_tree import code_files, link_target
from lambda_fast_deploy.models import Architecture, Archive, ZipSource
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT


def zip_of_code(source: ZipSource, *, fits: bool = True) -> Archive:
    """The code of a function, with bytes that depend on its files only.

    Args:
        source: the function's zip.
        fits: whether a zip of any size can be deployed; otherwise a large one is compressed.

    Raises:
        Invalid: a file cannot be read, or two directories have the same one.
    """
    zipped = _zipped(source.code, compress=False)
    if fits or zipped.size <= DIRECT_LIMIT:
        return zipped
    return _zipped(source.code, compress=True)


def build_fingerprint(source: ZipSource, architecture: Architecture) -> str:
    """The fingerprint of code that only a build shows: of its sources and its packages.

    Raises:
        Invalid: a file cannot be read, or there are none.
    """
    if source.build:
        from lambda_fast_deploy.fingerprints.build_sources import of_build

        own = of_build(source.build, source.code, source.runtime, architecture)
    else:
        own = zip_of_code(source).sha256
    if source.packages is None:
        return own
    from lambda_fast_deploy.fingerprints.layers.fingerprint import of_layer

    return fingerprint_of("build", own=own, packages=of_layer(source.packages))


def _zipped(code: tuple[Path, ...], *, compress: bool) -> Archive:
    first = code[0]
    if is_archive(first):
        from lambda_fast_deploy.fingerprints.prebuilt import PrebuiltZip  # few functions have one

        return PrebuiltZip.read(first).archive(compress=compress)
    if len(code) == 1:
        return code_archive(first, code_files(first), compress=compress)
    return _together(code, compress=compress)


def _together(folders: tuple[Path, ...], *, compress: bool) -> Archive:
    """The files of several directories as one zip."""
    owners: dict[str, Path] = {}
    problems = []
    for folder in folders:
        for name in code_files(folder):
            other = owners.setdefault(name, folder)
            if other != folder:
                says = f"is also in {os.path.relpath(other)}; remove it from one of the directories"
                problems.append(Problem(says, Place(str(folder / name))))
    folders_of = {str(parent): root for n, root in owners.items() for parent in Path(n).parents}
    for name in owners.keys() & folders_of.keys():
        says = f"is a directory in {os.path.relpath(folders_of[name])}; rename one of them"
        problems.append(Problem(says, Place(str(owners[name] / name))))
    if problems:
        raise Invalid(problems)
    links = {n: target for n, root in owners.items() if (target := link_target(root, n))}
    return archive({n: root / n for n, root in owners.items()}, compress=compress, links=links)

"""Deletes old versions and their images."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.errors import Cancelled, DeployError, NotPermitted
from lambda_fast_deploy.models import FunctionState, ImageSource
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.state.descriptions import previous_of


def clean(context: ReleaseContext) -> None:
    """Delete versions beyond the newest ``keep``, and images that only those versions use.

    The versions of all aliases are kept, and the version before each of those, so that a rollback
    is possible. The new version is live by now, so an error is only a note.
    """
    keep = context.function.keep
    if keep is None:
        return
    try:
        _delete_beyond(keep, context)
    except Cancelled:
        raise
    except DeployError as error:
        context.run_log.note(
            f"The old versions of {context.name} were not deleted: {error.message}"
        )


def _delete_beyond(keep: int, context: ReleaseContext) -> None:
    versions = context.clients.versions(context.region)
    every = versions.every(context.name)
    used = {v for alias in versions.aliases(context.name) for v in (alias.version, *alias.weights)}
    used |= {previous_of(state.description) for state in every if state.version in used}
    obsolete = [state for state in every[keep:] if state.version not in used]
    if not obsolete:
        return
    reason = f"{len(every)} versions; keep is {keep}"
    with context.run_log.work(f"clean:{context.name}", "delete", reason, context.region) as detail:
        uris = _image_uris(context, obsolete)
        for state in obsolete:
            context.run_log.cancellation.check()
            versions.delete(context.name, state.version)
        deletions = f"versions {', '.join(sorted((s.version for s in obsolete), key=int))}"
        images = _delete_images(context, uris)
        detail(f"{deletions}{f' and {images} images' if images else ''}")


def _image_uris(context: ReleaseContext, states: Iterable[FunctionState]) -> dict[str, str]:
    """The URIs of these versions' images in the function's repository, by their CodeSha256."""
    source, uris = context.function.source, {}
    if not isinstance(source, ImageSource):
        return {}
    for state in states:
        whole = context.clients.functions(context.region).read(context.name, state.version)
        if whole and whole.image_digest and _repository(whole.code_location) == source.repository:
            uris[state.code_sha256] = whole.code_location
    return uris


def _repository(uri: str) -> str:
    """The repository's name in ``HOST/NAME@DIGEST``."""
    return uri.partition("/")[2].partition("@")[0]


def _delete_images(context: ReleaseContext, uris: dict[str, str]) -> int:
    """Delete images that no version of any function in the account uses; how many it deleted."""
    source = context.function.source
    if not uris or not isinstance(source, ImageSource):
        return 0
    used = _used(context, uris)
    unused = [uri.partition("@")[2] for uri in uris.values() if uri not in used]
    registry = context.clients.registry(context.region)
    if unused:
        _hand_on_stems(context, source.repository, unused)
    failures = registry.delete(source.repository, unused)
    for digest, reason in failures.items():
        context.run_log.note(f"Image {source.repository}@{digest} was not deleted: {reason}")
    return len(unused) - len(failures)


def _used(context: ReleaseContext, uris: Mapping[str, str]) -> set[str]:
    """Those images, by their CodeSha256, that functions in the account use.

    The same content can have the same digest in several repositories, and only a version itself
    says from which of them it is. One that this run may not read is taken to use the image.
    """
    functions, used = context.clients.functions(context.region), set()
    for state in functions.everything():
        if uri := uris.get(state.code_sha256):
            try:
                whole = functions.read(Arn.parse(state.arn).name, state.version)
            except NotPermitted:
                used.add(uri)
            else:
                used |= {whole.code_location} if whole else set()
    return used


def _hand_on_stems(context: ReleaseContext, name: str, unused: Collection[str]) -> None:
    """Let images in use have the tags of their stems, where the images with the tags are deleted.

    Without an image of its stem, the next change of code would need a builder.
    """
    registry, artifacts = context.clients.registry(context.region), context.artifacts
    heirs = {
        stem: artifacts.images[function.name].rpartition("@")[2]
        for function in context.settings.functions
        if isinstance(function.source, ImageSource) and function.source.repository == name
        for stem in artifacts.stems.get(function.name, ())
    }
    for stem, heir in heirs.items():
        repository = registry.find(name) if registry.digest(name, stem) in unused else None
        if repository is None or heir in unused:
            continue
        manifest = registry.manifest(name, heir)
        if not repository.lets_move(stem):
            registry.untag(name, stem)
        registry.tag(name, manifest, stem)

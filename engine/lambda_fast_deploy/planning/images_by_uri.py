"""Images that exist in ECR: found by their URI, pinned to a digest, and checked for Lambda."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lambda_fast_deploy.adapters.aws.registry import Registry
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import results, workers
from lambda_fast_deploy.arn import in_region
from lambda_fast_deploy.errors import (
    BuildFailed,
    Invalid,
    NotFound,
    NotPermitted,
    NotReady,
    Problem,
)
from lambda_fast_deploy.models import (
    Architecture,
    Function,
    FunctionState,
    ImageSource,
    ObservedFunction,
    PrebuiltImage,
    Settings,
)
from lambda_fast_deploy.planning.manifest_check import child, examine

_URI = re.compile(
    r"(?P<host>(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[^.]+)[^/]+)/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)


@dataclass(frozen=True, slots=True)
class EcrUri:
    """The URI of an image in ECR, by its parts; ``tag`` or ``digest`` can be empty."""

    host: str
    account: str
    region: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def of(cls, source: PrebuiltImage, region: str) -> EcrUri:
        """The URI of the configuration for a region."""
        uri = cls.parse(in_region(source.uri, region))
        assert uri  # as checked by the configuration's shape
        return uri

    @classmethod
    def parse(cls, text: str) -> EcrUri | None:
        """The parts of a URI; ``None`` for an image outside of ECR."""
        match = _URI.fullmatch(text)
        return cls(**match.groupdict(default="")) if match else None

    def __str__(self) -> str:
        """The URI as it was written."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"

    def pinned(self, digest: str) -> str:
        """The URI of an image in the same repository by its digest."""
        return f"{self.host}/{self.repository}@{digest}"


def observe_images_by_uri(
    settings: Settings,
    functions: Mapping[str, ObservedFunction],
    region: str,
    clients: Clients,
) -> dict[str, str]:
    """The URI by digest of the image of each function that names one, by the function's name.

    An image that a function does not have yet is checked, so that the plan reports what Lambda
    would refuse. For an index, it is the image of the function's architecture.

    Args:
        settings: the settings.
        functions: the existing functions.
        region: the region.
        clients: the clients to read with.

    Raises:
        Invalid: an image is in another region.
        NotReady: an image does not exist, may not be read, or is none that Lambda accepts.
    """
    users = dict(_users(settings, region))
    problems = [
        Problem(
            f"image {uri} of {user.name} is in {uri.region}, but functions in {region} need one in "
            "their region; write {region} in place of the region if the image is in each",
            user.place,
        )
        for user, uri in users.values()
        if uri.region != region
    ]
    if problems:
        raise Invalid(problems)
    found = [*functions.values()]
    live = {state.image_digest for f in found for state in (f.latest, f.live) if state} - {""}
    shared: dict[tuple[EcrUri, Architecture], Function] = {}
    for user, uri in users.values():
        shared.setdefault((uri, user.architecture), user)
    with workers() as pool:
        pinned = results(
            {
                (uri, architecture): pool.submit(
                    _pinned, uri, user, live, clients.registry(region, uri.account)
                )
                for (uri, architecture), user in shared.items()
            }
        )
    return {name: pinned[uri, user.architecture] for name, (user, uri) in users.items()}


def check_image(state: FunctionState, function: Function, region: str, clients: Clients) -> None:
    """Check that the image of a version is in the repository that it was deployed from.

    Raises:
        NotFound: it is not.
    """
    source = function.source
    if uri := EcrUri.parse(state.code_location):
        registry, repository = clients.registry(region, uri.account), uri.repository
    elif isinstance(source, ImageSource):
        registry, repository = clients.registry(region), source.repository
    else:
        return
    registry.manifest(repository, state.image_digest)


def _users(settings: Settings, region: str) -> Iterator[tuple[str, tuple[Function, EcrUri]]]:
    for function in settings.functions:
        if isinstance(function.source, PrebuiltImage):
            yield function.name, (function, EcrUri.of(function.source, region))


def _pinned(uri: EcrUri, user: Function, live: set[str], registry: Registry) -> str:
    if uri.digest in live:
        return uri.pinned(uri.digest)
    try:
        digest = _checked(uri, user, live, registry)
    except NotFound:
        raise NotReady(
            f"{user.place}: image {uri} does not exist",
            remedy="Push it, or correct uri. It must be in every region of the functions.",
        ) from None
    except NotPermitted as denied:
        raise NotPermitted(
            f"{user.place}: image {uri} may not be read: {denied.message}",
            remedy=f"{denied.remedy} For an image of another account, the policy of its repository "
            "must allow this account, and lambda.amazonaws.com, ecr:BatchGetImage and "
            "ecr:GetDownloadUrlForLayer.",
        ) from None
    except BuildFailed as refused:
        raise NotReady(f"{user.place}: {refused.message}", remedy=refused.remedy) from None
    return uri.pinned(digest)


def _checked(uri: EcrUri, user: Function, live: set[str], registry: Registry) -> str:
    """The digest of an image, which is checked unless a function has it."""
    digest, manifest = registry.image(uri.repository, uri.digest or uri.tag)
    if "manifests" in manifest.content:
        digest = child(manifest.content, user.architecture)
        if digest in live:
            return digest
        manifest = registry.manifest(uri.repository, digest)
    if digest not in live:
        configuration = registry.configuration(uri.repository, manifest.content)
        examine(f"image {uri}", manifest.content, configuration, user.architecture)
    return digest

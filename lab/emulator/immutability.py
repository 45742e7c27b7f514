"""Tags that cannot move, but for those that a filter excludes.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

import contextlib
import fnmatch
from collections.abc import Iterator
from typing import Any

from ministack.services import ecr

from lab.emulator.answers import Answer, document, success

_FILTERS = "imageTagMutabilityExclusionFilters"

_create_repository = ecr._create_repository
_put_image_tag_mutability = ecr._put_image_tag_mutability
_repo_shape = ecr._repo_shape
_put_image = ecr._put_image
_v2_put_manifest = ecr._v2_put_manifest


def create_repository(request: dict[str, Any]) -> Answer:
    """CreateRepository takes exclusion filters."""
    answer: Answer = _create_repository(request)
    return _with_filters(request, answer)


def put_image_tag_mutability(request: dict[str, Any]) -> Answer:
    """PutImageTagMutability takes exclusion filters."""
    answer: Answer = _put_image_tag_mutability(request)
    return _with_filters(request, answer)


def _with_filters(request: dict[str, Any], answer: Answer) -> Answer:
    if answer[0] != 200:
        return answer
    repository = ecr._repositories[request["repositoryName"]]
    repository[_FILTERS] = request.get(_FILTERS, [])
    said = document(answer)
    said.get("repository", said)[_FILTERS] = repository[_FILTERS]
    return success(said)


def repo_shape(repository: dict[str, Any]) -> dict[str, Any]:
    """DescribeRepositories tells the filters."""
    return {**_repo_shape(repository), _FILTERS: repository.get(_FILTERS, [])}


@contextlib.contextmanager
def _ruled(name: str, tag: str) -> Iterator[None]:
    """Let a repository be what its filters say for one tag."""
    repository = ecr._repositories.get(name)
    if repository is None:
        yield
        return
    kind = repository.get("imageTagMutability", "MUTABLE")
    excluded = any(fnmatch.fnmatchcase(tag, f["filter"]) for f in repository.get(_FILTERS, []))
    immutable = kind.startswith("IMMUTABLE") != excluded
    repository["imageTagMutability"] = "IMMUTABLE" if immutable else "MUTABLE"
    try:
        yield
    finally:
        repository["imageTagMutability"] = kind


def put_image(request: dict[str, Any]) -> Answer:
    """PutImage honours the filters."""
    with _ruled(request.get("repositoryName", ""), request.get("imageTag", "")):
        answer: Answer = _put_image(request)
        return answer


def v2_put_manifest(name: str, ref: str, headers: dict[str, str], body: bytes) -> Answer:
    """A push honours the filters."""
    with _ruled(name, ref):
        answer: Answer = _v2_put_manifest(name, ref, headers, body)
        return answer


def teach() -> None:
    """Install what the module of ECR's API does not build upon."""
    ecr._put_image_tag_mutability = put_image_tag_mutability
    ecr._repo_shape = repo_shape

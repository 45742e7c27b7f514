"""Images: base images that functions share, and those of functions, with their repositories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.adapters.files import is_file
from lambda_fast_deploy.config.sections.shared import ARCHITECTURE, NAME, PATH, STRINGS
from lambda_fast_deploy.models import Architecture, Base, ImageSource
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import ChoiceShape, MapOf, TextShape
from lambda_fast_deploy.schema.yaml_lines import nearest

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

# ECR API reference, CreateRepository: repositoryName
REPOSITORY = TextShape(
    r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
    "a repository name (lower case, digits, . _ - /)",
)
_LENGTHS = range(2, 257)  # characters
_ADDRESS = re.compile(
    r"(?:https?://)?(?:\d{12}\.dkr\.ecr|[^/]+\.amazonaws\.com|public\.ecr\.aws)\b"
)

_SECRETS = MapOf(
    TextShape(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable"),
    r"[A-Za-z0-9_.-]+",
    "the id of a secret",
)
_BUILD = {
    "context": Key(PATH, "build context", default=".", otherwise="the directory of this file"),
    "build-args": Key(STRINGS, "build arguments"),
    "build-secrets": Key(
        _SECRETS, "build secrets: the environment variable of each id that is mounted"
    ),
    "upstream": Key(
        ChoiceShape(("follow", "ignore")),
        "whether it is built again when an image moves that it starts from, or copies from",
        default="follow",
    ),
}

BASE = RecordShape(
    {
        "dockerfile": Key(PATH, "path of the base's Dockerfile", default="Dockerfile.lambda.base"),
        "context": _BUILD["context"],
        "repository": Key(REPOSITORY, "ECR repository", otherwise="the base's name with -base"),
        "tag": Key(
            TextShape(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}", "an image tag"),
            "human tag of the image",
            default="latest",
        ),
        "architecture": ARCHITECTURE,
        "build-args": _BUILD["build-args"],
        "build-secrets": _BUILD["build-secrets"],
        "upstream": _BUILD["upstream"],
    }
)

IMAGE = RecordShape(
    {
        "dockerfile": Key(PATH, "path of the Dockerfile", default="Dockerfile.lambda"),
        "context": _BUILD["context"],
        "repository": Key(REPOSITORY, "ECR repository", otherwise="the function's name"),
        "base": Key(TextShape(NAME, "a base's name"), "base image, handed over as BASE_IMAGE"),
        "compression": Key(
            ChoiceShape(("auto", "zstd", "gzip")),
            "of the image's layers; auto: zstd, and gzip where Lambda refuses that",
            default="auto",
        ),
        "build-args": _BUILD["build-args"],
        "build-secrets": _BUILD["build-secrets"],
        "upstream": _BUILD["upstream"],
    }
)


def read_base(checked: ValidatedDocument, name: str, value: dict[str, Any]) -> Base:
    """A base image, from values of the right shape."""
    path = ("bases", name)
    value = BASE.completed(value)
    return Base(
        name=name,
        dockerfile=checked.file(value["dockerfile"], *path, "dockerfile"),
        context=checked.directory(value["context"], *path, "context"),
        repository=read_repository(checked, value.get("repository"), f"{name.lower()}-base", *path),
        tag=value["tag"],
        architecture=Architecture(value["architecture"]),
        build_args=value.get("build-args", {}),
        follow_upstream=value["upstream"] == "follow",
        secrets=value.get("build-secrets", {}),
    )


def read_image(
    checked: ValidatedDocument,
    name: str,
    value: dict[str, Any],
    architecture: Architecture,
    bases: Mapping[str, Base],
) -> ImageSource:
    """The image of a function, from values of the right shape; the bases it may name are given."""
    path = ("functions", name, "image")
    value = IMAGE.completed(value)
    base = value.get("base")
    names = checked.names("bases")
    if base is not None and base not in names:
        checked.problem(f"no base {base!r}{nearest(base, names)}", *path, "base")
    elif base is not None and base in bases and bases[base].architecture != architecture:
        checked.problem(
            f"base {base!r} is built for {bases[base].architecture}, "
            f"the function for {architecture}",
            *path,
            "base",
        )
    is_default = value["dockerfile"] == IMAGE.keys["dockerfile"].default
    has_another = is_default and is_file(checked.root / "Dockerfile")
    hint = "; there is a Dockerfile: write dockerfile: Dockerfile" if has_another else ""
    return ImageSource(
        dockerfile=checked.file(value["dockerfile"], *path, "dockerfile", hint=hint),
        context=checked.directory(value["context"], *path, "context"),
        repository=read_repository(checked, value.get("repository"), name.lower(), *path),
        base=base,
        build_args=value.get("build-args", {}),
        compression=value["compression"],
        secrets=value.get("build-secrets", {}),
        follow_upstream=value["upstream"] == "follow",
    )


def read_repository(checked: ValidatedDocument, given: str | None, default: str, *path: str) -> str:
    """The name of a repository: the one that is given, or else the default.

    Args:
        checked: takes what is wrong with it.
        given: what was written.
        default: what it is named without that.
        path: where it is, or would be, written.
    """
    name = default if given is None else given
    if _ADDRESS.match(name):
        checked.problem(
            f"{name!r} is the address of a registry; give the name of the repository alone. Images "
            "go to the account and region of the function, and Lambda takes none of another region",
            *path,
            "repository",
        )
    elif not re.fullmatch(REPOSITORY.pattern, name) or len(name) not in _LENGTHS:
        says = f"no repository of ECR can have the name {name!r}"
        more = "" if given is not None else "; give repository:"
        checked.problem(says + more, *path, "repository")
    return name

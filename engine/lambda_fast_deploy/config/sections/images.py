"""Images: base images, the images of functions, and their repositories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.adapters.files import is_file
from lambda_fast_deploy.config.sections.shared import ARCHITECTURE, NAME, PATH, STRINGS
from lambda_fast_deploy.models import Architecture, Base, ImageSource, PrebuiltImage
from lambda_fast_deploy.models.image_overrides import OverridesAttribute
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import ChoiceShape, ListOf, MapOf, TextShape
from lambda_fast_deploy.schema.yaml_lines import nearest

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

# ECR API reference, CreateRepository: repositoryName
REPOSITORY = TextShape(
    r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
    "a repository name (lower case, digits, . _ - /)",
)
_URI = (
    rf"\d{{12}}\.dkr\.ecr(-fips)?\.(\{{region\}}|[a-z0-9-]+)\.[a-z.]+/{REPOSITORY.pattern}"
    r"(:[\w.-]{1,128}|(:[\w.-]{1,128})?@sha256:[0-9a-f]{64})"
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
        _SECRETS, "build secrets: the id of each, and the environment variable with its value"
    ),
    "target": Key(
        TextShape(expected="the name of a stage"),
        "stage of the Dockerfile to build",
        otherwise="the last one",
    ),
    "upstream": Key(
        ChoiceShape(("follow", "ignore")),
        "whether to rebuild it if an image in its FROM or COPY --from was updated",
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
            "readable tag of the image",
            default="latest",
        ),
        "architecture": ARCHITECTURE,
        "build-args": _BUILD["build-args"],
        "build-secrets": _BUILD["build-secrets"],
        "target": _BUILD["target"],
        "upstream": _BUILD["upstream"],
    }
)

_WORDS = ListOf(TextShape(expected="a word"))
_OVERRIDES = {
    "entrypoint": Key(_WORDS, "override of the image's ENTRYPOINT; [] removes it"),
    "command": Key(_WORDS, "override of its CMD, such as [app.handler]; [] removes it"),
    "workdir": Key(
        TextShape(r"(/.*)?", "an absolute path"), 'override of its WORKDIR; "" removes it'
    ),
}
IMAGE = RecordShape(
    {
        "uri": Key(
            TextShape(_URI, "the URI of an image in ECR with a tag or a digest"),
            "image that exists in ECR, in this account or in another one, to deploy by its digest; "
            "{region} is replaced by the region",
            otherwise="the image is built",
        ),
        "dockerfile": Key(PATH, "path of the Dockerfile", default="Dockerfile.lambda"),
        "context": _BUILD["context"],
        "repository": Key(REPOSITORY, "ECR repository", otherwise="the function's name"),
        "base": Key(
            TextShape(NAME, "a base's name"), "base image, passed as build argument BASE_IMAGE"
        ),
        "compression": Key(
            ChoiceShape(("auto", "zstd", "gzip")),
            "compression of the image's layers; auto: zstd, or gzip if Lambda refuses that",
            default="auto",
        ),
        "build-args": _BUILD["build-args"],
        "build-secrets": _BUILD["build-secrets"],
        "target": _BUILD["target"],
        "upstream": _BUILD["upstream"],
        **{key: replace(each, otherwise="unchanged") for key, each in _OVERRIDES.items()},
    }
)


def read_base(checked: ValidatedDocument, name: str, value: dict[str, Any]) -> Base:
    """A base image, from checked values."""
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
        target=value.get("target", ""),
    )


def read_image(
    checked: ValidatedDocument,
    name: str,
    value: dict[str, Any],
    architecture: Architecture,
    bases: Mapping[str, Base],
) -> ImageSource | PrebuiltImage:
    """The image of a function, from checked values; ``bases`` by name."""
    path = ("functions", name, "image")
    overrides = {OverridesAttribute.NAMES[key]: value[key] for key in _OVERRIDES if key in value}
    if "uri" in value:
        for key in sorted(value.keys() - {"uri", *_OVERRIDES}):
            checked.problem(f"{key} does not apply to an image with uri", *path, key)
        return PrebuiltImage(value["uri"], overrides)
    value = IMAGE.completed(value)
    base = value.get("base")
    names = checked.names("bases")
    if base is not None and base not in names:
        checked.problem(f"unknown base {base!r}{nearest(base, names)}", *path, "base")
    elif base is not None and base in bases and bases[base].architecture != architecture:
        checked.problem(
            f"base {base!r} is built for {bases[base].architecture}, "
            f"the function for {architecture}",
            *path,
            "base",
        )
    is_default = value["dockerfile"] == IMAGE.keys["dockerfile"].default
    has_another = is_default and is_file(checked.root / "Dockerfile")
    hint = "; to use the existing Dockerfile, set dockerfile: Dockerfile" if has_another else ""
    return ImageSource(
        dockerfile=checked.file(value["dockerfile"], *path, "dockerfile", hint=hint),
        context=checked.directory(value["context"], *path, "context"),
        repository=read_repository(checked, value.get("repository"), name.lower(), *path),
        base=base,
        build_args=value.get("build-args", {}),
        compression=value["compression"],
        secrets=value.get("build-secrets", {}),
        follow_upstream=value["upstream"] == "follow",
        target=value.get("target", ""),
        overrides=overrides,
    )


def read_repository(checked: ValidatedDocument, value: str | None, default: str, *path: str) -> str:
    """The name of a repository.

    Args:
        checked: the document to add problems to.
        value: the name in the configuration, if it has one.
        default: the name if the configuration has none.
        path: the path of the mapping that has the name.
    """
    name = default if value is None else value
    if _ADDRESS.match(name):
        checked.problem(
            f"{name!r} is the address of a registry; write only the name of the repository. Images "
            "must be in the region of the function and are pushed to its account",
            *path,
            "repository",
        )
    elif not re.fullmatch(REPOSITORY.pattern, name) or len(name) not in _LENGTHS:
        remedy = "" if value is not None else "; set repository:"
        message = f"{name!r} is not a valid name of an ECR repository{remedy}"
        checked.problem(message, *path, "repository")
    return name

"""Errors of builders, and what to do about them.

The messages are those of BuildKit, of the Docker engine and of ECR's registry.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lambda_fast_deploy.adapters.image_reference import registry_of
from lambda_fast_deploy.errors import BuildFailed, PushFailed

_CAUSE = re.compile(r"^ERROR: (?:failed to (?:solve|build): )*(.+)")
_OUTPUT = re.compile(r"#\d+ \d+\.\d+ (.*\S.*)")
_PLACE = re.compile(r"\S*Dockerfile\S*:\d+$")
_PUSH = re.compile(
    r"failed to push|error writing (?:layer|manifest) blob|unexpected status from (?:PUT|POST|PATCH"
    r"|HEAD) request|failed to copy|failed commit on ref|received unexpected HTTP status",
    re.IGNORECASE,
)
# Messages of builders about an image that they cannot pull (BuildKit, the engine's own builder);
# the image's name is part of them.
_PULL = re.compile(
    r"failed to resolve (?:source metadata for|reference) \"?(\S+?)\"?: "
    r"|pull access denied for (\S+?),|Head \"https?://([^/\"]+/v2/\S+?)/manifests|"
    r"manifest for (\S+) not found"
)
# Another build on this machine creates an image of the same name at the same time (containerd).
_TAKEN = re.compile(r'image "[^"]+": already exists|ref \S+ locked', re.IGNORECASE)
_BUSY = re.compile(r"\b429\b|too ?many ?requests|rate limit|rate exceeded", re.IGNORECASE)
_LOGIN = re.compile(
    r"token has expired|no basic auth credentials|40[13] (?:Unauthorized|Forbidden)|"
    r"unauthorized|not authorized|\bdenied\b",
    re.IGNORECASE,
)
_REMEDIES = (
    (
        r"no space left on device",
        "The disk is full. Free space with docker system prune --all; on a GitHub runner, also "
        "remove unused tools.",
    ),
    (
        r"exec format error",
        "This machine cannot run programs of that architecture: add docker/setup-qemu-action, use "
        "a runner of that architecture, or set a builder that supports it.",
    ),
    (
        r"base name \(\$\{?BASE_IMAGE",
        "BASE_IMAGE is empty: set a base (base: in the configuration, or base-dockerfile), and "
        "write ARG BASE_IMAGE before FROM.",
    ),
    (
        r"immutable",
        "The repository is immutable: make its tags mutable (IMMUTABLE_WITH_EXCLUSION lists "
        "exceptions), or use another repository.",
    ),
)
_PERMISSIONS = (
    "The role needs ecr:BatchCheckLayerAvailability, InitiateLayerUpload, UploadLayerPart, "
    "CompleteLayerUpload, PutImage, BatchGetImage and GetDownloadUrlForLayer on the repository."
)


def explained(what: str, lines: Sequence[str]) -> BuildFailed:
    """The error in the last lines of a builder's log.

    Returns:
        ``PushFailed`` if the image was built and the registry refused it.
    """
    text = "\n".join(lines)
    causes = [match.group(1) for line in lines if (match := _CAUSE.match(line))]
    cause = causes[-1] if causes else next((line for line in reversed(lines) if line), "")
    if cause.startswith("process "):  # the program's last line says more than its exit code
        output = [match.group(1) for line in lines if (match := _OUTPUT.match(line))]
        place = next((line for line in lines if _PLACE.match(line)), "")
        cause = ": ".join(filter(None, [place, *output[-1:], cause]))
    message = f"{what} failed: {cause}"
    remedy = next((says for words, says in _REMEDIES if re.search(words, text, re.IGNORECASE)), "")
    if (pulled := _PULL.search(cause)) and not cause.startswith("failed to push"):
        return _not_pulled(what, next(filter(None, pulled.groups())), cause, text)
    if _BUSY.search(cause) and not _PUSH.search(cause):
        return BuildFailed(message, remedy=_LIMITED.format("its registry"), detail=text)
    if not _PUSH.search(cause) and not _TAKEN.search(cause):
        return BuildFailed(message, remedy=remedy, detail=text)
    refused = bool(_LOGIN.search(cause)) and not _TAKEN.search(cause)
    remedy = remedy or (_PERMISSIONS if refused else "")
    return PushFailed(message, remedy=remedy, detail=text, login_refused=refused)


_LIMITED = (
    "{} limits pulls: log in to it before this step, wait, or start from a copy in your own "
    "registry."
)


def _not_pulled(what: str, image: str, cause: str, text: str) -> BuildFailed:
    """The error of an upstream image that its registry does not provide."""
    host = registry_of(image)
    if _BUSY.search(cause):
        remedy = _LIMITED.format(host)
    elif host == "public.ecr.aws" and _LOGIN.search(cause):
        remedy = (
            "An expired login is refused even for public images: run docker logout "
            "public.ecr.aws, or log in again before this step."
        )
    elif _LOGIN.search(cause) or "pull access denied" in cause:
        remedy = f"Log in to {host} before this step (docker/login-action), if the name is right."
    elif "not found" in cause:
        remedy = "Check the name after FROM or --from=."
    else:
        remedy = f"Check that this machine can reach {host}."
    return BuildFailed(f"{what} failed: cannot pull {image}: {cause}", remedy=remedy, detail=text)

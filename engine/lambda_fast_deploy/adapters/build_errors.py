"""What builders say when they fail, and what a person can do about it.

The words are those of BuildKit, of the Docker engine and of ECR's registry.
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
# What builders say of an image that they start from, and cannot have (BuildKit, the engine's own
# builder); the name of it is part of that.
_PULL = re.compile(
    r"failed to resolve (?:source metadata for|reference) \"?(\S+?)\"?: "
    r"|pull access denied for (\S+?),|Head \"https?://([^/\"]+/v2/\S+?)/manifests|"
    r"manifest for (\S+) not found"
)
# Another build on this machine makes an image of the same name at the same moment (containerd).
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
        "The disk is full: docker system prune --all makes room; a GitHub runner has more when its "
        "unused tools are removed first.",
    ),
    (
        r"exec format error",
        "This machine cannot run programs of that architecture: add docker/setup-qemu-action, use "
        "a runner of that architecture, or name a builder that has it.",
    ),
    (
        r"base name \(\$\{?BASE_IMAGE",
        "BASE_IMAGE is empty: name a base (base: in the configuration, or base-dockerfile), and "
        "write ARG BASE_IMAGE before FROM.",
    ),
    (
        r"immutable",
        "The repository is immutable: let its tags move (IMMUTABLE_WITH_EXCLUSION names those that "
        "may), or use another repository.",
    ),
)
_PERMISSIONS = (
    "The role needs ecr:BatchCheckLayerAvailability, InitiateLayerUpload, UploadLayerPart, "
    "CompleteLayerUpload, PutImage, BatchGetImage and GetDownloadUrlForLayer on the repository."
)


def explained(what: str, lines: Sequence[str]) -> BuildFailed:
    """The error that the last lines of a builder's log stand for.

    Returns:
        ``PushFailed`` when the image was made and the registry did not take it.
    """
    text = "\n".join(lines)
    causes = [found.group(1) for line in lines if (found := _CAUSE.match(line))]
    cause = causes[-1] if causes else next((line for line in reversed(lines) if line), "")
    if cause.startswith("process "):  # what the program said last tells more than its exit code
        said = [found.group(1) for line in lines if (found := _OUTPUT.match(line))]
        place = next((line for line in lines if _PLACE.match(line)), "")
        cause = ": ".join(filter(None, [place, *said[-1:], cause]))
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
    "{} limits pulls: log in to it before this step, wait, or start from a copy in a registry of "
    "your own."
)


def _not_pulled(what: str, image: str, cause: str, text: str) -> BuildFailed:
    """The error of an image that something starts from, and that its registry does not give."""
    host = registry_of(image)
    if _BUSY.search(cause):
        remedy = _LIMITED.format(host)
    elif host == "public.ecr.aws" and _LOGIN.search(cause):
        remedy = (
            "An old log-in is refused where none is needed: docker logout public.ecr.aws, or log "
            "in to it anew before this step."
        )
    elif _LOGIN.search(cause) or "pull access denied" in cause:
        remedy = f"Log in to {host} before this step (docker/login-action), if the name is right."
    elif "not found" in cause:
        remedy = "Check the name after FROM or --from=."
    else:
        remedy = f"See whether this machine reaches {host}."
    return BuildFailed(f"{what} failed: cannot pull {image}: {cause}", remedy=remedy, detail=text)

"""The features that a Dockerfile needs of its builder, and those that make BuildKit faster."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lambda_fast_deploy.fingerprints.images.dockerfile import Dockerfile, Instruction

# Dockerfile reference, "Automatic platform ARGs in the global scope": only BuildKit sets them.
PLATFORM_ARGS = frozenset(
    f"{of}{what}"
    for of in ("TARGET", "BUILD")
    for what in ("PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION")
) | {"TARGETSTAGE"}
# All flags that the Docker engine's own builder has (moby/moby, ``builder/dockerfile``).
_FLAGS = {
    "FROM": {"platform"},
    "COPY": {"chown", "from"},
    "ADD": {"chown"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "retries", "start-interval"},
}
_DOCUMENTS = ("ADD", "COPY", "RUN")
_REPOSITORY = re.compile(r"git@|(?:git|ssh)://|\S+\.git(?:#\S*)?(?:\s|$)")


def needs_buildkit(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> str:
    """What in a Dockerfile the Docker engine's own builder cannot do, or ``""``."""
    if dockerfile.syntax:
        return "a syntax line"
    if "BUILDKIT_SYNTAX" in build_args:
        return "a build argument BUILDKIT_SYNTAX"
    if not dockerfile.is_certain:
        return "syntax that may need BuildKit"
    for each in dockerfile.instructions:
        if reason := _reason(each.trigger or each):
            return reason
    return ""


def _reason(instruction: Instruction) -> str:
    name = instruction.name
    if name in _DOCUMENTS and instruction.end > instruction.line and "<<" in instruction.rest:
        return "a here-document"
    for flag, _ in instruction.flags:
        if flag not in _FLAGS.get(name, ()):
            return f"{name} --{flag}"
    if not instruction.is_certain:
        return f"{name} with flags that may need BuildKit"
    if name == "ADD" and _REPOSITORY.match(instruction.rest):
        return "ADD of a Git repository"
    declared = re.split(r"[\s=]", instruction.rest) if name == "ARG" else []
    used = " ".join([instruction.rest, *(value for _, value in instruction.flags)])
    for argument in sorted(PLATFORM_ARGS):
        if argument in declared or re.search(rf"\$(?:{argument}\b|\{{{argument}\b)", used):
            return argument
    return ""


def links_copies(dockerfile: Dockerfile) -> bool:
    """Whether every COPY into the last stage is a linked one."""
    last = dockerfile.stages[-1].instructions if dockerfile.stages else []
    return all(each.flag("link") is not None for each in last if each.name == "COPY")

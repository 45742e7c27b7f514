"""What a Dockerfile says about itself: what it copies, what it stands on, what it needs.

Read as text after the Dockerfile reference; when the text does not tell, the answer is the
careful one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

_INSTRUCTION = re.compile(r"\s*(COPY|ADD)\s+(.*)", re.IGNORECASE | re.DOTALL)
_MOUNT = re.compile(r"--mount=(\S+)", re.IGNORECASE)
_FLAGS = re.compile(r"\s*(?:--\S+\s+)++")
_PLAIN = re.compile(r"[^\"'\\]*")
_FROM = re.compile(r"\s*FROM\s+(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE)
_ARG = re.compile(r"\s*ARG\s+(.+)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")

# What only BuildKit can do (Dockerfile reference: "here-documents", "RUN --mount", "COPY --link").
_BUILDKIT = (
    (re.compile(r"\s*RUN\s.*--(mount|network|security)=", re.IGNORECASE), "RUN --{0}"),
    (
        re.compile(
            r"\s*(?:COPY|ADD)\s.*--(link|parents|exclude|checksum|keep-git-dir)\b", re.IGNORECASE
        ),
        "COPY --{0}",
    ),
    (re.compile(r"\s*(RUN|COPY|ADD)\s.*<<-?[\"']?\w", re.IGNORECASE), "a here-document"),
)


def _instructions(dockerfile: str) -> Iterator[str]:
    """Logical lines: continuations joined, comments dropped."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    yield from re.sub(r"[\\`]\s*\n", " ", "\n".join(lines)).splitlines()


def needs_buildkit(dockerfile: str) -> str:
    """What in a Dockerfile the classic builder cannot do, or nothing."""
    for line in dockerfile.splitlines():
        if not line.lstrip().startswith("#"):
            break
        if re.match(r"#\s*syntax\s*=", line.strip(), re.IGNORECASE):
            return "a syntax line"
    for line in _instructions(dockerfile):
        for pattern, what in _BUILDKIT:
            if match := pattern.match(line):
                return what.format(match.group(1))
    return ""


def links_copies(dockerfile: str) -> bool:
    """Whether every COPY into the last stage is a linked one."""
    last: list[str] = []
    for line in _instructions(dockerfile):
        if _FROM.match(line):
            last = []
        elif re.match(r"\s*COPY\s", line, re.IGNORECASE):
            last.append(line)
    return all("--link" in line.split() for line in last)


def upstreams(dockerfile: str, build_args: Mapping[str, str]) -> list[str]:
    """The images that a Dockerfile's stages start from, variables filled in.

    Stages of its own, ``scratch`` and images that no argument names are left out.
    """
    arguments: dict[str, str] = {}
    stages: set[str] = {"scratch"}
    found: dict[str, None] = {}

    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        return arguments.get(name, match.group(3) or "")

    for line in _instructions(dockerfile):
        if (match := _ARG.match(line)) and not found:
            for word in match.group(1).split():
                name, _, default = word.partition("=")
                arguments[name] = build_args.get(name, default.strip("\"'"))
        elif match := _FROM.match(line):
            image = _VARIABLE.sub(value, match.group(1))
            if image and image.lower() not in stages:
                found[image] = None
            if match.group(2):
                stages.add(match.group(2).lower())
    return list(found)


def _mounts_context(line: str) -> bool:
    """Whether a bind mount shows the context; a mount without a type is a bind mount."""
    for mount in _MOUNT.findall(line):
        options = dict(option.partition("=")[::2] for option in mount.lower().split(","))
        if options.get("type", "bind") == "bind" and "from" not in options:
            return True
    return False


def copied_sources(dockerfile: str) -> list[str] | None:
    """The patterns that a Dockerfile copies from its context.

    Returns:
        The sources as written; ``None`` when they cannot be told from the text (a variable, a
        quote, brackets, a bind mount), so that the whole context must count.
    """
    found: list[str] = []
    for line in _instructions(dockerfile):
        if _mounts_context(line):
            return None
        match = _INSTRUCTION.match(line)
        if not match:
            continue
        flags = _FLAGS.match(match.group(2))
        if flags and "--from=" in flags.group():
            continue
        rest = match.group(2)[flags.end() if flags else 0 :].strip()
        is_json = rest.startswith("[")
        try:
            parts = json.loads(rest) if is_json else rest.split()
        except (ValueError, RecursionError):
            return None
        for source in map(str, parts[:-1]):
            if re.search(r"\$|\*\*|[\[\\]", source) or not (is_json or _PLAIN.fullmatch(source)):
                return None
            if "://" not in source and not source.startswith("<<"):
                found.append(source)
    return found

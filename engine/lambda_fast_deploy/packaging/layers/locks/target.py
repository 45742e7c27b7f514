"""A runtime of Lambda, as markers and versions of Python packages see it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from lambda_fast_deploy.models import Layer

# Lambda gives each runtime its newest patch (Lambda developer guide, "Runtime version updates").
# uv would assume the first patch, which some packages exclude by Requires-Python.
NEWEST_PATCH = 99
_EXTRA = re.compile(r"""extra\s*(==|!=)\s*(["'])([^"']*)\2""")
_REVERSED = re.compile(r"""(["'])([^"']*)\1\s*(==|!=)\s*extra\b""")
_CARET = re.compile(r"\^\s*(\d[\w.+!-]*)")
_TILDE = re.compile(r"~(?!=)\s*(\d[\w.+!-]*)")


def version_of(layer: Layer) -> str:
    """The version of Python that a layer is for, as resolvers must see it."""
    return f"{layer.runtime.version}.{NEWEST_PATCH}"


def normal(name: str) -> str:
    """A package's name as its index has it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


class LayerTarget:
    """The runtime of a layer, with its extras."""

    def __init__(self, layer: Layer) -> None:
        self.version = version_of(layer)
        self._environment = {
            "implementation_name": "cpython",
            "implementation_version": self.version,
            "os_name": "posix",
            "platform_machine": layer.architecture.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.version,
            "python_version": layer.runtime.version,
            "sys_platform": "linux",
        }

    def fits(self, marker: str, extras: Iterable[str] = ()) -> bool:
        """Whether a marker (PEP 508) holds for the runtime, with these extras.

        Raises:
            ValueError: it is not a marker.
        """
        if not marker:
            return True
        extra_names = {normal(extra) for extra in extras}

        def truth(sign: str, name: str) -> str:
            is_so = (normal(name) in extra_names) == (sign == "==")
            return f"os_name {'==' if is_so else '!='} 'posix'"

        text = _EXTRA.sub(lambda match: truth(match[1], match[3]), marker)
        text = _REVERSED.sub(lambda match: truth(match[3], match[2]), text)
        try:
            return Marker(text).evaluate({**self._environment})
        except (InvalidMarker, UndefinedEnvironmentName) as error:
            raise ValueError(f"{marker!r} is not a marker: {error}") from None


def allows(constraint: str, version: str) -> bool | None:
    """Whether a constraint, as PEP 440 or Poetry has it, allows a version; ``None`` if unclear."""
    alternatives = [part.strip() for part in re.split(r"\|\|?", constraint)]
    results = [_allows(part, version) for part in alternatives]
    if True in results:
        return True
    return None if None in results else False


def _allows(constraint: str, version: str) -> bool | None:
    text = _CARET.sub(lambda match: _between(match[1], caret=True), constraint)
    text = _TILDE.sub(lambda match: _between(match[1], caret=False), text)
    parts = []
    for part in filter(None, re.split(r"[,\s]+(?![\d*])|(?<=\d)\s+(?=[<>=!~])", text.strip(" ()"))):
        each = part.replace(" ", "")
        if each == "*":
            continue
        parts.append(each if each[0] in "<>=!~" else f"=={each}")
    listed = [re.sub(r"^=(?!=)", "==", each) for each in parts]
    try:
        return SpecifierSet(",".join(listed)).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return None


def _between(version: str, *, caret: bool) -> str:
    """The meaning of Poetry's ^ and ~ (its documentation, "Dependency specification")."""
    numbers = [int(number) for number in re.findall(r"\d+", version.split("-")[0].split("+")[0])]
    if caret:
        place = next((n for n, number in enumerate(numbers) if number), len(numbers) - 1)
    else:
        place = min(1, len(numbers) - 1)
    above = [*numbers[:place], numbers[place] + 1]
    return f">={version},<{'.'.join(map(str, above))}"

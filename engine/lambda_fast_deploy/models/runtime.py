"""Lambda's runtimes and their families, in one table.

A new runtime is a name in its family. A new family is an entry here; for its layers,
packaging/layers must be able to install packages.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

# Pattern of runtimes in the Lambda API for which this tool builds no zips.
OTHER_RUNTIMES = (
    r"(java|dotnet|ruby|provided|go)[0-9a-z.]*|python(2\.7|3\.([6-9]|10))|nodejs([4-9]|1\d)\.\S+"
)

# glibc of Amazon Linux 2 and 2023 (Lambda developer guide, "Lambda runtimes").
_AMAZON_LINUX_2 = (2, 26)
_AMAZON_LINUX_2023 = (2, 34)


@dataclass(frozen=True, slots=True)
class RuntimeFamily:
    """Runtimes of one language.

    ``runtimes`` are the supported ones. ``pattern`` matches all names, with the version in a group.
    ``module_of`` returns the path of a handler's module in the code, without its suffix; ``suffix``
    is the usual one, ``suffixes`` are all of them, and ``compiled`` those that can follow a further
    suffix. ``layer_folder`` is the folder of packages in a layer; without one, no layers can be
    built. ``al2023`` is the first version on Amazon Linux 2023.
    """

    name: str
    runtimes: tuple[str, ...]
    pattern: str
    module_of: Callable[[str], str]
    suffix: str
    suffixes: tuple[str, ...]
    compiled: tuple[str, ...] = ()
    layer_folder: str = ""
    al2023: tuple[int, ...] = ()


def _python_module(handler: str) -> str:
    return handler.rpartition(".")[0].replace(".", "/")


def _node_module(handler: str) -> str:
    """The part before the first dot of the last segment is the module.

    Source: aws-lambda-nodejs-runtime-interface-client, "UserFunction".
    """
    folder, slash, last = handler.rpartition("/")
    return f"{folder}{slash}{last.partition('.')[0]}"


PYTHON = RuntimeFamily(
    name="Python",
    runtimes=("python3.11", "python3.12", "python3.13", "python3.14", "python3.15"),
    pattern=r"python(3\.\d+)",
    module_of=_python_module,
    suffix=".py",
    suffixes=("/__init__.py", ".py"),  # an import prefers a package to a module
    compiled=(".so", ".pyc"),
    layer_folder="python",
    al2023=(3, 12),
)
NODEJS = RuntimeFamily(
    name="Node.js",
    runtimes=("nodejs20.x", "nodejs22.x", "nodejs24.x", "nodejs26.x"),
    pattern=r"nodejs(\d+)\.x",
    module_of=_node_module,
    suffix=".js",
    suffixes=("", ".js", ".mjs", ".cjs"),
    layer_folder="nodejs",
    al2023=(20,),
)

FAMILIES = (PYTHON, NODEJS)
RUNTIMES = tuple(name for family in FAMILIES for name in family.runtimes)
LAYER_RUNTIMES = tuple(
    name for family in FAMILIES if family.layer_folder for name in family.runtimes
)


class Runtime(str):
    """A runtime, by its name in the Lambda API: ``python3.13``."""

    __slots__ = ()

    @property
    def family(self) -> RuntimeFamily | None:
        """Its family, if that is supported."""
        return _parsed(self)[0]

    @property
    def version(self) -> str:
        """The version of its language in its name: ``3.13`` or ``22``."""
        return _parsed(self)[1]

    @property
    def has_layers(self) -> bool:
        """Whether layers can be built for it."""
        return bool(self.family and self.family.layer_folder)

    @property
    def glibc(self) -> tuple[int, int]:
        """The version of glibc in the runtime."""
        numbers = tuple(map(int, filter(None, self.version.split("."))))
        family = self.family
        is_new = family is not None and numbers >= family.al2023
        return _AMAZON_LINUX_2023 if is_new else _AMAZON_LINUX_2


@functools.cache
def _parsed(name: str) -> tuple[RuntimeFamily | None, str]:
    """The family of a name, and its version."""
    for family in FAMILIES:
        if match := re.fullmatch(family.pattern, name):
            return family, match[1]
    return None, ""

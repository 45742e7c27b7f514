"""Lambda's runtimes and their families, in one table.

A new runtime is a name in its family: until then it is deployed, too, with a note. A new family is
an entry here; for its layers, packaging/layers must be able to install packages.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

# glibc of Amazon Linux 2 and 2023 (Lambda developer guide, "Lambda runtimes").
_AMAZON_LINUX_2 = (2, 26)
_AMAZON_LINUX_2023 = (2, 34)


@dataclass(frozen=True, slots=True)
class RuntimeFamily:
    """Runtimes of one language.

    ``runtimes`` are those that Lambda's API has had. ``pattern`` matches all names, with the
    version in a group. ``module_of`` returns the path of a handler's module in the code, without
    its suffix; ``suffix`` is the usual one, ``suffixes`` are all of them, and ``compiled`` those
    that can follow a further suffix. ``handler`` is the pattern of handlers, and ``usual`` the
    handler of a function that names none. ``archives`` is a pattern of zips in the code that can
    have the module. ``is_program`` is whether Lambda starts the module itself. ``layer_folder`` is
    the folder of packages in a layer, and ``layers_since`` the first version for which layers are
    built; without one, there are none. ``al2023`` is the first version on Amazon Linux 2023.
    """

    name: str
    runtimes: tuple[str, ...]
    pattern: str
    module_of: Callable[[str], str]
    suffix: str
    suffixes: tuple[str, ...]
    compiled: tuple[str, ...] = ()
    handler: str = r"\S+"
    usual: str = ""
    archives: str = ""
    is_program: bool = False
    layer_folder: str = ""
    layers_since: tuple[int, ...] = ()
    al2023: tuple[int, ...] = ()


_MODULE_AND_FUNCTION = r"\S+\.[^\s.]+"


def _python_module(handler: str) -> str:
    return handler.rpartition(".")[0].replace(".", "/")


def _node_module(handler: str) -> str:
    """The part before the first dot of the last segment is the module.

    Source: aws-lambda-nodejs-runtime-interface-client, "UserFunction".
    """
    folder, slash, last = handler.rpartition("/")
    return f"{folder}{slash}{last.partition('.')[0]}"


def _ruby_module(handler: str) -> str:
    """The part before the first dot is the file, as in ``source.Module::Class.method``."""
    return handler.partition(".")[0]


def _java_class(handler: str) -> str:
    return handler.partition("::")[0].replace(".", "/")


def _dotnet_assembly(handler: str) -> str:
    """The assembly, of ``Assembly::Namespace.Class::Method`` or of an executable one alone."""
    return handler.partition("::")[0]


PYTHON = RuntimeFamily(
    name="Python",
    runtimes=("python2.7", *(f"python3.{minor}" for minor in range(6, 16))),
    pattern=r"python(\d\.\d+)",
    module_of=_python_module,
    suffix=".py",
    suffixes=("/__init__.py", ".py"),  # an import prefers a package to a module
    compiled=(".so", ".pyc"),
    handler=_MODULE_AND_FUNCTION,
    layer_folder="python",
    layers_since=(3, 7),
    al2023=(3, 12),
)
NODEJS = RuntimeFamily(
    name="Node.js",
    runtimes=(
        *("nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10"),
        *(f"nodejs{version}.x" for version in range(10, 27, 2)),
    ),
    pattern=r"nodejs(\d+)\.(?:x|3|3-edge|10)",
    module_of=_node_module,
    suffix=".js",
    suffixes=("", ".js", ".mjs", ".cjs"),
    handler=_MODULE_AND_FUNCTION,
    layer_folder="nodejs",
    layers_since=(14,),
    al2023=(20,),
)
JAVA = RuntimeFamily(
    name="Java",
    runtimes=(
        *("java8", "java8.al2", "java11", "java17", "java21", "java25"),
        *("java8.al2023", "java11.al2023", "java17.al2023"),
    ),
    pattern=r"java(\d+)(?:\.al\d+)?",
    module_of=_java_class,
    suffix=".class",
    suffixes=(".class",),
    archives="lib/*.jar",
)
DOTNET = RuntimeFamily(
    name=".NET",
    runtimes=(
        *("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1"),
        *("dotnet6", "dotnet8", "dotnet10"),
    ),
    pattern=r"dotnet(?:core)?(\d+(?:\.\d)?)",
    module_of=_dotnet_assembly,
    suffix=".dll",
    suffixes=(".dll",),
)
RUBY = RuntimeFamily(
    name="Ruby",
    runtimes=("ruby2.5", "ruby2.7", "ruby3.2", "ruby3.3", "ruby3.4", "ruby4.0"),
    pattern=r"ruby(\d\.\d+)",
    module_of=_ruby_module,
    suffix=".rb",
    suffixes=(".rb",),
    handler=_MODULE_AND_FUNCTION,
)
# The program ``bootstrap`` reads the handler's name, if it uses it (Lambda developer guide,
# "Building a custom runtime").
OS_ONLY = RuntimeFamily(
    name="OS-only",
    runtimes=("provided", "provided.al2", "provided.al2023"),
    pattern=r"provided(?:\.al(\d+))?",
    module_of=lambda _: "bootstrap",
    suffix="",
    suffixes=("",),
    usual="bootstrap",
    is_program=True,
)
GO = RuntimeFamily(
    name="Go",
    runtimes=("go1.x",),
    pattern=r"go(1)\.x",
    module_of=str,  # the program
    suffix="",
    suffixes=("",),
    is_program=True,
)

FAMILIES = (PYTHON, NODEJS, JAVA, DOTNET, RUBY, OS_ONLY, GO)
RUNTIMES = tuple(name for family in FAMILIES for name in family.runtimes)


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
        family = self.family
        return family is not None and bool(family.layer_folder) and self._since(family.layers_since)

    @property
    def glibc(self) -> tuple[int, int]:
        """The version of glibc in the runtime."""
        family = self.family
        is_new = family is not None and self._since(family.al2023)
        return _AMAZON_LINUX_2023 if is_new else _AMAZON_LINUX_2

    def _since(self, version: tuple[int, ...]) -> bool:
        return tuple(map(int, filter(None, self.version.split(".")))) >= version


@functools.cache
def _parsed(name: str) -> tuple[RuntimeFamily | None, str]:
    """The family of a name, and its version."""
    for family in FAMILIES:
        if match := re.fullmatch(family.pattern, name):
            return family, match[1] or ""
    return None, ""


LAYER_RUNTIMES = tuple(name for name in RUNTIMES if Runtime(name).has_layers)

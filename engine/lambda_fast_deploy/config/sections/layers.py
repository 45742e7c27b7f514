"""Dependency layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.adapters.files import is_directory, is_file
from lambda_fast_deploy.adapters.folders import top_files
from lambda_fast_deploy.config.aws_services import FROM_CODE, services_of
from lambda_fast_deploy.config.code_sources import built_code, read_build
from lambda_fast_deploy.config.sections.shared import ARCHITECTURE, BUILD, LAYER_RUNTIME, PATH
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import (
    Architecture,
    FolderLayer,
    Function,
    Layer,
    PruningRules,
    PublishedLayer,
    ZipSource,
)
from lambda_fast_deploy.models.runtime import LAYER_RUNTIMES, NODEJS, PYTHON, Runtime
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import (
    ChoiceShape,
    ListOf,
    MapOf,
    OneOf,
    QuantityShape,
    TextShape,
)

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

LAYER_NAME = r"[A-Za-z0-9_-]{1,140}"  # Lambda API reference, PublishLayerVersion: LayerName
# With {region} as a placeholder, and the version if there is one.
LAYER_ARN = rf"arn:aws[a-z-]*:lambda:(\{{region\}}|[a-z0-9-]+):\d{{12}}:layer:{LAYER_NAME}(:\d+)?"
_DISTRIBUTION = TextShape(r"[A-Za-z0-9][A-Za-z0-9._-]*", "the name of a package")
LAYER = RecordShape(
    {
        "requirements": Key(
            OneOf(PATH, ListOf(TextShape(expected="a requirement"))),
            "requirements file, pyproject.toml (with its uv.lock, poetry.lock, pdm.lock or "
            "pylock.toml), Pipfile.lock, or a list; for Node.js package-lock.json, pnpm-lock.yaml "
            "or yarn.lock",
        ),
        "code": Key(
            PATH, "directory to publish as it is, in place of requirements; Lambda puts it in /opt"
        ),
        "build": Key(
            BUILD, "command that makes code; it runs in a deploy whose sources have changed"
        ),
        "runtime": Key(
            LAYER_RUNTIME,
            "runtime the layer is built for; required with requirements",
            otherwise="all, with code",
        ),
        "architecture": Key(
            ARCHITECTURE.shape, ARCHITECTURE.says, otherwise="x86_64; all, with code"
        ),
        "sources": Key(
            ListOf(_DISTRIBUTION),
            "packages to build from source, which runs their build scripts; other packages are "
            "installed from wheels only, except local folders in the requirements",
        ),
        "extras": Key(ListOf(_DISTRIBUTION), "extras of the project to install", otherwise="none"),
        "groups": Key(
            ListOf(_DISTRIBUTION),
            "dependency groups of the project to install",
            otherwise="none",
        ),
        "split": Key(
            MapOf(
                OneOf(ChoiceShape(("rest",)), ListOf(_DISTRIBUTION)),
                r"[A-Za-z0-9_-]{1,60}",
                "a name",
            ),
            "split into layers NAME-PART, each with the listed packages and their dependencies; "
            "one part can be rest",
        ),
        "prune": Key(
            ChoiceShape(("safe", "aggressive", "none")),
            "files to remove; safe: tests, type stubs, sources, metadata",
            default="safe",
        ),
        "remove": Key(ListOf(TextShape(expected="a pattern")), "further paths to remove"),
        "keep": Key(
            ListOf(TextShape(expected="a pattern")), "paths to keep; takes precedence over prune"
        ),
        "services": Key(
            ListOf(TextShape(r"[a-z0-9-]+", "an AWS service")),
            "services whose data botocore keeps; from-code: those that the code of the functions "
            "creates clients for",
            otherwise="all",
        ),
        "bytecode": Key(
            ChoiceShape(("include", "only", "none")),
            "compiled modules, for faster cold starts: with the sources if they fit (include), "
            "without the sources (only), or none",
            default="include",
        ),
        "budget": Key(QuantityShape("size"), "largest unzipped size of the layer, or of each part"),
        "share": Key(
            ListOf(
                TextShape(
                    r"\d{12}|o-[a-z0-9]{10,32}|everyone",
                    "an account (12 digits), an organisation (o-…) or everyone",
                )
            ),
            "accounts, organisations, or everyone, who may use the layer's version; [] for nobody",
            otherwise="unchanged",
        ),
    },
    one_of=("requirements", "code"),
)

# Locks of npm, pnpm and yarn.
NODE_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock")
_OF_PYTHON = {
    *("split", "prune", "remove", "keep", "services", "sources", "extras", "groups", "bytecode")
}
_OF_LANGUAGES = {"*.py": PYTHON, "*.js": NODEJS, "*.mjs": NODEJS, "package.json": NODEJS}


def default_layer(
    name: str, requirements: Path | tuple[str, ...], runtime: Runtime, architecture: Architecture
) -> Layer:
    """A layer with the defaults of all optional keys."""
    value = LAYER.completed({})
    rules = PruningRules(value["prune"])
    return Layer(name, requirements, runtime, architecture, rules, value["bytecode"])


def read_layer(checked: ValidatedDocument, name: str, value: dict[str, Any]) -> PublishedLayer:
    """A layer, from checked values."""
    if "code" in value:
        return _folder_layer(checked, name, value)
    return _dependency_layer(checked, name, value)


def _folder_layer(checked: ValidatedDocument, name: str, value: dict[str, Any]) -> FolderLayer:
    for key in sorted(_OF_PYTHON & value.keys()):
        checked.problem(f"{key} requires requirements, in place of code", "layers", name, key)
    path = ("layers", name)
    build = read_build(checked, value["build"], *path, "build") if "build" in value else None
    if build:
        (code,) = built_code(checked, value["code"])
    else:
        code = checked.directory(value["code"], *path, "code")
    for pattern, family in _OF_LANGUAGES.items():
        if (file := next(iter(top_files(code, pattern)), "")) and not is_directory(
            code / family.layer_folder
        ):
            checked.problem(
                f"{file} is at the top of layer {name}, where {family.name} does not look for "
                f"it; move it to {family.layer_folder}/ in {value['code']}",
                *("layers", name, "code"),
            )
    budget = value.get("budget")
    return FolderLayer(
        name=name,
        code=code,
        runtime=Runtime(value["runtime"]) if "runtime" in value else None,
        architecture=Architecture(value["architecture"]) if "architecture" in value else None,
        budget=int(budget) if budget is not None else None,
        share=_share(value),
        build=build,
    )


def _share(value: dict[str, Any]) -> tuple[str, ...] | None:
    return tuple(sorted(set(value["share"]))) if "share" in value else None


def _dependency_layer(checked: ValidatedDocument, name: str, value: dict[str, Any]) -> Layer:
    for_python = sorted(_OF_PYTHON & value.keys())
    if "build" in value:
        checked.problem("build requires code, in place of requirements", "layers", name, "build")
    if "runtime" not in value:
        checked.problem("'runtime' is missing (runtime the layer is built for)", "layers", name)
    value = {
        "architecture": ARCHITECTURE.default,
        "runtime": LAYER_RUNTIMES[0],
        **LAYER.completed(value),
    }
    budget, requirements = value.get("budget"), value["requirements"]
    split = {
        part: () if packages == "rest" else tuple(packages)
        for part, packages in value.get("split", {}).items()
    }
    if sum(not packages for packages in split.values()) > 1:
        checked.problem("only one part can be rest", "layers", name, "split")
    counts = Counter(each.lower() for packages in split.values() for each in packages)
    for package in sorted(each for each, count in counts.items() if count > 1):
        checked.problem(f"{package} is in two parts", "layers", name, "split")
    if Runtime(value["runtime"]).family is NODEJS:
        for key in for_python:
            checked.problem(f"{key} only applies to Python layers", "layers", name, key)
    return Layer(
        name=name,
        requirements=read_requirements(
            checked, requirements, Runtime(value["runtime"]), "layers", name, "requirements"
        ),
        runtime=Runtime(value["runtime"]),
        architecture=Architecture(value["architecture"]),
        budget=int(budget) if budget is not None else None,
        split=split,
        bytecode=value["bytecode"],
        sources=tuple(sorted(value.get("sources", ()))),
        extras=tuple(sorted(value.get("extras", ()))),
        groups=tuple(sorted(value.get("groups", ()))),
        pruning=PruningRules(
            profile=value["prune"],
            remove=tuple(value.get("remove", ())),
            keep=tuple(value.get("keep", ())),
            services=tuple(sorted(value.get("services", ()))),
        ),
        share=_share(value),
    )


def read_requirements(
    checked: ValidatedDocument, value: str | list[str], runtime: Runtime, *path: str
) -> Path | tuple[str, ...]:
    """The requirements of a key, from a checked value: a file, or a list for Python."""
    if runtime.family is NODEJS:
        if isinstance(value, list) or Path(value).name not in NODE_LOCKS:
            says = f"packages for {runtime} need a lock file: {' or '.join(NODE_LOCKS)}"
            checked.problem(says, *path)
        elif is_file(checked.root / value):
            checked.file(str(Path(value).with_name("package.json")), *path)
    return tuple(value) if isinstance(value, list) else checked.file(value, *path)


def with_services(
    checked: ValidatedDocument, layer: PublishedLayer, functions: Iterable[Function]
) -> PublishedLayer:
    """The layer, with the services that the code of its functions uses in place of from-code."""
    if isinstance(layer, FolderLayer) or FROM_CODE not in layer.pruning.services:
        return layer
    path, services = ("layers", layer.name, "services"), set(layer.pruning.services)
    for function in functions:
        source = function.source
        if isinstance(source, ZipSource) and set(source.layers) & layer.parts.keys():
            if source.build or not all(map(is_directory, source.code)):
                message = f"which clients the code of {function.name} creates is not known, since "
                checked.problem(f"{message}it is not a directory here; list the services", *path)
                continue
            try:
                found = [services_of(folder) for folder in source.code]
            except Invalid as error:
                checked.problems += error.problems
                continue
            services = services.union(*(named for named, _ in found))
            for file, line in (place for _, unknown in found for place in unknown):
                where = f"{file.relative_to(checked.root)}, line {line}"
                message = f"the service of the client in {where} is not a literal; list it here"
                checked.problem(message, *path)
    services.remove(FROM_CODE)
    if not services:
        message = "the code of its functions creates no clients; list the services here"
        checked.problem(message, *path)
    pruning = replace(layer.pruning, services=tuple(sorted(services)))
    return replace(layer, pruning=pruning)

"""Dependency layers, which functions share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.adapters.files import is_file
from lambda_fast_deploy.config.aws_services import FROM_CODE, services_of
from lambda_fast_deploy.config.sections.shared import ARCHITECTURE, LAYER_RUNTIME, PATH
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import Architecture, Function, Layer, PruningRules, ZipSource
from lambda_fast_deploy.models.runtime import NODEJS, Runtime
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
_DISTRIBUTION = TextShape(r"[A-Za-z0-9][A-Za-z0-9._-]*", "the name of a package")
LAYER = RecordShape(
    {
        "requirements": Key(
            OneOf(PATH, ListOf(TextShape(wanted="a requirement"))),
            "requirements file, pyproject.toml (with its uv.lock, poetry.lock, pdm.lock or "
            "pylock.toml), Pipfile.lock, or a list; for Node.js package-lock.json, pnpm-lock.yaml "
            "or yarn.lock",
            required=True,
        ),
        "runtime": Key(LAYER_RUNTIME, "runtime the layer is built for", required=True),
        "architecture": ARCHITECTURE,
        "sources": Key(
            ListOf(_DISTRIBUTION),
            "packages that are built from source, which runs programs of theirs; of all others "
            "only wheels are taken, but for your own folders that the requirements name",
        ),
        "extras": Key(
            ListOf(_DISTRIBUTION), "extras of the project that are wanted", otherwise="none"
        ),
        "groups": Key(
            ListOf(_DISTRIBUTION),
            "dependency groups that are wanted besides what the project always needs",
            otherwise="none",
        ),
        "split": Key(
            MapOf(
                OneOf(ChoiceShape(("rest",)), ListOf(_DISTRIBUTION)),
                r"[A-Za-z0-9_-]{1,60}",
                "a name",
            ),
            "several layers NAME-part, each with these packages and what they need; one may be "
            "the rest",
        ),
        "prune": Key(
            ChoiceShape(("safe", "aggressive", "none")),
            "what is left out; safe: tests, type stubs, sources, metadata",
            default="safe",
        ),
        "remove": Key(ListOf(TextShape(wanted="a pattern")), "further paths to leave out"),
        "keep": Key(
            ListOf(TextShape(wanted="a pattern")), "paths to keep, whatever the profile says"
        ),
        "services": Key(
            ListOf(TextShape(r"[a-z0-9-]+", "a service of AWS's")),
            "the services that botocore keeps; from-code stands for those that the functions' own "
            "code makes clients of",
            otherwise="all",
        ),
        "bytecode": Key(
            ChoiceShape(("include", "only", "none")),
            "compiled modules, for faster cold starts: beside the sources where they fit "
            "(include), in their place (only), or not at all (none)",
            default="include",
        ),
        "budget": Key(QuantityShape("size"), "largest unzipped size of this layer, of each part"),
    }
)

# Locks of npm, pnpm and yarn.
NODE_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock")
_OF_PYTHON = {
    *("split", "prune", "remove", "keep", "services", "sources", "extras", "groups", "bytecode")
}


def default_layer(
    name: str, requirements: Path | tuple[str, ...], runtime: Runtime, architecture: Architecture
) -> Layer:
    """A layer of which a configuration would say nothing that it need not."""
    value = LAYER.completed({})
    rules = PruningRules(value["prune"])
    return Layer(name, requirements, runtime, architecture, rules, value["bytecode"])


def read_layer(checked: ValidatedDocument, name: str, value: dict[str, Any]) -> Layer:
    """A dependency layer, from values of the right shape."""
    for_python = sorted(_OF_PYTHON & value.keys())
    value = LAYER.completed(value)
    budget, requirements = value.get("budget"), value["requirements"]
    split = {
        part: () if held == "rest" else tuple(held) for part, held in value.get("split", {}).items()
    }
    if sum(not held for held in split.values()) > 1:
        checked.problem("only one part can be the rest", "layers", name, "split")
    listed = Counter(each.lower() for held in split.values() for each in held)
    for twice in sorted(each for each, times in listed.items() if times > 1):
        checked.problem(f"{twice} is in two parts", "layers", name, "split")
    if Runtime(value["runtime"]).family is NODEJS:
        if isinstance(requirements, list) or Path(requirements).name not in NODE_LOCKS:
            says = f"a layer for {value['runtime']} is made of a lock: {' or '.join(NODE_LOCKS)}"
            checked.problem(says, "layers", name, "requirements")
        elif is_file(checked.root / requirements):
            checked.file(str(Path(requirements).with_name("package.json")), "layers", name)
        for key in for_python:
            checked.problem("is for Python layers only", "layers", name, key)
    return Layer(
        name=name,
        requirements=tuple(requirements)
        if isinstance(requirements, list)
        else checked.file(requirements, "layers", name, "requirements"),
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
    )


def with_services(checked: ValidatedDocument, layer: Layer, functions: Iterable[Function]) -> Layer:
    """The layer with the services that the code of its functions uses, if it asks for those."""
    if FROM_CODE not in layer.pruning.services:
        return layer
    path, services = ("layers", layer.name, "services"), set(layer.pruning.services)
    for function in functions:
        source = function.source
        if isinstance(source, ZipSource) and set(source.layers) & layer.parts.keys():
            try:
                named, unknown = services_of(source.code)
            except Invalid as error:
                checked.problems += error.problems
                continue
            services |= named
            for file, line in unknown:
                where = f"{file.relative_to(checked.root)}, line {line}"
                says = f"the service of a client is not to be seen in {where}; list them"
                checked.problem(says, *path)
    services.remove(FROM_CODE)
    if not services:
        checked.problem("no code of its functions makes a client; list the services", *path)
    pruning = replace(layer.pruning, services=tuple(sorted(services)))
    return replace(layer, pruning=pruning)

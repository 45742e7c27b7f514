"""Dependency layers and base images: what is built once and shared by functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.files import is_file
from lambda_fast_deploy.config.aws_services import FROM_CODE, services_of
from lambda_fast_deploy.config.repositories import read_repository
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import (
    Architecture,
    Base,
    Function,
    Layer,
    PruningRules,
    ZipSource,
)
from lambda_fast_deploy.models.runtime import NODEJS, Runtime

# Locks of npm, pnpm and yarn.
NODE_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock")
_OF_PYTHON = {
    *("split", "prune", "remove", "keep", "services", "sources", "extras", "groups", "bytecode")
}


def read_base(checked: ValidatedDocument, name: str, value: dict[str, Any]) -> Base:
    """A base image, from values of the right shape."""
    path = ("bases", name)
    return Base(
        name=name,
        dockerfile=checked.file(
            value.get("dockerfile", "Dockerfile.lambda.base"), *path, "dockerfile"
        ),
        context=checked.directory(value.get("context", "."), *path, "context"),
        repository=read_repository(checked, value.get("repository"), f"{name.lower()}-base", *path),
        tag=value.get("tag", "latest"),
        architecture=Architecture(value.get("architecture", "x86_64")),
        build_args=value.get("build-args", {}),
        follow_upstream=value.get("upstream", "follow") == "follow",
        secrets=value.get("build-secrets", {}),
    )


def read_layer(checked: ValidatedDocument, name: str, value: dict[str, Any]) -> Layer:
    """A dependency layer, from values of the right shape."""
    budget, asked = value.get("budget"), value["requirements"]
    split = {
        part: () if held == "rest" else tuple(held) for part, held in value.get("split", {}).items()
    }
    if sum(not held for held in split.values()) > 1:
        checked.problem("only one part can be the rest", "layers", name, "split")
    listed = Counter(each.lower() for held in split.values() for each in held)
    for twice in sorted(each for each, times in listed.items() if times > 1):
        checked.problem(f"{twice} is in two parts", "layers", name, "split")
    if Runtime(value["runtime"]).family is NODEJS:
        if isinstance(asked, list) or Path(asked).name not in NODE_LOCKS:
            says = f"a layer for {value['runtime']} is made of a lock: {' or '.join(NODE_LOCKS)}"
            checked.problem(says, "layers", name, "requirements")
        elif is_file(checked.root / asked):
            checked.file(str(Path(asked).with_name("package.json")), "layers", name)
        for key in sorted(_OF_PYTHON & value.keys()):
            checked.problem("is for Python layers only", "layers", name, key)
    return Layer(
        name=name,
        requirements=tuple(asked)
        if isinstance(asked, list)
        else checked.file(asked, "layers", name, "requirements"),
        runtime=Runtime(value["runtime"]),
        architecture=Architecture(value.get("architecture", "x86_64")),
        budget=int(budget) if budget is not None else None,
        split=split,
        bytecode=value.get("bytecode", "include"),
        sources=tuple(sorted(value.get("sources", ()))),
        extras=tuple(sorted(value.get("extras", ()))),
        groups=tuple(sorted(value.get("groups", ()))),
        pruning=PruningRules(
            profile=value.get("prune", "safe"),
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

"""The model from values of the right shape: names and files that they speak of must be there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.adapters.files import is_directory, is_file
from engine.errors import Place, Problem
from engine.mask import secrets_of
from engine.model import (
    LATEST,
    Alarms,
    Architecture,
    Base,
    Budgets,
    Canary,
    Configuration,
    Event,
    Function,
    Gate,
    HttpGate,
    ImageSource,
    Layer,
    Network,
    Pruning,
    Settings,
    Stack,
    Store,
    ZipSource,
)
from engine.settings.document import Node, nearest
from engine.settings.gates import canary, gate, kind_of, out_of_place
from engine.settings.grammar import RETENTION, ROOT, SECTIONS
from engine.settings.handler import problem_with
from engine.settings.inputs import Given, pairs_of
from engine.settings.samconfig import FILE as SAMCONFIG
from engine.settings.samconfig import MANAGED, SamConfig, read_samconfig
from engine.settings.schema import Shape
from engine.settings.services import FROM_CODE, services_of

MAX_LAYERS = 5  # Lambda quotas: function layers

# Lambda developer guide, "Defined runtime environment variables": reserved names
RESERVED = frozenset(
    """
    _HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV
    AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION
    AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME
    AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR
    """.split()
)


class Builder:
    """Builds the model from checked values, looking up places for what is still wrong."""

    def __init__(
        self, document: Node, values: dict[str, Any], root: Path, problems: list[Problem]
    ) -> None:
        self._document = document
        self._values = values
        self._root = root
        self._problems = problems

    def _problem(self, message: str, *path: str | int) -> None:
        self._problems.append(Problem(message, self._document.at(*path)))

    def _file(self, name: str, *path: str | int) -> Path:
        found = self._root / name
        if not is_file(found):
            what = "is a directory, not a file" if is_directory(found) else "does not exist"
            self._problem(f"file {name!r} {what}", *path)
        return found

    def _directory(self, name: str, *path: str | int) -> Path:
        found = self._root / name
        if not is_directory(found):
            what = "is a file, not a directory" if is_file(found) else "does not exist"
            self._problem(f"directory {name!r} {what}", *path)
        return found

    def _has_shape(self, shape: Shape, node: Node) -> bool:
        problems: list[Problem] = []
        shape.check(node, problems)
        return not problems and node.all_known

    def _value(self, key: str, otherwise: Any) -> Any:
        """The value of a top-level key, if it is there and has the right shape."""
        node = self._document.value.get(key) if isinstance(self._document.value, dict) else None
        if node is None or not self._has_shape(ROOT.keys[key].shape, node):
            return otherwise
        return self._values[key]

    def _names(self, section: str) -> list[str]:
        """The names that a section defines, whatever else is wrong with it."""
        return list(self._values.get(section, {}))

    def _sound(self, section: str) -> list[tuple[str, dict[str, Any]]]:
        """The entries of a section whose shape is right.

        What is wrong with the others has been said; these can be looked at more closely, so that
        every problem is found in one run.
        """
        entries = self._values.get(section, {})
        return [
            (name, value)
            for name, value in entries.items()
            if self._has_shape(SECTIONS[section], self._document.value[section].value[name])
        ]

    def settings(
        self,
        given: Given,
        environ: Mapping[str, str],
        event: Event,
        plan_only: str,
        known_regions: Callable[[], frozenset[str]],
    ) -> Settings:
        bases = {name: self._base(name, v) for name, v in self._sound("bases")}
        layers = {name: self._layer(name, v) for name, v in self._sound("layers")}
        tests = {name: self._gate(name, v) for name, v in self._sound("tests")}
        functions = tuple(
            self._function(name, value, bases, layers, tests)
            for name, value in self._sound("functions")
        )
        layers = {name: self._with_services(layer, functions) for name, layer in layers.items()}
        if "functions" in self._values and not self._names("functions"):
            self._problem("name at least one function", "functions")
        stack, sam = self._stack(tests)
        budgets = self._value("budgets", {})
        seconds = budgets.pop("cold-start", None)
        return Settings(
            root=self._root,
            regions=self._regions(given, environ, sam.region, known_regions),
            bases=bases,
            layers=layers,
            functions=functions,
            budgets=Budgets(
                **{key: int(size) for key, size in budgets.items()}, cold_start=seconds
            ),
            secrets=self._secrets(given, environ),
            event=event,
            plan_only=plan_only,
            artifacts=self._store() or (Store(sam.bucket) if sam.bucket else None),
            stack=stack,
            builder=given.get("builder", "").strip() or self._value("builder", ""),
        )

    def _secrets(self, given: Given, environ: Mapping[str, str]) -> tuple[str, ...]:
        """Values that only go where secrets go: environments, headers, parameters, builds.

        They come from variables, by ``${NAME}`` or as a build secret, or are given by the input
        environment, or have a name that says so; what a file says in plain words is no secret.
        """
        hidden, shown = variables_of(self._document)
        hidden |= set(self._build_secrets())
        named = [environ.get(name, "") for name in sorted(hidden - shown)]
        inputs = pairs_of(given.get("environment", "")).values()
        return tuple(dict.fromkeys(filter(None, [*named, *inputs, *secrets_of(environ)])))

    def _build_secrets(self) -> Iterator[str]:
        """The variables that hold secrets of builds."""
        for value in self._values.get("bases", {}).values():
            yield from value.get("build-secrets", {}).values()
        for value in self._values.get("functions", {}).values():
            yield from value.get("image", {}).get("build-secrets", {}).values()

    def _store(self) -> Store | None:
        value = self._value("artifacts", None)
        if value is None:
            return None
        return Store(value["bucket"], value.get("create", "false").lower() == "true")

    def _regions(
        self,
        given: Given,
        environ: Mapping[str, str],
        of_sam: str,
        known_regions: Callable[[], frozenset[str]],
    ) -> tuple[str, ...]:
        if "regions" in self._values:
            if self._value("regions", None) is None:
                return ()  # what is wrong with it has been said
            wanted = [
                (name, self._document.at("regions", index))
                for index, name in enumerate(self._values["regions"])
            ]
        elif given.get("region", "").strip():
            wanted = [(given["region"].strip(), given.place("region"))]
        elif of_sam:
            wanted = [(of_sam, Place(SAMCONFIG))]
        else:
            name = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
            wanted = [(name, Place("variable AWS_REGION"))] if name else []
        if not wanted:
            self._problems.append(
                Problem(
                    f"no region; give {given.called('region')} or set AWS_REGION",
                    given.place("region"),
                )
            )
            return ()
        known = known_regions()
        for name, place in wanted:
            if name not in known:
                self._problems.append(
                    Problem(f"{name!r} is not an AWS region{nearest(name, known)}", place)
                )
        return tuple(dict.fromkeys(name for name, _ in wanted))

    def _stack(self, tests: Mapping[str, Gate]) -> tuple[Stack | None, SamConfig]:
        """The stack, if one is asked for, and what samconfig.toml says besides."""
        value = self._value("stack", None)
        if value is None:
            return None, SamConfig()
        for section in {"bases", "layers"} & self._values.keys():
            self._problem("is for functions; those of a stack have theirs in the template", section)
        template = self._file(value["template"], "stack", "template")
        sam = read_samconfig(template.parent, value.get("samconfig", ""), self._problems)
        name = value.get("name") or sam.stack_name
        if not name:
            self._problem(f"give the stack a name, here or as stack_name in {SAMCONFIG}", "stack")
        if not (self._values.get("artifacts") or sam.bucket):
            says = f"name a bucket for what is built: artifacts, or s3_bucket in {SAMCONFIG}"
            if sam.resolves_bucket:
                says += f"; resolve_s3 uses the one that stack {MANAGED} tells as SourceBucket"
            self._problem(says, "stack")
        gates = {
            logical: tuple(self._named_tests(names, tests, "stack", "tests", logical))
            for logical, names in value.get("tests", {}).items()
        }
        retention = value.get("log-retention")
        if retention is not None and retention not in RETENTION:
            days = ", ".join(map(str, RETENTION))
            self._problem(f"logs are kept for one of {days} days", "stack", "log-retention")
        return Stack(
            template=template,
            name=name,
            parameters={**sam.parameters, **value.get("parameters", {})},
            capabilities=tuple(dict.fromkeys([*sam.capabilities, *value.get("capabilities", [])])),
            tags={**sam.tags, **value.get("tags", {})},
            gates=gates,
            may_replace=tuple(value.get("may-replace", ())),
            alarms=Alarms(**value.get("alarms", {})),
            log_retention=retention,
            place=self._document.at("stack"),
        ), sam

    def _named_tests(
        self, names: Iterable[str], tests: Mapping[str, Gate], *path: str | int
    ) -> list[Gate]:
        """The tests of those names; a name that no test has is a problem."""
        gates = []
        for index, test in enumerate(names):
            if test in tests:
                gates.append(tests[test])
            elif test not in (known := self._names("tests")):
                self._problem(f"no test {test!r}{nearest(test, known)}", *path, index)
        return gates

    def _base(self, name: str, value: dict[str, Any]) -> Base:
        path = ("bases", name)
        return Base(
            name=name,
            dockerfile=self._file(
                value.get("dockerfile", "Dockerfile.lambda.base"), *path, "dockerfile"
            ),
            context=self._directory(value.get("context", "."), *path, "context"),
            repository=value.get("repository", f"{name.lower()}-base"),
            tag=value.get("tag", "latest"),
            architecture=Architecture(value.get("architecture", "x86_64")),
            build_args=value.get("build-args", {}),
            follow_upstream=value.get("upstream", "follow") == "follow",
            secrets=value.get("build-secrets", {}),
        )

    def _layer(self, name: str, value: dict[str, Any]) -> Layer:
        budget, asked = value.get("budget"), value["requirements"]
        split = {
            part: () if held == "rest" else tuple(held)
            for part, held in value.get("split", {}).items()
        }
        if sum(not held for held in split.values()) > 1:
            self._problem("only one part can be the rest", "layers", name, "split")
        listed = Counter(each.lower() for held in split.values() for each in held)
        for twice in sorted(each for each, times in listed.items() if times > 1):
            self._problem(f"{twice} is in two parts", "layers", name, "split")
        if value["runtime"].startswith("nodejs"):
            if isinstance(asked, list) or Path(asked).name != "package-lock.json":
                says = f"a layer for {value['runtime']} is made of a package-lock.json"
                self._problem(says, "layers", name, "requirements")
            elif is_file(self._root / asked):
                self._file(str(Path(asked).with_name("package.json")), "layers", name)
            for key in {"split", "prune", "remove", "keep", "services"} & value.keys():
                self._problem("is for Python layers only", "layers", name, key)
        return Layer(
            name=name,
            requirements=tuple(asked)
            if isinstance(asked, list)
            else self._file(asked, "layers", name, "requirements"),
            runtime=value["runtime"],
            architecture=Architecture(value.get("architecture", "x86_64")),
            budget=int(budget) if budget is not None else None,
            split=split,
            bytecode=value.get("bytecode", "include"),
            pruning=Pruning(
                profile=value.get("prune", "safe"),
                remove=tuple(value.get("remove", ())),
                keep=tuple(value.get("keep", ())),
                services=tuple(sorted(value.get("services", ()))),
            ),
        )

    def _with_services(self, layer: Layer, functions: Iterable[Function]) -> Layer:
        """The layer with the services that the code of its functions uses, if it asks for those."""
        if FROM_CODE not in layer.pruning.services:
            return layer
        path, services = ("layers", layer.name, "services"), set(layer.pruning.services)
        for function in functions:
            source = function.source
            if isinstance(source, ZipSource) and set(source.layers) & layer.parts.keys():
                named, unknown = services_of(source.code)
                services |= named
                for file, line in unknown:
                    where = f"{file.relative_to(self._root)}, line {line}"
                    says = f"the service of a client is not to be seen in {where}; list them"
                    self._problem(says, *path)
        services.remove(FROM_CODE)
        if not services:
            self._problem("no code of its functions makes a client; list the services", *path)
        pruning = replace(layer.pruning, services=tuple(sorted(services)))
        return replace(layer, pruning=pruning)

    def _gate(self, name: str, value: dict[str, Any]) -> Gate:
        for key in out_of_place(value):
            says = f"{key!r} says nothing about a test by {kind_of(value)}"
            self._problem(says, "tests", name, key)
        made = gate(name, value, self._document.at("tests", name, "s3", "bucket"))
        if isinstance(made, HttpGate) and made.auth == "iam" and not made.is_elsewhere:
            says = "a path of the function is signed when its url is iam; auth is for an address"
            self._problem(says, "tests", name, "auth")
        return made

    def _function(
        self,
        name: str,
        value: dict[str, Any],
        bases: Mapping[str, Base],
        layers: Mapping[str, Layer],
        tests: Mapping[str, Gate],
    ) -> Function:
        path = ("functions", name)
        architecture = Architecture(value.get("architecture", "x86_64"))
        gates = self._named_tests(value.get("tests", []), tests, *path, "tests")
        for variable in sorted(RESERVED & value.get("environment", {}).keys()):
            self._problem(
                f"{variable} is reserved by Lambda and cannot be set",
                *path,
                "environment",
                variable,
            )
        return Function(
            name=name,
            source=(
                self._image(name, value["image"], architecture, bases)
                if "image" in value
                else self._zip(name, value["zip"], architecture, layers)
            ),
            architecture=architecture,
            role=value.get("role"),
            alias=value.get("alias", "live"),
            configuration=_configuration(value),
            url=value.get("url"),
            gates=tuple(gates),
            canary=self._canary(value, *path),
            keep=value.get("keep"),
            place=self._document.at(*path),
        )

    def _canary(self, value: dict[str, Any], *path: str) -> Canary | None:
        if value.get("alias") == LATEST:
            for key in {"canary", "keep", "url"} & value.keys():
                self._problem(f"needs an alias, and users call {LATEST}", *path, key)
        if "canary" not in value:
            return None
        return canary(value["canary"], self._document.at(*path, "canary"))

    def _image(
        self,
        name: str,
        value: dict[str, Any],
        architecture: Architecture,
        bases: Mapping[str, Base],
    ) -> ImageSource:
        path = ("functions", name, "image")
        base = value.get("base")
        known = self._names("bases")
        if base is not None and base not in known:
            self._problem(f"no base {base!r}{nearest(base, known)}", *path, "base")
        elif base is not None and base in bases and bases[base].architecture != architecture:
            self._problem(
                f"base {base!r} is built for {bases[base].architecture}, "
                f"the function for {architecture}",
                *path,
                "base",
            )
        return ImageSource(
            dockerfile=self._file(
                value.get("dockerfile", "Dockerfile.lambda"), *path, "dockerfile"
            ),
            context=self._directory(value.get("context", "."), *path, "context"),
            repository=value.get("repository", name.lower()),
            base=base,
            build_args=value.get("build-args", {}),
            compression=value.get("compression", "auto"),
            secrets=value.get("build-secrets", {}),
        )

    def _zip(
        self,
        name: str,
        value: dict[str, Any],
        architecture: Architecture,
        layers: Mapping[str, Layer],
    ) -> ZipSource:
        path = ("functions", name, "zip")
        code = self._directory(value["code"], *path, "code")
        if is_directory(code) and (
            problem := problem_with(code, value["handler"], value["runtime"])
        ):
            self._problem(problem, *path, "handler")
        wanted = value.get("layers", [])
        parts = [part for each in wanted if each in layers for part in layers[each].parts]
        if max(len(wanted), len(parts)) > MAX_LAYERS:
            self._problem(
                f"{max(len(wanted), len(parts))} layers; a Lambda function takes at most "
                f"{MAX_LAYERS}",
                *path,
                "layers",
            )
        for index, layer in enumerate(wanted):
            place = (*path, "layers", index)
            if layer not in (known := self._names("layers")):
                self._problem(f"no layer {layer!r}{nearest(layer, known)}", *place)
            elif layer in layers and (layers[layer].runtime, layers[layer].architecture) != (
                value["runtime"],
                architecture,
            ):
                self._problem(
                    f"layer {layer!r} is built for {layers[layer].runtime} on "
                    f"{layers[layer].architecture}, the function for {value['runtime']} "
                    f"on {architecture}",
                    *place,
                )
        return ZipSource(
            code=code,
            handler=value["handler"],
            runtime=value["runtime"],
            layers=tuple(parts),
            keeps_layers="layers" not in value,
        )


def variables_of(document: Node) -> tuple[set[str], set[str]]:
    """The variables that go where secrets go, and those that go where everybody sees them."""
    hidden: set[str] = set()
    shown: set[str] = set()
    for path, names in document.variables():
        is_hidden = {"environment", "headers", "build-secrets", "parameters"} & set(path)
        (hidden if is_hidden else shown).update(names)
    return hidden, shown


def _configuration(value: Mapping[str, Any]) -> Configuration:
    vpc, logging = value.get("vpc"), value.get("logging", {})
    names = {
        "format": "LogFormat",
        "level": "ApplicationLogLevel",
        "system-level": "SystemLogLevel",
        "group": "LogGroup",
    }
    words = {"text": "Text", "json": "JSON"}
    return Configuration(
        memory=value.get("memory"),
        timeout=value.get("timeout"),
        storage=value.get("storage"),
        environment=value.get("environment", {}),
        description=value.get("description"),
        network=None
        if vpc is None
        else Network(tuple(vpc.get("subnets", ())), tuple(vpc.get("security-groups", ()))),
        tracing={"active": "Active", "pass-through": "PassThrough"}.get(value.get("tracing", "")),
        logging={
            names[key]: words.get(text, text.upper() if "level" in key else text)
            for key, text in logging.items()
        },
        tags=value.get("tags", {}),
    )

"""Settings from inputs, lambda-deploy.yml and the event, with every problem at once."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.errors import Invalid, Place, Problem
from engine.model import (
    Architecture,
    Base,
    Budgets,
    Configuration,
    Event,
    Function,
    Gate,
    HttpGate,
    ImageSource,
    InvokeGate,
    Layer,
    S3Gate,
    Settings,
    ZipSource,
)
from engine.settings.document import Node, nearest, parse
from engine.settings.grammar import FILE, ROOT
from engine.settings.inputs import single_function

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


def load(
    given: Mapping[str, str],
    environ: Mapping[str, str],
    event: Event,
    root: Path,
    known_regions: Callable[[], frozenset[str]],
) -> Settings:
    """Validate everything the user wrote.

    Args:
        given: inputs by name; an empty text counts as not given.
        environ: values for ``${NAME}`` and the default region.
        event: what started the run.
        root: directory that relative paths start from, when there is no configuration file.
        known_regions: the regions that Lambda has.

    Raises:
        Invalid: with every problem, each at its file and line.
    """
    problems: list[Problem] = []
    document, directory = _document(given, environ, root, problems)
    values = ROOT.check(document, problems) if document else {}
    if not document or problems:
        raise Invalid(problems)
    settings = _Builder(document, values, directory, problems).settings(
        given, environ, event, known_regions
    )
    if problems:
        raise Invalid(problems)
    return settings


def _document(
    given: Mapping[str, str], environ: Mapping[str, str], root: Path, problems: list[Problem]
) -> tuple[Node | None, Path]:
    if given.get("function", "").strip():
        if given.get("config", "").strip():
            problems.append(
                Problem("give either config or function, not both", Place("input config"))
            )
        return single_function(given, environ, problems), root
    name = given.get("config", "").strip() or FILE
    path = root / name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        problems.append(
            Problem(
                f"cannot read {name}: {reason}; write that file, or give input function",
                Place("input config"),
            )
        )
        return None, root
    return parse(text, name, environ, problems), path.parent


def _defines(source: Path, name: str) -> bool:
    """Whether a module binds a name at its top level, as far as its text tells."""
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True  # the import on Lambda's side, in the health gate, says more than we could
    scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    todo: list[ast.AST] = [tree]
    todo += [node for node in ast.walk(tree) if isinstance(node, ast.Global)]
    while todo:
        node = todo.pop()
        if isinstance(node, scopes):
            names = [node.name]
        elif isinstance(node, ast.Global):
            names = node.names
        elif isinstance(node, ast.Name):
            stored = isinstance(node.ctx, ast.Store)
            names = [node.id] if stored else ["*"] if node.id == "globals" else []
        elif isinstance(node, ast.alias):
            names = [node.asname or node.name]
        else:
            names = []
        if name in names or "*" in names:
            return True
        if not isinstance(node, scopes):
            todo += ast.iter_child_nodes(node)
    return False


class _Builder:
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
        if not found.is_file():
            self._problem(f"file {name!r} does not exist", *path)
        return found

    def _directory(self, name: str, *path: str | int) -> Path:
        found = self._root / name
        if not found.is_dir():
            self._problem(f"directory {name!r} does not exist", *path)
        return found

    def settings(
        self,
        given: Mapping[str, str],
        environ: Mapping[str, str],
        event: Event,
        known_regions: Callable[[], frozenset[str]],
    ) -> Settings:
        bases = {name: self._base(name, v) for name, v in self._values.get("bases", {}).items()}
        layers = {name: self._layer(name, v) for name, v in self._values.get("layers", {}).items()}
        tests = {name: self._gate(name, v) for name, v in self._values.get("tests", {}).items()}
        functions = tuple(
            self._function(name, value, bases, layers, tests)
            for name, value in self._values["functions"].items()
        )
        if not functions:
            self._problem("name at least one function", "functions")
        budgets = {key: int(size) for key, size in self._values.get("budgets", {}).items()}
        plan_only, reason = _plan_only(given, event, self._problems)
        return Settings(
            root=self._root,
            regions=self._regions(given, environ, known_regions),
            bases=bases,
            layers=layers,
            functions=functions,
            budgets=Budgets(**budgets),
            event=event,
            plan_only=plan_only,
            plan_reason=reason,
        )

    def _regions(
        self,
        given: Mapping[str, str],
        environ: Mapping[str, str],
        known_regions: Callable[[], frozenset[str]],
    ) -> tuple[str, ...]:
        if "regions" in self._values:
            wanted = [
                (name, self._document.at("regions", index))
                for index, name in enumerate(self._values["regions"])
            ]
        elif given.get("region", "").strip():
            wanted = [(given["region"].strip(), Place("input region"))]
        else:
            name = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
            wanted = [(name, Place("variable AWS_REGION"))] if name else []
        if not wanted:
            self._problems.append(
                Problem("no region; give input region or set AWS_REGION", Place("input region"))
            )
            return ()
        known = known_regions()
        for name, place in wanted:
            if name not in known:
                self._problems.append(
                    Problem(f"{name!r} is not an AWS region{nearest(name, known)}", place)
                )
        return tuple(dict.fromkeys(name for name, _ in wanted))

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
        )

    def _layer(self, name: str, value: dict[str, Any]) -> Layer:
        budget = value.get("budget")
        return Layer(
            name=name,
            requirements=self._file(value["requirements"], "layers", name, "requirements"),
            runtime=value["runtime"],
            architecture=Architecture(value.get("architecture", "x86_64")),
            budget=int(budget) if budget is not None else None,
        )

    def _gate(self, name: str, value: dict[str, Any]) -> Gate:
        within = float(value.get("within", 60.0))
        if "s3" in value:
            s3 = value["s3"]
            return S3Gate(
                name=name,
                bucket=s3["bucket"],
                path=s3["path"],
                prefix=s3.get("prefix", ""),
                place=self._document.at("tests", name, "s3", "bucket"),
                within=within,
            )
        json = value.get("json", {})
        if "invoke" in value:
            if "status" in value:
                self._problem("'status' belongs to an http test", "tests", name, "status")
            return InvokeGate(name=name, payload=value["invoke"], json=json, within=within)
        return HttpGate(
            name=name,
            path=value["http"],
            status=value.get("status", 200),
            json=json,
            within=within,
        )

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
        gates = []
        for index, test in enumerate(value.get("tests", [])):
            if test in tests:
                gates.append(tests[test])
            else:
                self._problem(f"no test {test!r}{nearest(test, tests)}", *path, "tests", index)
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
            configuration=Configuration(
                memory=value.get("memory"),
                timeout=value.get("timeout"),
                environment=value.get("environment", {}),
                description=value.get("description"),
            ),
            url=value.get("url"),
            gates=tuple(gates),
        )

    def _image(
        self,
        name: str,
        value: dict[str, Any],
        architecture: Architecture,
        bases: Mapping[str, Base],
    ) -> ImageSource:
        path = ("functions", name, "image")
        base = value.get("base")
        if base is not None and base not in bases:
            self._problem(f"no base {base!r}{nearest(base, bases)}", *path, "base")
        elif base is not None and bases[base].architecture != architecture:
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
        self._handler(code, value["handler"], *path, "handler")
        wanted = value.get("layers", [])
        if len(wanted) > MAX_LAYERS:
            self._problem(
                f"{len(wanted)} layers; a Lambda function takes at most {MAX_LAYERS}",
                *path,
                "layers",
            )
        for index, layer in enumerate(wanted):
            place = (*path, "layers", index)
            if layer not in layers:
                self._problem(f"no layer {layer!r}{nearest(layer, layers)}", *place)
            elif (layers[layer].runtime, layers[layer].architecture) != (
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
            code=code, handler=value["handler"], runtime=value["runtime"], layers=tuple(wanted)
        )

    def _handler(self, code: Path, handler: str, *path: str | int) -> None:
        if not code.is_dir():
            return
        module, _, name = handler.rpartition(".")
        relative = module.replace(".", "/")
        for candidate in (code / f"{relative}.py", code / relative / "__init__.py"):
            if candidate.is_file():
                if not _defines(candidate, name):
                    self._problem(
                        f"handler {handler!r}: {candidate.name} defines no {name!r}", *path
                    )
                return
        self._problem(f"handler {handler!r}: {relative}.py does not exist in {code.name!r}", *path)


def _plan_only(given: Mapping[str, str], event: Event, problems: list[Problem]) -> tuple[bool, str]:
    switch = given.get("dry-run", "").strip().lower()
    if switch not in ("", "true", "false"):
        problems.append(Problem(f"expected true or false, got {switch!r}", Place("input dry-run")))
    if switch == "true":
        return True, "dry-run was asked for"
    for flag in ("dry-run", "skip-deploy"):
        if event.asks_for(flag):
            return True, f"the commit message says [{flag}]"
    if event.name in ("pull_request", "pull_request_target"):
        return True, "pull requests are planned, not deployed"
    return False, ""

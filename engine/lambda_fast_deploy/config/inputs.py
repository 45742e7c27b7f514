"""The inputs, and how those for a single function become a document like lambda-deploy.yml.

The same table makes the command line's options, action.yml and its page of the reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lambda_fast_deploy.config.keys import FILE, ROOT
from lambda_fast_deploy.config.records import Key, RecordShape, with_default
from lambda_fast_deploy.config.shapes import MapOf, Shape
from lambda_fast_deploy.config.yaml_lines import YamlNode, nodes_of, substitute, variables_in
from lambda_fast_deploy.config.yaml_nodes import DEPTH
from lambda_fast_deploy.errors import Place, Problem


@dataclass(frozen=True, slots=True)
class Input:
    """One input: ``name`` in action.yml, ``--name`` on the command line.

    ``path`` is where its value goes in the document; F stands for the function's name, and there
    its ``default`` stands as well, if it has one. One that ``selects`` says what is deployed or
    built: without it nothing takes its place.
    """

    name: str
    says: str
    path: str = ""
    switch: bool = False
    default: str = ""
    selects: bool = False

    @property
    def text(self) -> str:
        """What it is for, with its default: that of the key at its path, unless it selects."""
        key = None if self.selects else self._key
        return with_default(self.says, self.default or (key.default if key else None))

    @property
    def _key(self) -> Key | None:
        """The key of lambda-deploy.yml that it gives a value for."""
        shape: Shape = ROOT
        key = None
        for part in self.path.split(".") if self.path else ():
            if isinstance(shape, MapOf):  # the part is a name of the user's
                shape = shape.item
            elif isinstance(shape, RecordShape):
                key = shape.keys[part]
                shape = key.shape
        return key

    @property
    def is_of_one_function(self) -> bool:
        """Whether it describes the single function, in place of a configuration file."""
        return "." in self.path


INPUTS = (
    Input("config", "Configuration file for many functions", default=FILE),
    Input("region", "AWS region, when the configuration names none", default="AWS_REGION"),
    Input("template", "SAM or CloudFormation template: deploys its stack, as samconfig.toml says"),
    Input("function", "Name of the function, to deploy one without a configuration file"),
    Input("role", "ARN of the execution role; needed to create the function", "functions.F.role"),
    Input("alias", "Alias that users call, moved last", "functions.F.alias"),
    Input("memory", "Memory in MB", "functions.F.memory"),
    Input("timeout", "Timeout in seconds", "functions.F.timeout"),
    Input(
        "environment",
        "Environment variables, one NAME=value a line, merged with those that are there",
        "functions.F.environment",
    ),
    Input("architecture", "Instruction set, x86_64 or arm64", "functions.F.architecture"),
    Input("url", "Function URL on the alias: public or iam", "functions.F.url"),
    Input("code", "Directory of the code: deploys a zip", "functions.F.zip.code"),
    Input("handler", "Handler of a zip, such as app.handler", "functions.F.zip.handler"),
    Input("runtime", "Runtime of a zip, such as python3.13", "functions.F.zip.runtime"),
    Input(
        "requirements",
        "Requirements file that becomes a dependency layer",
        "layers.F-dependencies.requirements",
    ),
    Input(
        "dockerfile",
        "Dockerfile: deploys a container image",
        "functions.F.image.dockerfile",
        selects=True,
    ),
    Input("context", "Build context of the image", "functions.F.image.context"),
    Input(
        "repository",
        "ECR repository of the image",
        "functions.F.image.repository",
        default="the function's name",
    ),
    Input(
        "build-args",
        "Build arguments of the image, one NAME=value a line",
        "functions.F.image.build-args",
    ),
    Input(
        "build-secrets",
        "Build secrets, one ID=VARIABLE a line: the environment variable of each",
        "functions.F.image.build-secrets",
    ),
    Input("builder", "Buildx builder of images", "builder", default="the best that runs"),
    Input(
        "base-dockerfile",
        "Dockerfile of the base image, built only when it changed",
        "bases.F.dockerfile",
        selects=True,
    ),
    Input(
        "base-repository",
        "ECR repository of the base image",
        "bases.F.repository",
        default="the function's name with -base",
    ),
    Input("base-tag", "Human tag of the base image, such as 3.13", "bases.F.tag"),
    Input("health-path", "Path that must answer before traffic arrives", "tests.health.http"),
    Input("health-payload", "Event (JSON) to invoke instead of a path", "tests.health.invoke"),
    Input("health-within", "Time in which it must pass", "tests.health.within", default="30s"),
    Input(
        "test-s3-bucket",
        "Bucket of the S3 test, which runs with [test-s3] or for a release",
        "tests.storage.s3.bucket",
    ),
    Input("test-s3-path", "API path of an object, such as /objects/{key}", "tests.storage.s3.path"),
    Input(
        "test-s3-prefix",
        "Where {key} is stored in the bucket",
        "tests.storage.s3.prefix",
        default="its root",
    ),
    Input("commit-message", "Text to read flags from, instead of the event's commit message"),
    Input(
        "credentials-expire",
        "When the credentials end: output aws-expiration of aws-actions/configure-aws-credentials",
    ),
    Input("rollback", "Go back instead of deploying: previous, or the number of a version"),
    Input(
        "code-only",
        "Update the code of a stack's functions directly, for development: true or false",
        switch=True,
    ),
    Input("dry-run", "Only plan: true or false", switch=True),
    Input(
        "change-set",
        "In a plan of a stack, let CloudFormation compare, by a change set: true or false",
        switch=True,
    ),
)

PREVIOUS = "previous"  # value of input rollback
PAIRS = ("environment", "build-args", "build-secrets")


class GivenInputs(Mapping[str, str]):
    """The inputs that were given, and what people call each where they can give it.

    Args:
        options: those from the command line, which go first.
        inputs: those of a workflow's step; ``None`` where no workflow runs.
    """

    def __init__(self, options: Mapping[str, str], inputs: Mapping[str, str] | None = None) -> None:
        self._options = options
        self._values = {**(inputs or {}), **options}
        self._in_workflow = inputs is not None

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def called(self, name: str) -> str:
        """``input region`` in a workflow, ``option --region`` on the command line."""
        is_input = self._in_workflow and name not in self._options
        return f"input {name}" if is_input else f"option --{name}"

    def place(self, name: str) -> Place:
        """Where an input was given, or can be."""
        return Place(self.called(name))


def pairs_of(text: str) -> dict[str, str]:
    """The values of an input such as ``environment``, as they were written, by their names."""
    lines = (line.strip().partition("=") for line in text.splitlines())
    return {
        name.strip(): value if name == name.rstrip() else value.lstrip()
        for name, sign, value in lines
        if sign
    }


def _pairs(
    text: str, place: Place, environ: Mapping[str, str], problems: list[Problem]
) -> dict[str, YamlNode]:
    found: dict[str, YamlNode] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = line.partition("=")
        if not sign:
            problems.append(Problem(f"expected NAME=value on each line, got {name!r}", place))
        # Line by line, so that a value of several lines cannot become further variables.
        if name != name.rstrip():
            value = value.lstrip()  # A = 1
        names = variables_in(value)
        value = substitute(value, place, environ, problems)
        found[name.strip()] = YamlNode(value, place, value, names=names)
    return found


def _value(
    name: str, text: str, place: Place, environ: Mapping[str, str], problems: list[Problem]
) -> YamlNode:
    if name in PAIRS:
        return YamlNode(_pairs(text, place, environ, problems), place)
    said, names = len(problems), variables_in(text)
    text = substitute(text.strip(), place, environ, problems)
    if len(problems) > said:
        return YamlNode(text, place, text, known=False)
    if name == "health-payload":
        try:
            return nodes_of(json.loads(text), place)
        except ValueError as error:
            problems.append(Problem(f"not valid JSON: {error}", place))
        except RecursionError:
            problems.append(Problem(f"more than {DEPTH} values inside each other", place))
    return YamlNode(text, place, text, names=names)


def _put(root: YamlNode, path: list[str], value: YamlNode) -> None:
    node = root
    for key in path[:-1]:
        node = node.value.setdefault(key, YamlNode({}, value.place))
    node.value[path[-1]] = value


def of_template(given: GivenInputs) -> YamlNode:
    """The document that input template stands for."""
    path, where = given["template"].strip(), given.place("template")
    return YamlNode({"stack": YamlNode({"template": YamlNode(path, where, path)}, where)}, where)


def single_function(
    given: GivenInputs, environ: Mapping[str, str], problems: list[Problem]
) -> YamlNode:
    """The document that the inputs for one function stand for."""
    function = given["function"].strip()
    where = given.place("function")
    root: YamlNode = YamlNode({}, where)
    _put(root, ["functions", function], YamlNode({}, where))
    for item in INPUTS:
        if item.path and given.get(item.name, "").strip():
            place = given.place(item.name)
            path = [
                part.replace("F", function, 1) if part[0] == "F" else part
                for part in item.path.split(".")
            ]
            _put(root, path, _value(item.name, given[item.name], place, environ, problems))
    _complete(root, function, given, problems)
    return root


def _complete(root: YamlNode, function: str, given: GivenInputs, problems: list[Problem]) -> None:
    """Tie together what a configuration file would name: base, layer and tests."""
    entry: dict[str, Any] = root.value["functions"].value[function].value

    def text(value: str, place: Place) -> YamlNode:
        return YamlNode(value, place, value)

    if not {"zip", "image"} & entry.keys():
        code, dockerfile = given.called("code"), given.called("dockerfile")
        says = f"needs {code} (for a zip) or {dockerfile} (for an image)"
        problems.append(Problem(says, root.place))
        entry["image"] = YamlNode({}, root.place)
    if {"zip", "image"} <= entry.keys():
        problems.append(
            Problem("give what a zip needs or what an image needs, not both", entry["image"].place)
        )
        del entry["image"]
    if bases := root.value.get("bases"):
        base = bases.value[function]
        base.value.setdefault("repository", text(f"{function.lower()}-base", base.place))
        if "image" in entry:
            entry["image"].value["base"] = text(function, base.place)
            if secrets := entry["image"].value.get("build-secrets"):
                base.value["build-secrets"] = secrets
        if "architecture" in entry:
            base.value["architecture"] = entry["architecture"]
    if layers := root.value.get("layers"):
        name, layer = next(iter(layers.value.items()))
        if "zip" in entry:
            entry["zip"].value["layers"] = YamlNode([text(name, layer.place)], layer.place)
            if runtime := entry["zip"].value.get("runtime"):
                layer.value["runtime"] = runtime
        if "architecture" in entry:
            layer.value["architecture"] = entry["architecture"]
    if tests := root.value.get("tests"):
        health = tests.value["health"].value if "health" in tests.value else {}
        if {"http", "invoke"} <= health.keys():
            problems.append(
                Problem("give either health-path or health-payload", health["invoke"].place)
            )
            del health["invoke"]
        entry["tests"] = YamlNode(
            [text(name, test.place) for name, test in tests.value.items()], tests.place
        )

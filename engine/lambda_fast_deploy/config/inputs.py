"""The inputs: one table makes the command line's options, action.yml and the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lambda_fast_deploy.config.keys import FILE, ROOT
from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.schema.records import Key, RecordShape, with_default
from lambda_fast_deploy.schema.shapes import MapOf, Shape


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

"""The inputs: one table for the options of the command line, action.yml and the reference."""

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

    ``path`` is the path of its value in lambda-deploy.yml, where F is the function's name. Without
    a ``default``, the default is that of the key at its path. An input that ``selects`` decides
    what is deployed or built and has no default.
    """

    name: str
    says: str
    path: str = ""
    switch: bool = False
    default: str = ""
    selects: bool = False

    @property
    def text(self) -> str:
        """The sentence that documents it, with its default."""
        key = None if self.selects else self._key
        return with_default(self.says, self.default or (key.default if key else None))

    @property
    def _key(self) -> Key | None:
        """The key of lambda-deploy.yml that it sets."""
        shape: Shape = ROOT
        key = None
        for part in self.path.split(".") if self.path else ():
            if isinstance(shape, MapOf):  # the part is a name that the user chooses
                shape = shape.item
            elif isinstance(shape, RecordShape):
                key = shape.keys[part]
                shape = key.shape
        return key

    @property
    def is_of_one_function(self) -> bool:
        """Whether it describes one function, instead of a configuration file."""
        return "." in self.path


INPUTS = (
    Input("config", "Configuration file", default=FILE),
    Input("region", "AWS region, if the configuration has no regions", default="AWS_REGION"),
    Input("template", "SAM or CloudFormation template; deploys its stack with samconfig.toml"),
    Input("function", "Name of a function to deploy without a configuration file"),
    Input(
        "functions",
        "Names of the functions to deploy, separated by spaces or lines",
        default="all functions of the configuration",
    ),
    Input("role", "ARN of the execution role; required to create the function", "functions.F.role"),
    Input("alias", "Alias to point at the new version", "functions.F.alias"),
    Input("memory", "Memory in MB", "functions.F.memory"),
    Input("timeout", "Timeout in seconds", "functions.F.timeout"),
    Input(
        "environment",
        "Environment variables, one NAME=value per line, merged with the existing ones",
        "functions.F.environment",
    ),
    Input("architecture", "Instruction set: x86_64 or arm64", "functions.F.architecture"),
    Input("url", "Function URL on the alias: public or iam", "functions.F.url"),
    Input("code", "Directory of the code; deploys a zip", "functions.F.zip.code"),
    Input("handler", "Handler of a zip, such as app.handler", "functions.F.zip.handler"),
    Input("runtime", "Runtime of a zip, such as python3.13", "functions.F.zip.runtime"),
    Input(
        "requirements",
        "Requirements file to build a dependency layer from",
        "layers.F-dependencies.requirements",
    ),
    Input(
        "layers",
        "ARNs of layers, one per line; {region} is replaced by the region",
        "functions.F.zip.layers",
    ),
    Input(
        "dockerfile",
        "Dockerfile; deploys a container image",
        "functions.F.image.dockerfile",
        selects=True,
    ),
    Input(
        "image-uri",
        "Image in ECR with a tag or a digest; deploys it as it is",
        "functions.F.image.uri",
        selects=True,
    ),
    Input("target", "Stage of the Dockerfile to build", "functions.F.image.target"),
    Input("context", "Build context of the image", "functions.F.image.context"),
    Input(
        "repository",
        "ECR repository of the image",
        "functions.F.image.repository",
        default="the function's name",
    ),
    Input(
        "build-args",
        "Build arguments of the image, one NAME=value per line",
        "functions.F.image.build-args",
    ),
    Input(
        "build-secrets",
        "Build secrets, one ID=VARIABLE per line; VARIABLE is an environment variable",
        "functions.F.image.build-secrets",
    ),
    Input("builder", "Buildx builder for images", "builder", default="the best running one"),
    Input(
        "base-dockerfile",
        "Dockerfile of the base image, which is built only if it changed",
        "bases.F.dockerfile",
        selects=True,
    ),
    Input(
        "base-repository",
        "ECR repository of the base image",
        "bases.F.repository",
        default="the function's name with -base",
    ),
    Input("base-tag", "Readable tag of the base image, such as 3.13", "bases.F.tag"),
    Input("health-path", "Path to request before the new version is live", "tests.health.http"),
    Input("health-payload", "Event (JSON) to invoke with instead of a path", "tests.health.invoke"),
    Input("health-within", "Time limit of the health test", "tests.health.within"),
    Input(
        "test-s3-bucket",
        "Bucket of the S3 test, which runs with [test-s3] and for releases",
        "tests.storage.s3.bucket",
    ),
    Input("test-s3-path", "API path of an object, such as /objects/{key}", "tests.storage.s3.path"),
    Input(
        "test-s3-prefix",
        "Prefix of {key} in the bucket",
        "tests.storage.s3.prefix",
        default="none",
    ),
    Input("commit-message", "Text to read flags from, instead of the event's commit message"),
    Input(
        "credentials-expire",
        "Expiry of the credentials: output aws-expiration of aws-actions/configure-aws-credentials",
    ),
    Input("rollback", "Roll back instead of deploying: previous, or the number of a version"),
    Input(
        "code-only",
        "Update the code of a stack's functions directly, for development: true or false",
        switch=True,
    ),
    Input("dry-run", "Plan without deploying: true or false", switch=True),
    Input(
        "change-set",
        "Create a change set to plan a stack exactly: true or false",
        switch=True,
    ),
)

PREVIOUS = "previous"  # value of input rollback
LINES = ("layers",)
PAIRS = ("environment", "build-args", "build-secrets")


class GivenInputs(Mapping[str, str]):
    """The values of the inputs, and their names in messages.

    Args:
        options: inputs from the command line, which take precedence.
        inputs: inputs of a workflow's step; ``None`` outside of workflows.
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
        if name == "functions" and not is_input:
            return "argument FUNCTION"
        return f"input {name}" if is_input else f"option --{name}"

    def place(self, name: str) -> Place:
        """The place where an input is set, or can be."""
        return Place(self.called(name))

"""The grammar of lambda-deploy.yml: every key, its shape and its meaning, in one table.

Bounds are those of the Lambda API reference (``CreateFunction``) and the ECR one
(``CreateRepository``).
"""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy.arn import ROLE, TOPIC
from lambda_fast_deploy.config.environment_variables import ENVIRONMENT
from lambda_fast_deploy.config.shapes import (
    ChoiceShape,
    IntegerShape,
    Key,
    ListOf,
    MapOf,
    OneOf,
    PercentShape,
    QuantityShape,
    RecordShape,
    TextShape,
)
from lambda_fast_deploy.config.test_keys import CANARY, OWNER, TEST

FILE = "lambda-deploy.yml"

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
ARCHITECTURE = ChoiceShape(("x86_64", "arm64"))
RUNTIMES = (
    *("python3.11", "python3.12", "python3.13", "python3.14", "python3.15"),
    *("nodejs20.x", "nodejs22.x", "nodejs24.x", "nodejs26.x"),
)
# Other names of the Lambda API (Runtime).
OTHER_RUNTIMES = (
    r"(java|dotnet|ruby|provided|go)[0-9a-z.]*|python(2\.7|3\.([6-9]|10))|nodejs([4-9]|1\d)\.\S+"
)
RUNTIME = ChoiceShape(
    RUNTIMES,
    OTHER_RUNTIMES,
    "; functions of another runtime come from a stack (template) or an image",
)
REPOSITORY = TextShape(
    r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
    "a repository name (lower case, digits, . _ - /)",
)
PATH = TextShape(wanted="a path")
NAME = r"[A-Za-z0-9_-]{1,64}"
LAYER_NAME = r"[A-Za-z0-9_-]{1,140}"
BUCKET = TextShape(r"[a-z0-9{][a-z0-9.{}-]{1,61}[a-z0-9}]", "a bucket name")
SECRETS = MapOf(
    TextShape(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable"),
    r"[A-Za-z0-9_.-]+",
    "the id of a secret",
)
SECRETS_KEY = Key(SECRETS, "build secrets: the environment variable of each id that is mounted")
STRINGS = MapOf(TextShape(".*"), r"[A-Za-z_][A-Za-z0-9_]*", "a variable name")

UPSTREAM = Key(
    ChoiceShape(("follow", "ignore")),
    "whether it is built again when an image moves that it starts from, or copies from; "
    "default follow",
)

BASE = RecordShape(
    {
        "dockerfile": Key(PATH, "path of the base's Dockerfile; default Dockerfile.lambda.base"),
        "context": Key(PATH, "build context; default the directory of this file"),
        "repository": Key(REPOSITORY, "ECR repository; default the base's name with -base"),
        "tag": Key(
            TextShape(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}", "an image tag"),
            "human tag of the image; default latest",
        ),
        "architecture": Key(ARCHITECTURE, "instruction set; default x86_64"),
        "build-args": Key(STRINGS, "build arguments"),
        "build-secrets": SECRETS_KEY,
        "upstream": UPSTREAM,
    }
)

DISTRIBUTION = TextShape(r"[A-Za-z0-9][A-Za-z0-9._-]*", "the name of a package")
LAYER = RecordShape(
    {
        "requirements": Key(
            OneOf(PATH, ListOf(TextShape(wanted="a requirement"))),
            "requirements file, pyproject.toml (with its uv.lock, poetry.lock, pdm.lock or "
            "pylock.toml), Pipfile.lock, or a list; for Node.js package-lock.json, pnpm-lock.yaml "
            "or yarn.lock",
            required=True,
        ),
        "runtime": Key(RUNTIME, "runtime the layer is built for", required=True),
        "architecture": Key(ARCHITECTURE, "instruction set; default x86_64"),
        "sources": Key(
            ListOf(DISTRIBUTION),
            "packages that are built from source, which runs programs of theirs; of all others "
            "only wheels are taken, but for your own folders that the requirements name",
        ),
        "extras": Key(ListOf(DISTRIBUTION), "extras of the project that are wanted; default none"),
        "groups": Key(
            ListOf(DISTRIBUTION),
            "dependency groups that are wanted besides what the project always needs; default none",
        ),
        "split": Key(
            MapOf(
                OneOf(ChoiceShape(("rest",)), ListOf(DISTRIBUTION)),
                r"[A-Za-z0-9_-]{1,60}",
                "a name",
            ),
            "several layers NAME-part, each with these packages and what they need; one may be "
            "the rest",
        ),
        "prune": Key(
            ChoiceShape(("safe", "aggressive", "none")),
            "what is left out; default safe: tests, type stubs, sources, metadata",
        ),
        "remove": Key(ListOf(TextShape(wanted="a pattern")), "further paths to leave out"),
        "keep": Key(
            ListOf(TextShape(wanted="a pattern")), "paths to keep, whatever the profile says"
        ),
        "services": Key(
            ListOf(TextShape(r"[a-z0-9-]+", "a service of AWS's")),
            "the services that botocore keeps; from-code stands for those that the functions' own "
            "code makes clients of; default all",
        ),
        "bytecode": Key(
            ChoiceShape(("include", "only", "none")),
            "compiled modules, for faster cold starts: beside the sources where they fit (include, "
            "the default), in their place (only), or not at all",
        ),
        "budget": Key(QuantityShape("size"), "largest unzipped size of this layer, of each part"),
    }
)

IMAGE = RecordShape(
    {
        "dockerfile": Key(PATH, "path of the Dockerfile; default Dockerfile.lambda"),
        "context": Key(PATH, "build context; default the directory of this file"),
        "repository": Key(REPOSITORY, "ECR repository; default the function's name"),
        "base": Key(TextShape(NAME, "a base's name"), "base image, handed over as BASE_IMAGE"),
        "compression": Key(
            ChoiceShape(("auto", "zstd", "gzip")),
            "of the image's layers; default auto: zstd, and gzip where Lambda refuses that",
        ),
        "build-args": Key(STRINGS, "build arguments"),
        "build-secrets": SECRETS_KEY,
        "upstream": UPSTREAM,
    }
)

ZIP = RecordShape(
    {
        "code": Key(PATH, "directory of the function's own code", required=True),
        "handler": Key(
            TextShape(r"(?=.{1,128}$)[^\s]+\.[^\s.]+", "a handler such as app.handler"),
            "module and function that Lambda calls",
            required=True,
        ),
        "runtime": Key(RUNTIME, "Lambda runtime", required=True),
        "layers": Key(
            ListOf(TextShape(LAYER_NAME, "a layer's name")),
            "layers, first to last; at most 5. Without it the function keeps those that it has",
        ),
    }
)

FUNCTION = RecordShape(
    {
        "image": Key(IMAGE, "package as a container image"),
        "zip": Key(ZIP, "package as a zip, with dependencies in layers"),
        "architecture": Key(ARCHITECTURE, "instruction set; default x86_64"),
        "role": Key(
            TextShape(ROLE, "the ARN of an IAM role"),
            "execution role; needed when the function does not exist yet",
        ),
        "alias": Key(
            TextShape(r"(?!\d+$)[A-Za-z0-9_-]{1,128}|\$LATEST", "an alias name"),
            "alias that users call, moved last; default live. $LATEST: none, users have what was "
            "uploaded last",
        ),
        # The bounds of the API; where less is allowed, Lambda says so.
        "memory": Key(IntegerShape(128, 32768, "MB"), "memory in MB"),
        "timeout": Key(IntegerShape(1, 5400, "seconds"), "timeout in seconds"),
        "storage": Key(IntegerShape(512, 32768, "MB"), "storage of /tmp in MB"),
        "description": Key(TextShape(r".{0,256}", "up to 256 characters"), "description"),
        "environment": Key(
            ENVIRONMENT, "environment variables, merged with those that are there; 4 KB in all"
        ),
        "vpc": Key(
            RecordShape(
                {
                    "subnets": Key(
                        ListOf(TextShape(r"subnet-[0-9a-z]+", "a subnet's id")),
                        "subnets; [] for none",
                    ),
                    "security-groups": Key(
                        ListOf(TextShape(r"sg-[0-9a-z]+", "a security group's id")),
                        "security groups",
                    ),
                }
            ),
            "network that the function is in",
        ),
        "tracing": Key(ChoiceShape(("active", "pass-through")), "X-Ray tracing"),
        "logging": Key(
            RecordShape(
                {
                    "format": Key(ChoiceShape(("text", "json")), "of the log"),
                    "level": Key(ChoiceShape(LEVELS), "of the application's log; with json only"),
                    "system-level": Key(
                        ChoiceShape(LEVELS[1:4]), "of Lambda's own; with json only"
                    ),
                    "group": Key(TextShape(r"[A-Za-z0-9_./#-]{1,512}", "a log group"), "log group"),
                }
            ),
            "where and how the function logs",
        ),
        "tags": Key(
            MapOf(TextShape(".{0,256}"), r".{1,128}", "a tag"), "tags, added to those there"
        ),
        "url": Key(ChoiceShape(("public", "iam")), "function URL on the alias, open or IAM-signed"),
        "tests": Key(ListOf(TextShape(NAME, "a test's name")), "tests, in order"),
        "canary": Key(CANARY, "let a part of the users' calls try the new version first"),
        "keep": Key(
            IntegerShape(1, 1000, "versions"),
            "versions that stay after a release, with their images; default all",
        ),
    },
    one_of=("image", "zip"),
)

# Logs API, PutRetentionPolicy: retentionInDays
RETENTION = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400),
    *(545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
LOGICAL_ID = r"[A-Za-z0-9]{1,255}"

STACK = RecordShape(
    {
        "template": Key(PATH, "SAM or CloudFormation template", required=True),
        "name": Key(
            TextShape(r"[A-Za-z][A-Za-z0-9-]{0,127}", "a stack's name"),
            "name of the stack; default stack_name of samconfig.toml",
        ),
        "samconfig": Key(
            TextShape(r"[A-Za-z0-9_-]+", "an environment of samconfig.toml"),
            "which environment of the samconfig.toml beside the template is read; default default",
        ),
        "parameters": Key(STRINGS, "parameters of the template, before those of samconfig.toml"),
        "capabilities": Key(
            ListOf(
                ChoiceShape(("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")),
            ),
            "what the template may do, as CloudFormation calls it",
        ),
        "tags": Key(MapOf(TextShape(".{0,256}"), r".{1,128}", "a tag"), "tags of the stack"),
        "role": Key(
            TextShape(ROLE, "the ARN of an IAM role"),
            "role that CloudFormation assumes; default the permissions of the deployer",
        ),
        "tests": Key(
            MapOf(
                ListOf(TextShape(NAME, "a test's name")), LOGICAL_ID, "the logical id of a function"
            ),
            "tests of functions, by their logical ids",
        ),
        "may-replace": Key(
            ListOf(TextShape(rf"{LOGICAL_ID}(/{LOGICAL_ID})*", "the logical id of a resource")),
            "resources with data that may be replaced or removed, by their logical ids; of those "
            "in a stack inside this one, STACK/RESOURCE",
        ),
        "alarms": Key(
            RecordShape(
                {
                    "errors": Key(IntegerShape(0, 10**6, "calls"), "failed calls in five minutes"),
                    "throttles": Key(
                        IntegerShape(0, 10**6, "calls"), "refused calls in five minutes"
                    ),
                    "duration": Key(PercentShape(), "part of the function's timeout"),
                    "notify": Key(
                        TextShape(TOPIC, "the ARN of an SNS topic"),
                        "where alarms are sent",
                    ),
                }
            ),
            "alarms of every function, which go off above these",
        ),
        "log-retention": Key(IntegerShape(1, 3653, "days"), "days that logs of functions are kept"),
    }
)

ROOT = RecordShape(
    {
        "regions": Key(
            ListOf(TextShape(wanted="a region")), "regions to deploy to; default the region input"
        ),
        "builder": Key(
            TextShape(r"[A-Za-z0-9_.-]+", "the name of a builder"),
            "buildx builder of images (remote, Kubernetes, …); default the best that runs",
        ),
        "artifacts": Key(
            RecordShape(
                {
                    "bucket": Key(
                        BUCKET,
                        "bucket of the function's region; {region} in it is filled in",
                        required=True,
                    ),
                    "create": Key(
                        ChoiceShape(("true", "false")), "create it when absent; default false"
                    ),
                    "owner": OWNER,
                }
            ),
            "where zips go that are too large for an API call (50 MB), and those of a stack",
        ),
        "bases": Key(MapOf(BASE, NAME, "a base's name"), "base images"),
        "layers": Key(MapOf(LAYER, LAYER_NAME, "a layer's name"), "dependency layers"),
        "functions": Key(
            MapOf(FUNCTION, NAME, "a function name (letters, digits, - and _, at most 64)"),
            "functions",
        ),
        "stack": Key(STACK, "functions that live in a SAM or CloudFormation template"),
        "tests": Key(MapOf(TEST, NAME, "a test's name"), "tests, named by functions"),
        "budgets": Key(
            RecordShape(
                {
                    "code": Key(
                        QuantityShape("size"), "largest unzipped size of a function's code"
                    ),
                    "layer": Key(QuantityShape("size"), "largest unzipped size of each layer"),
                    "total": Key(QuantityShape("size"), "largest unzipped size of code and layers"),
                    "cold-start": Key(
                        QuantityShape("duration"), "longest initialisation, measured"
                    ),
                }
            ),
            "budgets: of sizes, checked before anything is uploaded, and of the cold start",
        ),
    },
    one_of=("functions", "stack"),
)


# The sections whose entries the user names.
SECTIONS = {"bases": BASE, "layers": LAYER, "functions": FUNCTION, "tests": TEST}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of lambda-deploy.yml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FILE,
        **ROOT.json_schema(),
    }

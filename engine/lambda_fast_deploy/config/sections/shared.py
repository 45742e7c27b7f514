"""Shapes and keys that several sections have."""

from __future__ import annotations

from lambda_fast_deploy.models.runtime import FAMILIES, LAYER_RUNTIMES, RUNTIMES
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import ChoiceShape, KnownShape, ListOf, MapOf, TextShape

RUNTIME = KnownShape(
    RUNTIMES,
    "|".join(family.pattern for family in FAMILIES),
    "a Lambda runtime such as python3.13, java25 or provided.al2023",
)
LAYER_RUNTIME = ChoiceShape(LAYER_RUNTIMES)
ARCHITECTURE = Key(ChoiceShape(("x86_64", "arm64")), "instruction set", default="x86_64")

PATH = TextShape(expected="a path")
NAME = r"[A-Za-z0-9_-]{1,64}"
BUCKET = TextShape(r"[a-z0-9{][a-z0-9.{}-]{1,61}[a-z0-9}]", "a bucket name")
ROLE = TextShape(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", "the ARN of an IAM role")
STRINGS = MapOf(TextShape(".*"), r"[A-Za-z_][A-Za-z0-9_]*", "a variable name")
TEST_NAMES = ListOf(TextShape(NAME, "a test's name"))
STACK_NAME = TextShape(r"[A-Za-z][A-Za-z0-9-]{0,127}", "a stack's name")
CAPABILITIES = ListOf(
    ChoiceShape(("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"))
)
BUILD = RecordShape(
    {
        "command": Key(
            ListOf(TextShape(r"[^\0]+", "an argument")),
            "program and arguments, run in the directory of this file",
            required=True,
        ),
        "from": Key(
            ListOf(PATH),
            "files and directories that it builds from",
            otherwise="all that git tracks below this file",
        ),
        "env": Key(
            ListOf(TextShape(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")),
            "environment variables that count as sources; also the only credentials that it gets",
            otherwise="none",
        ),
    }
)
TAG = TextShape(".{0,256}")
# "aws:" belongs to AWS in any case of letters (Lambda developer guide, "Tag naming").
TAGS = MapOf(
    TAG,
    r"(?![aA][wW][sS]:|lambda-fast-deploy:).{1,128}",
    "a tag of up to 128 characters, not of AWS (aws:) or of this project (lambda-fast-deploy:)",
)

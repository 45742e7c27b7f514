"""Shapes and keys that several sections have."""

from __future__ import annotations

from lambda_fast_deploy.models.runtime import LAYER_RUNTIMES, OTHER_RUNTIMES, RUNTIMES
from lambda_fast_deploy.schema.records import Key
from lambda_fast_deploy.schema.shapes import ChoiceShape, ListOf, MapOf, TextShape

_ELSEWHERE = "; for other runtimes use a stack (template) or an image"
RUNTIME = ChoiceShape(RUNTIMES, OTHER_RUNTIMES, _ELSEWHERE)
LAYER_RUNTIME = ChoiceShape(LAYER_RUNTIMES, OTHER_RUNTIMES, _ELSEWHERE)
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
TAG = TextShape(".{0,256}")
TAGS = MapOf(TAG, r".{1,128}", "a tag")

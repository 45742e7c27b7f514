"""Shapes and keys that several sections have."""

from __future__ import annotations

from lambda_fast_deploy.config.records import Key
from lambda_fast_deploy.config.shapes import ChoiceShape, ListOf, MapOf, TextShape

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
ARCHITECTURE = Key(ChoiceShape(("x86_64", "arm64")), "instruction set", default="x86_64")

PATH = TextShape(wanted="a path")
NAME = r"[A-Za-z0-9_-]{1,64}"
BUCKET = TextShape(r"[a-z0-9{][a-z0-9.{}-]{1,61}[a-z0-9}]", "a bucket name")
ROLE = TextShape(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", "the ARN of an IAM role")
STRINGS = MapOf(TextShape(".*"), r"[A-Za-z_][A-Za-z0-9_]*", "a variable name")
TEST_NAMES = ListOf(TextShape(NAME, "a test's name"))
STACK_NAME = TextShape(r"[A-Za-z][A-Za-z0-9-]{0,127}", "a stack's name")
CAPABILITIES = ListOf(
    ChoiceShape(("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"))
)
TAGS = MapOf(TextShape(".{0,256}"), r".{1,128}", "a tag")

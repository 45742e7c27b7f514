"""Functions: their package and their configuration.

The bounds are those of the Lambda API reference (``CreateFunction``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.config.function_tests import named_tests, read_canary
from lambda_fast_deploy.config.sections.environment import ENVIRONMENT
from lambda_fast_deploy.config.sections.images import IMAGE, read_image
from lambda_fast_deploy.config.sections.shared import (
    ARCHITECTURE,
    ROLE,
    TAGS,
    TEST_NAMES,
)
from lambda_fast_deploy.config.sections.zips import ZIP, read_zip
from lambda_fast_deploy.config.test_keys import CANARY
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.models import (
    LATEST,
    Architecture,
    Base,
    Canary,
    Configuration,
    Function,
    FunctionTest,
    PublishedLayer,
)
from lambda_fast_deploy.models.attribute_kinds import Attribute
from lambda_fast_deploy.models.function_attributes import CONFIGURABLE, SETTINGS
from lambda_fast_deploy.models.function_settings import FunctionSetting
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import ChoiceShape, IntegerShape, ListOf, TextShape

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")

FUNCTION = RecordShape(
    {
        "image": Key(IMAGE, "package as a container image"),
        "zip": Key(ZIP, "package as a zip, with dependencies in layers"),
        "architecture": ARCHITECTURE,
        "role": Key(
            ROLE,
            "execution role; required to create the function",
        ),
        "alias": Key(
            TextShape(r"(?!\d+$)[A-Za-z0-9_-]{1,128}|\$LATEST", "an alias name"),
            "alias to point at the new version; $LATEST deploys without versions",
            default="live",
        ),
        # The bounds of the API; if an account's are lower, Lambda reports that.
        "memory": Key(IntegerShape(128, 32768, "MB"), "memory in MB"),
        "timeout": Key(IntegerShape(1, 5400, "seconds"), "timeout in seconds"),
        "storage": Key(IntegerShape(512, 32768, "MB"), "storage of /tmp in MB"),
        "description": Key(TextShape(r".{0,256}", "up to 256 characters"), "description"),
        "environment": Key(
            ENVIRONMENT, "environment variables, merged with the existing ones; at most 4 KB"
        ),
        "vpc": Key(
            RecordShape(
                {
                    "subnets": Key(
                        ListOf(TextShape(r"subnet-[0-9a-z]+", "a subnet's id")),
                        "subnets; [] removes the function from the VPC",
                    ),
                    "security-groups": Key(
                        ListOf(TextShape(r"sg-[0-9a-z]+", "a security group's id")),
                        "security groups",
                    ),
                }
            ),
            "VPC of the function",
        ),
        "tracing": Key(ChoiceShape(("active", "pass-through")), "X-Ray tracing"),
        "logging": Key(
            RecordShape(
                {
                    "format": Key(ChoiceShape(("text", "json")), "format of the log"),
                    "level": Key(
                        ChoiceShape(LEVELS), "level of the application's log; only with json"
                    ),
                    "system-level": Key(
                        ChoiceShape(LEVELS[1:4]), "level of Lambda's system log; only with json"
                    ),
                    "group": Key(TextShape(r"[A-Za-z0-9_./#-]{1,512}", "a log group"), "log group"),
                }
            ),
            "logging of the function",
        ),
        "tags": Key(TAGS, "tags, added to the existing ones"),
        "url": Key(
            ChoiceShape(("public", "iam")), "function URL on the alias, public or signed with IAM"
        ),
        "tests": Key(TEST_NAMES, "names of its tests, in order"),
        "canary": Key(CANARY, "send a share of the traffic to the new version first"),
        "keep": Key(
            IntegerShape(1, 1000, "versions"),
            "number of versions to keep after a deploy, with their images",
            otherwise="all",
        ),
    },
    one_of=("image", "zip"),
)


def read_function(
    checked: ValidatedDocument,
    name: str,
    value: dict[str, Any],
    bases: Mapping[str, Base],
    layers: Mapping[str, PublishedLayer],
    available: Mapping[str, FunctionTest],
) -> Function:
    """A function, from checked values; ``bases``, ``layers`` and ``available`` tests by name."""
    path = ("functions", name)
    value = FUNCTION.completed(value)
    architecture = Architecture(value["architecture"])
    tests = named_tests(checked, value.get("tests", []), available, *path, "tests")
    return Function(
        name=name,
        source=(
            read_image(checked, name, value["image"], architecture, bases)
            if "image" in value
            else read_zip(checked, name, value["zip"], architecture, layers)
        ),
        architecture=architecture,
        role=value.get("role"),
        alias=value["alias"],
        configuration=_configuration(checked, value, *path),
        url=value.get("url"),
        tests=tuple(tests),
        canary=_canary(checked, value, *path),
        keep=value.get("keep"),
        place=checked.at(*path),
    )


def _canary(checked: ValidatedDocument, value: dict[str, Any], *path: str) -> Canary | None:
    if value["alias"] == LATEST:
        for key in {"canary", "keep", "url"} & value.keys():
            checked.problem(f"{key} requires an alias other than {LATEST}", *path, key)
    if "canary" not in value:
        return None
    return read_canary(value["canary"], checked.at(*path, "canary"))


def _configuration(
    checked: ValidatedDocument, value: Mapping[str, Any], *path: str
) -> Configuration:
    logging = value.get("logging", {})
    if logging.get("format") != "json":  # API: LoggingConfig
        for key in ("level", "system-level"):
            if key in logging:
                checked.problem(f"{key} requires format: json", *path, "logging", key)
    rows: tuple[Attribute | FunctionSetting, ...] = (*CONFIGURABLE, *SETTINGS)
    return Configuration(**{r.name: r.read(value[r.key]) for r in rows if r.key in value})

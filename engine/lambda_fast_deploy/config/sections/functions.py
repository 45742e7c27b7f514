"""Functions: their package and their configuration.

The bounds are those of the Lambda API reference (``CreateFunction``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.config.function_tests import named_tests, read_canary
from lambda_fast_deploy.config.sections.also import ALSO, read_also
from lambda_fast_deploy.config.sections.attributes import (
    ALARMS,
    ASYNC,
    CONCURRENCY,
    DEAD_LETTERS,
    FILE_SYSTEMS,
    FUNCTION_TAGS,
    KMS_KEY,
    LOGGING,
    TRUTH,
    URL,
    VPC,
    check_attributes,
    read_url,
)
from lambda_fast_deploy.config.sections.environment import ENVIRONMENT
from lambda_fast_deploy.config.sections.images import IMAGE, read_image
from lambda_fast_deploy.config.sections.shared import (
    ARCHITECTURE,
    ROLE,
    TEST_NAMES,
)
from lambda_fast_deploy.config.sections.zips import ZIP, read_zip
from lambda_fast_deploy.config.test_keys import CANARY
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.models import (
    Architecture,
    Base,
    Canary,
    Configuration,
    Function,
    FunctionTest,
    PublishedLayer,
)
from lambda_fast_deploy.models.attribute import Attribute
from lambda_fast_deploy.models.function_attributes import CONFIGURABLE, SETTINGS
from lambda_fast_deploy.models.function_settings import FunctionSetting
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import ChoiceShape, IntegerShape, TextShape

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
            ENVIRONMENT,
            "environment variables, merged with the existing ones; null removes one; at most 4 KB",
        ),
        "vpc": Key(VPC, "VPC of the function"),
        "tracing": Key(ChoiceShape(("active", "pass-through")), "X-Ray tracing"),
        "logging": Key(LOGGING, "logging of the function"),
        "alarms": Key(
            ALARMS, "CloudWatch alarms of the function; {} deletes those that a deploy has made"
        ),
        "concurrency": Key(CONCURRENCY, "reserved and provisioned concurrency"),
        "async": Key(
            ASYNC, "asynchronous invocations of the alias; what is not given stays as it is"
        ),
        "recursive-loop": Key(
            ChoiceShape(("terminate", "allow")), "events that the function sends to itself"
        ),
        "snap-start": Key(
            TRUTH, "start from a snapshot of each version (SnapStart); needs an alias"
        ),
        "file-systems": Key(
            FILE_SYSTEMS, "access points of file systems by their paths; {} removes them"
        ),
        "dead-letters": Key(DEAD_LETTERS, "queue or topic for events that fail; none removes it"),
        "environment-key": Key(KMS_KEY, "KMS key of the environment variables; none for AWS's own"),
        "also": Key(ALSO, "further parameters of CreateFunction and UpdateFunctionConfiguration"),
        "tags": Key(FUNCTION_TAGS, "tags, added to the existing ones; null removes one"),
        "url": Key(
            URL, "function URL on the alias, public or signed with IAM; none deletes it for good"
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
        url=read_url(value["url"]) if "url" in value else None,
        tests=tuple(tests),
        canary=_canary(checked, value, *path),
        keep=value.get("keep"),
        place=checked.at(*path),
    )


def _canary(checked: ValidatedDocument, value: dict[str, Any], *path: str) -> Canary | None:
    if "canary" not in value:
        return None
    return read_canary(value["canary"], checked.at(*path, "canary"))


def _configuration(
    checked: ValidatedDocument, value: Mapping[str, Any], *path: str
) -> Configuration:
    check_attributes(checked, value, *path)
    rows: tuple[Attribute | FunctionSetting, ...] = (*CONFIGURABLE, *SETTINGS)
    given = {**value, **_in_sections(value)}
    return Configuration(
        **{r.name: r.read(given[r.key]) for r in rows if r.key in given},
        also=read_also(checked, value["also"], *path, "also") if "also" in value else {},
    )


def _in_sections(value: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of sections, such as ``concurrency.reserved``."""
    return {
        f"{section}.{key}": each
        for section in ("concurrency", "logging")
        for key, each in value.get(section, {}).items()
    }

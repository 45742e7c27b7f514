"""A stack, from the configuration and from samconfig.toml beside its template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.config.function_tests import named_tests
from lambda_fast_deploy.config.samconfig import DEFAULT, SamConfig, read_samconfig
from lambda_fast_deploy.config.samconfig import FILE as SAMCONFIG
from lambda_fast_deploy.config.sections.shared import (
    CAPABILITIES,
    PATH,
    ROLE,
    STACK_NAME,
    STRINGS,
    TAGS,
    TEST_NAMES,
)
from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models import Alarms, FunctionTest, Stack
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import IntegerShape, ListOf, MapOf, PercentShape, TextShape

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

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
            STACK_NAME,
            "name of the stack",
            otherwise=f"stack_name of {SAMCONFIG}",
        ),
        "samconfig": Key(
            TextShape(r"[A-Za-z0-9_-]+", "an environment of samconfig.toml"),
            f"which environment of the {SAMCONFIG} beside the template is read",
            otherwise=DEFAULT,
        ),
        "parameters": Key(STRINGS, "parameters of the template, before those of samconfig.toml"),
        "capabilities": Key(
            CAPABILITIES,
            "what the template may do, as CloudFormation calls it",
        ),
        "tags": Key(TAGS, "tags of the stack"),
        "role": Key(
            ROLE,
            "role that CloudFormation assumes",
            otherwise="the permissions of the deployer",
        ),
        "tests": Key(
            MapOf(TEST_NAMES, LOGICAL_ID, "the logical id of a function"),
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
                        TextShape(r"arn:aws[a-z-]*:sns:.+", "the ARN of an SNS topic"),
                        "where alarms are sent",
                    ),
                }
            ),
            "alarms of every function, which go off above these",
        ),
        "log-retention": Key(IntegerShape(1, 3653, "days"), "days that logs of functions are kept"),
    }
)


def read_stack(
    checked: ValidatedDocument, available: Mapping[str, FunctionTest]
) -> tuple[Stack | None, SamConfig]:
    """The stack, if one is asked for, and what samconfig.toml says besides."""
    value = checked.value("stack", None)
    if value is None:
        return None, SamConfig()
    for section in {"bases", "layers"} & checked.values.keys():
        checked.problem("is for functions; those of a stack have theirs in the template", section)
    template = checked.file(value["template"], "stack", "template")
    sam = read_samconfig(template.parent, value.get("samconfig", ""), checked.problems)
    name = value.get("name") or sam.stack_name
    if not name and sam.is_read:
        checked.problem(f"give the stack a name, here or as stack_name in {SAMCONFIG}", "stack")
    if sam.is_read and not (checked.values.get("artifacts") or sam.bucket):
        says = f"name a bucket for what is built: artifacts, or s3_bucket in {SAMCONFIG}"
        checked.problem(says, "stack")
    tests = {
        logical: tuple(named_tests(checked, names, available, "stack", "tests", logical))
        for logical, names in value.get("tests", {}).items()
    }
    retention = value.get("log-retention")
    if retention is not None and retention not in RETENTION:
        days = ", ".join(map(str, RETENTION))
        checked.problem(f"logs are kept for one of {days} days", "stack", "log-retention")
    return Stack(
        template=template,
        name=name,
        parameters={**sam.parameters, **value.get("parameters", {})},
        capabilities=tuple(dict.fromkeys([*sam.capabilities, *value.get("capabilities", [])])),
        tags={**sam.tags, **value.get("tags", {})},
        tests=tests,
        may_replace=tuple(value.get("may-replace", ())),
        alarms=Alarms(**value.get("alarms", {})),
        log_retention=retention,
        role=value.get("role") or sam.role,
        place=checked.at("stack"),
        places=_places(checked, value, sam, Place(str(template.parent / SAMCONFIG))),
    ), sam


def _places(
    checked: ValidatedDocument, value: Mapping[str, Any], sam: SamConfig, of_sam: Place
) -> dict[tuple[str, str], Place]:
    """Where each name is written that only the template can tell to be wrong."""
    places = {("parameters", name): of_sam for name in sam.parameters}
    for section in ("parameters", "tests"):
        for name in value.get(section, {}):
            places[section, name] = checked.at("stack", section, name)
    for index, name in enumerate(value.get("may-replace", ())):
        places["may-replace", name] = checked.at("stack", "may-replace", index)
    return places

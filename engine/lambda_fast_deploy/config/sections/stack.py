"""A stack, from the configuration and from the samconfig.toml of its template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.config.function_tests import named_tests
from lambda_fast_deploy.config.samconfig import DEFAULT, SamConfig, read_samconfig
from lambda_fast_deploy.config.samconfig import FILE as SAMCONFIG
from lambda_fast_deploy.config.sections.attributes import ALARMS, RETENTION
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
from lambda_fast_deploy.schema.shapes import IntegerShape, ListOf, MapOf, TextShape

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

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
            f"environment of {SAMCONFIG} to use",
            otherwise=DEFAULT,
        ),
        "samconfig-file": Key(
            PATH,
            "configuration file of the SAM CLI, in TOML or YAML",
            otherwise=f"{SAMCONFIG}, .yaml or .yml next to the template",
        ),
        "parameters": Key(
            STRINGS, f"parameters of the template; take precedence over those of {SAMCONFIG}"
        ),
        "capabilities": Key(
            CAPABILITIES,
            "CloudFormation capabilities to acknowledge",
        ),
        "tags": Key(TAGS, "tags of the stack"),
        "role": Key(
            ROLE,
            "role that CloudFormation assumes",
            otherwise="none, CloudFormation uses the permissions of the run",
        ),
        "tests": Key(
            MapOf(TEST_NAMES, LOGICAL_ID, "the logical id of a function"),
            "names of the tests of each function, by its logical id",
        ),
        "may-replace": Key(
            ListOf(TextShape(rf"{LOGICAL_ID}(/{LOGICAL_ID})*", "the logical id of a resource")),
            "logical ids of resources with data that a deploy may replace or remove; in a nested "
            "stack STACK/RESOURCE",
        ),
        "alarms": Key(
            ALARMS,
            "CloudWatch alarm thresholds for every function",
        ),
        "log-retention": Key(
            IntegerShape(1, 3653, "days"), "days to keep the logs of the functions"
        ),
    }
)


def read_stack(
    checked: ValidatedDocument, available: Mapping[str, FunctionTest]
) -> tuple[Stack | None, SamConfig]:
    """The stack, if the configuration has one, and the values of samconfig.toml."""
    value = checked.value("stack", None)
    if value is None:
        return None, SamConfig()
    for section in {"bases", "layers"} & checked.values.keys():
        checked.problem(f"{section} does not apply to stacks; use the template", section)
    template = checked.file(value["template"], "stack", "template")
    file = value.get("samconfig-file")
    other = checked.file(file, "stack", "samconfig-file") if file else None
    sam = read_samconfig(template.parent, value.get("samconfig", ""), checked.problems, other)
    name = value.get("name") or sam.stack_name
    if not name and sam.is_read:
        checked.problem(f"set name here or stack_name in {SAMCONFIG}", "stack")
    if sam.is_read and not (checked.values.get("artifacts") or sam.bucket):
        checked.problem(f"set a bucket: artifacts, or s3_bucket in {SAMCONFIG}", "stack")
    tests = {
        logical: tuple(named_tests(checked, names, available, "stack", "tests", logical))
        for logical, names in value.get("tests", {}).items()
    }
    retention = value.get("log-retention")
    if retention is not None and retention not in RETENTION:
        days = ", ".join(map(str, RETENTION))
        message = f"CloudWatch keeps logs for one of {days} days"
        checked.problem(message, "stack", "log-retention")
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
        places=_places(checked, value, sam),
        shared_parameters=frozenset(sam.parameters) - value.get("parameters", {}).keys(),
        repositories=sam.repositories,
    ), sam


def _places(
    checked: ValidatedDocument, value: Mapping[str, Any], sam: SamConfig
) -> dict[tuple[str, str], Place]:
    """The place of each name that must exist in the template."""
    places = {("parameters", name): sam.place for name in sam.parameters}
    for section in ("parameters", "tests"):
        for name in value.get(section, {}):
            places[section, name] = checked.at("stack", section, name)
    for index, name in enumerate(value.get("may-replace", ())):
        places["may-replace", name] = checked.at("stack", "may-replace", index)
    return places

"""A stack, from the configuration and from samconfig.toml beside its template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.config.function_tests import named_tests
from lambda_fast_deploy.config.keys import RETENTION
from lambda_fast_deploy.config.samconfig import FILE as SAMCONFIG
from lambda_fast_deploy.config.samconfig import SamConfig, read_samconfig
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models import Alarms, FunctionTest, Stack


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
    found = {("parameters", name): of_sam for name in sam.parameters}
    for section in ("parameters", "tests"):
        for name in value.get(section, {}):
            found[section, name] = checked.at("stack", section, name)
    for index, name in enumerate(value.get("may-replace", ())):
        found["may-replace", name] = checked.at("stack", "may-replace", index)
    return found

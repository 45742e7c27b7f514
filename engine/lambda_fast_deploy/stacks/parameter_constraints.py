"""The constraints of a template on a parameter's value (CloudFormation user guide, "Parameters").

Only certain errors are reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.stacks.allowed_pattern import may_match

_LISTS = ("CommaDelimitedList", "List<")


def problem_with(value: str, parameter: Mapping[str, Any], *, is_hidden: bool) -> str:
    """Why the value of a parameter is not valid; empty if it is.

    Args:
        value: of the parameter.
        parameter: its declaration in the template.
        is_hidden: whether messages must not contain the value.
    """
    kind = str(parameter.get("Type", "String"))
    if "AWS::SSM::" in kind or value.startswith("{{resolve:"):
        return ""  # this is a reference to the value
    is_list = kind.startswith(_LISTS)
    for each in map(str.strip, value.split(",")) if is_list else [value]:
        if problem := _violation(each, parameter, kind, is_hidden):
            return f"{'its value' if is_hidden else repr(each)} {problem}"
    return ""


def _violation(value: str, parameter: Mapping[str, Any], kind: str, is_hidden: bool) -> str:
    allowed = parameter.get("AllowedValues")
    if isinstance(allowed, list) and not any(_is(value, each) for each in allowed):
        words = [text_of(each) for each in allowed]
        near = "" if is_hidden else nearest(value, words)
        return f"is not one of its AllowedValues{near}"
    pattern = parameter.get("AllowedPattern")
    if isinstance(pattern, str) and not may_match(value, pattern):
        return f"does not match its AllowedPattern {pattern}"
    if kind == "Number":
        number = _number(value)
        if number is None:
            return "is not a number"
        return _bounds(number, parameter, "Value", "is")
    if kind == "String":
        return _bounds(len(value), parameter, "Length", "has a length")
    return ""


def _bounds(size: float, parameter: Mapping[str, Any], of: str, verb: str) -> str:
    low, high = (_number(str(parameter.get(f"{end}{of}"))) for end in ("Min", "Max"))
    if low is not None and size < low:
        return f"{verb} below its Min{of} {low:g}"
    if high is not None and size > high:
        return f"{verb} above its Max{of} {high:g}"
    return ""


def _is(value: str, allowed: Any) -> bool:
    """Whether a value is an allowed one, which YAML may have parsed as a number or a boolean."""
    if isinstance(allowed, bool):
        return value.lower() in (("true", "yes", "on") if allowed else ("false", "no", "off"))
    if isinstance(allowed, (int, float)):
        return _number(value) == allowed
    return value == str(allowed)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def text_of(value: Any) -> str:
    """A value of a template as the text of a parameter."""
    return str(value).lower() if isinstance(value, bool) else str(value)

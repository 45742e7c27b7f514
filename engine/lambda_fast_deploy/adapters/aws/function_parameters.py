"""The parameters of functions in the SDK's model of the Lambda API."""

from __future__ import annotations

import re
from typing import Any

from botocore.session import Session
from botocore.validate import ParamValidator

# Required parameters of CreateFunction, for a check of one of the others.
_REQUIRED = {"FunctionName": "name", "Role": "role", "Code": {}}


class FunctionParameters:
    """The parameters of ``CreateFunction`` and ``UpdateFunctionConfiguration``."""

    def __init__(self) -> None:
        model = Session().get_service_model("lambda")
        operations = ("UpdateFunctionConfiguration", "CreateFunction")
        self._shapes = [model.operation_model(name).input_shape for name in operations]

    @property
    def names(self) -> frozenset[str]:
        """All names."""
        return frozenset(name for shape in self._shapes for name in shape.members)

    def typed(self, name: str, value: Any) -> Any:
        """A value with the types of the API, because ``${NAME}`` is always text."""
        return _typed(value, self._of(name).members[name])

    def problem(self, name: str, value: Any) -> str:
        """What is wrong with a value, or ``""``."""
        shape = self._of(name)
        given = {**_REQUIRED, name: value}
        report = ParamValidator().validate(
            {key: given[key] for key in (*shape.required_members, name)}, shape
        )
        text = re.sub(r", type: <class '\w+'>", "", report.generate_report())
        return "; ".join(re.sub(r"<class '(\w+)'>", r"\1", text).splitlines())

    def _of(self, name: str) -> Any:
        return next(shape for shape in self._shapes if name in shape.members)


def _typed(value: Any, shape: Any) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members = shape.members
        return {k: _typed(v, members[k]) if k in members else v for k, v in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_typed(each, shape.member) for each in value]
    if kind in ("integer", "long") and isinstance(value, str) and value.isdecimal():
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value

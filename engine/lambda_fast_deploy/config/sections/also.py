"""Parameters of the Lambda API by its own names, checked against the SDK's model of the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.models.function_attributes import ATTRIBUTES
from lambda_fast_deploy.models.other_attributes import ONLY_AT_CREATION
from lambda_fast_deploy.schema.shapes import AnyValue, MapOf
from lambda_fast_deploy.schema.yaml_lines import nearest

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

ALSO = MapOf(AnyValue(), r"[A-Z][A-Za-z0-9]+", "a parameter of the Lambda API")

# Parameters that keys of their own set, or that a run sets itself, with the reason.
_OWN = {
    **{attribute.member: f"set {attribute.key}" for attribute in ATTRIBUTES},
    "Architectures": "set architecture",
    "Code": "set zip or image",
    "Handler": "set zip.handler",
    "Layers": "set zip.layers",
    "Runtime": "set zip.runtime",
    "Tags": "set tags",
    "CodeSigningConfigArn": "this project does not sign code",
    **dict.fromkeys(("FunctionName", "PackageType", "RevisionId"), "each run sets it"),
    **dict.fromkeys(("Publish", "PublishTo"), "set alias"),
}
# Required parameters of CreateFunction, for a check of the others.
_REQUIRED = {"FunctionName": "name", "Role": "role", "Code": {}}


def read_also(
    checked: ValidatedDocument, value: Mapping[str, Any], *path: str | int
) -> Mapping[str, Any]:
    """The parameters with the types of the API; adds their problems.

    Args:
        checked: the document.
        value: the parameters, with a right shape.
        path: of the parameters.
    """
    from botocore.session import Session  # only this key needs the model before AWS is called
    from botocore.validate import ParamValidator

    model = Session().get_service_model("lambda")
    create = model.operation_model("CreateFunction").input_shape
    update = model.operation_model("UpdateFunctionConfiguration").input_shape
    members = {**create.members, **update.members}
    given: dict[str, Any] = {}
    for member, plain in value.items():
        if member in _OWN:
            checked.problem(f"{member}: {_OWN[member]} instead", *path, member)
        elif member not in members:
            free = set(members) - set(_OWN)
            checked.problem(f"{member}: unknown parameter{nearest(member, free)}", *path, member)
        else:
            given[member] = _typed(plain, members[member])
            shape = create if member in ONLY_AT_CREATION else update
            parameters = {**_REQUIRED, member: given[member]}
            required = {name: parameters[name] for name in (*shape.required_members, member)}
            report = ParamValidator().validate(required, shape)
            if report.has_errors():
                reason = re.sub(r", type: <class '(\w+)'>", "", report.generate_report())
                reason = re.sub(r"<class '(\w+)'>", r"\1", reason)
                checked.problem("; ".join(reason.splitlines()), *path, member)
    return given


def _typed(value: Any, shape: Any) -> Any:
    """A value with the type of the API, because ``${NAME}`` is always text."""
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

"""Parameters of the Lambda API by its own names, checked against the SDK's model of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.models.function_attributes import ATTRIBUTES
from lambda_fast_deploy.schema.shapes import AnyValue, MapOf
from lambda_fast_deploy.schema.yaml_lines import nearest

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

ALSO = MapOf(AnyValue(), r"[A-Z][A-Za-z0-9]+", "a parameter of the Lambda API")

# Parameters that other keys set, or that a run sets itself, with what to do.
_OWN = {
    **{attribute.member: f"set {attribute.key}" for attribute in ATTRIBUTES},
    "Architectures": "set architecture",
    "Code": "set zip or image",
    "Handler": "set zip.handler",
    "ImageConfig": "set command, entrypoint or workdir of image",
    "Layers": "set zip.layers",
    "Runtime": "set zip.runtime",
    "Tags": "set tags",
    "CodeSigningConfigArn": "this project does not sign code",
    **dict.fromkeys(("FunctionName", "PackageType", "RevisionId"), "each run sets it"),
    **dict.fromkeys(("Publish", "PublishTo"), "set alias"),
}


def read_also(
    checked: ValidatedDocument, value: Mapping[str, Any], *path: str | int
) -> Mapping[str, Any]:
    """The parameters with the types of the API; adds their problems.

    Args:
        checked: the document.
        value: the parameters, with a right shape.
        path: of the parameters.
    """
    # Only this key needs the SDK's model.
    from lambda_fast_deploy.adapters.aws.function_parameters import FunctionParameters

    api, typed = FunctionParameters(), {}
    for name, plain in value.items():
        if name in _OWN:
            checked.problem(f"{name}: {_OWN[name]} instead", *path, name)
        elif name not in api.names:
            near = nearest(name, api.names - _OWN.keys())
            checked.problem(f"{name}: unknown parameter{near}", *path, name)
        else:
            typed[name] = api.typed(name, plain)
            if problem := api.problem(name, typed[name]):
                checked.problem(problem, *path, name)
    return typed

"""What CloudFormation makes of a packaged template: nested macros, zips, images, allowed values.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html
"""

from __future__ import annotations

import contextvars
import io
import zipfile
from collections.abc import Callable
from typing import Any

from ministack.services import cloudformation, lambda_svc
from ministack.services.cloudformation import changesets, engine, handlers, provisioners

from lab.emulator import images

# The words of Lambda, as MiniStack's own API has them, and of AppSync.
_NO_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
_NO_ADDRESS = "The provided S3 location is not valid"

_parse_template = engine._parse_template
_resolve_parameters = engine._resolve_parameters
_update_resource = provisioners._update_resource
_nested_stack_deploy = provisioners._cfn_nested_stack_deploy
# The parameters of the nested stack whose template is read.
_nested: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar(
    "nested", default=None
)


def nested_stack_deploy(logical: str, props: dict[str, Any], *rest: Any, **named: Any) -> Any:
    """Create or update a nested stack, whose template may have macros of its own."""
    token = _nested.set(props.get("Parameters") or {})
    try:
        return _nested_stack_deploy(logical, props, *rest, **named)
    finally:
        _nested.reset(token)


def update_resource(
    kind: str, physical: str, old: Any, new: Any, name: str, logical: str, known: Any = None
) -> Any:
    """Update a resource; one of a nested stack that does not differ stays, with its attributes."""
    if known is None:
        resources = cloudformation._stacks.get(name, {}).get("_resources", {})
        known = resources.get(logical, {}).get("Attributes")
        if old == new and known and not kind.startswith(("Custom::", "AWS::CloudFormation::")):
            return physical, known
    return _update_resource(kind, physical, old, new, name, logical, known)


def parse_template(*given: Any, **named: Any) -> Any:
    """Read a template; that of a nested stack is expanded at once."""
    template = _parse_template(*given, **named)
    parameters = _nested.get()
    if parameters is None:
        return template
    _nested.set(None)  # its own nested stacks are expanded when they are created
    listed = [{"Key": key, "Value": str(value)} for key, value in parameters.items()]
    expanded = engine._apply_transforms(template, listed)
    if isinstance(expanded, engine._TransformFailed):
        raise ValueError(str(expanded))
    return expanded


def resolve_parameters(template: dict[str, Any], *rest: Any, **named: Any) -> Any:
    """The values of parameters; a boolean of YAML or JSON is the text true or false.

    https://github.com/aws-ia/taskcat/issues/627 (``AllowedValues: [false, true]``)
    """
    parameters = {
        name: {**each, **_as_text(each)} if isinstance(each, dict) else each
        for name, each in (template.get("Parameters") or {}).items()
    }
    body = {**template, "Parameters": parameters} if parameters else template
    return _resolve_parameters(body, *rest, **named)


def _as_text(parameter: dict[str, Any]) -> dict[str, Any]:
    def text(value: Any) -> Any:
        return str(value).lower() if isinstance(value, bool) else value

    found: dict[str, Any] = {}
    if isinstance(allowed := parameter.get("AllowedValues"), list):
        found["AllowedValues"] = [text(each) for each in allowed]
    if "Default" in parameter:
        found["Default"] = text(parameter["Default"])
    return found


def _check_function(props: dict[str, Any]) -> None:
    code = props.get("Code") or {}
    if "ImageUri" in code:
        _, refused = images.digest_of(str(code["ImageUri"]))
        if refused:
            raise ValueError(str(refused[2]))
    _check_zip(code)


def _check_layer(props: dict[str, Any]) -> None:
    _check_zip(props.get("Content") or {})


def _check_zip(code: dict[str, Any]) -> None:
    if "S3Key" not in code:
        return
    content = lambda_svc._fetch_code_from_s3(code["S3Bucket"], code["S3Key"])
    if content is not None and not zipfile.is_zipfile(io.BytesIO(content)):
        raise ValueError(_NO_ZIP)


def _check_schema(props: dict[str, Any]) -> None:
    location = props.get("DefinitionS3Location")
    if location is not None and not str(location).startswith("s3://"):
        raise ValueError(_NO_ADDRESS)


def _checked(operation: Callable[..., Any], check: Callable[[dict[str, Any]], None]) -> Any:
    """An operation on a resource, whose last mapping is its properties, after a check of these."""

    def run(*given: Any, **named: Any) -> Any:
        check([each for each in given if isinstance(each, dict)][-1])
        return operation(*given, **named)

    return run


def teach() -> None:
    """Install every behaviour of this module."""
    engine._parse_template = parse_template
    for module in (engine, handlers, changesets):
        module._resolve_parameters = resolve_parameters
    provisioners._update_resource = update_resource
    provisioners._cfn_nested_stack_deploy = nested_stack_deploy
    for kind, check in (
        ("AWS::Lambda::Function", _check_function),
        ("AWS::Lambda::LayerVersion", _check_layer),
        ("AWS::AppSync::GraphQLSchema", _check_schema),
    ):
        operations = provisioners._RESOURCE_HANDLERS[kind]
        for name in ("create", "update"):
            if name in operations:
                operations[name] = _checked(operations[name], check)

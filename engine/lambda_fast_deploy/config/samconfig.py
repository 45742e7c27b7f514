"""What samconfig.toml says of a deployment (AWS SAM developer guide, "SAM CLI configuration file").

A team that deploys by the SAM CLI has its stack's name, bucket and parameters there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.files import is_there, read_text
from lambda_fast_deploy.config.sections.shared import BUCKET, CAPABILITIES, STACK_NAME, TAGS
from lambda_fast_deploy.config.toml import parse_toml
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.schema.shapes import Shape, TextShape
from lambda_fast_deploy.schema.yaml_lines import YamlNode, nodes_of

FILE = "samconfig.toml"
DEFAULT = "default"
MANAGED = "aws-sam-cli-managed-default"  # the stack in which the SAM CLI keeps a bucket of its own


@dataclass(frozen=True, slots=True)
class SamConfig:
    """The values that a deployment needs; empty where the file says nothing.

    ``bucket`` is ``MANAGED`` where the SAM CLI was to find one by itself (``resolve_s3``). What a
    file would say that is not ``read``, because something is wrong with it, nobody knows.
    """

    stack_name: str = ""
    bucket: str = ""
    region: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    is_read: bool = True


_UNREAD = SamConfig(is_read=False)


def read_samconfig(folder: Path, environment: str, problems: list[Problem]) -> SamConfig:
    """Read the file beside a template.

    Args:
        folder: where the template is.
        environment: the environment that was asked for, or nothing for the default one, which
            need not be there.
        problems: takes what is wrong.
    """
    path = folder / FILE
    if not is_there(path):
        if environment:
            says = f"there is no {FILE} beside the template, and so no {environment} in it"
            problems.append(Problem(says, Place("samconfig")))
            return _UNREAD
        return SamConfig()
    place = Place(str(path))
    try:
        document = parse_toml(read_text(path), path)
    except Invalid as error:
        problems += error.problems
        return _UNREAD
    if environment and environment not in document:
        environments = ", ".join(key for key, value in document.items() if isinstance(value, dict))
        problems.append(Problem(f"no {environment!r}; there are: {environments}", place))
        return _UNREAD
    values = _deploy(document.get(environment or DEFAULT, {}))
    try:
        return _config(values, place, problems)
    except ValueError as error:  # a quote that nothing closes
        problems.append(Problem(f"not words as a shell has them: {error}", place))
        return _UNREAD


def _config(values: Mapping[str, Any], place: Place, problems: list[Problem]) -> SamConfig:
    def text(key: str, shape: Shape) -> str:
        if key not in values:
            return ""
        checked: str = shape.check(YamlNode(values[key], place, str(values[key]), key), problems)
        return checked

    config = SamConfig(
        stack_name=text("stack_name", STACK_NAME),
        bucket=text("s3_bucket", BUCKET) or (MANAGED if values.get("resolve_s3") is True else ""),
        region=text("region", TextShape()),
        parameters=_pairs(values.get("parameter_overrides", "")),
        capabilities=tuple(_words(values.get("capabilities", ""))),
        tags=_pairs(values.get("tags", "")),
        role=text("role_arn", TextShape()),
    )
    for key, shape in (("capabilities", CAPABILITIES), ("tags", TAGS)):
        listed = getattr(config, key)
        plain = list(listed) if isinstance(listed, tuple) else dict(listed)
        shape.check(replace(nodes_of(plain, place), name=key), problems)
    return config


def _deploy(table: Any) -> dict[str, Any]:
    """The parameters of ``deploy``, on top of those for all commands."""
    values: dict[str, Any] = {}
    for command in ("global", "deploy"):
        section = table.get(command, {}) if isinstance(table, dict) else {}
        parameters = section.get("parameters", {}) if isinstance(section, dict) else {}
        values |= parameters if isinstance(parameters, dict) else {}
    return values


def _words(value: Any) -> list[str]:
    """A list, or the words of a text as a shell has them."""
    import shlex

    return [str(each) for each in value] if isinstance(value, list) else shlex.split(str(value))


def _pairs(value: Any) -> dict[str, str]:
    """``Name=value`` each, or ``ParameterKey=Name,ParameterValue=value``."""
    if isinstance(value, dict):
        return {str(key): str(item) for key, item in value.items()}
    words = [word for each in value for word in _words(each)] if isinstance(value, list) else None
    pairs = {}
    for word in words if words is not None else _words(value):
        name, _, text = word.partition("=")
        if name == "ParameterKey":
            name, _, text = text.partition(",ParameterValue=")
        pairs[name] = text
    return pairs
